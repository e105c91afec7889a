package $package;

$imports
/**
 * One row of input for {@link ${prefix}Model}, its $count columns under their own names.
 *
 * <p>A missing value is NaN or null where the model was proven with missing values; everywhere else
 * it is refused.
 */
public final class ${prefix}Input {
  /** The columns as the model calls them. */
$columns
  // One letter a column: d double, f float, i int, l long, z boolean, s text.
  private static final String TYPES =
      $types;
  // One letter a column: y where a value may be missing.
  private static final String NULLABLE =
      $nullable;
  // The columns in the order in which the file takes them.
$order
  private static final Map<String, Integer> AT = new HashMap<>();
  private static final int[] POSITIONS = new int[ORDER.size()];

  static {
    for (int i = 0; i < COLUMNS.size(); i++) {
      AT.put(COLUMNS.get(i), i);
    }
    for (int i = 0; i < POSITIONS.length; i++) {
      POSITIONS[i] = AT.get(ORDER.get(i));
    }
  }

  private final double[] reals;
  private final long[] wholes;
  private final String[] texts;

  private ${prefix}Input(double[] reals, long[] wholes, String[] texts) {
    this.reals = reals;
    this.wholes = wholes;
    this.texts = texts;
  }

  /** A builder, which takes the columns by their own names and in any order. */
  public static Builder builder() {
    return new Builder();
  }

$put_code
  /** Collects one row. Every column must be given, also one whose value is missing. */
  public static final class Builder {
    private final double[] reals = new double[COLUMNS.size()];
    private final long[] wholes = new long[COLUMNS.size()];
    private final String[] texts = new String[COLUMNS.size()];
    private final boolean[] given = new boolean[COLUMNS.size()];

    private Builder() {}

    /**
     * Gives a number; NaN stands for a missing one.
     *
     * @throws IllegalArgumentException naming a column that cannot take it
     */
    public Builder set(String column, double value) {
      int at = at(column, "df");
      if (NULLABLE.charAt(at) == 'n') {
        Values.present(value, column);
      }
      reals[at] = TYPES.charAt(at) == 'f' ? (float) value : value;
      return this;
    }

    /**
     * Gives a whole number, also to a column of other numbers.
     *
     * @throws IllegalArgumentException naming a column that cannot take it
     */
    public Builder set(String column, long value) {
      int at = at(column, "dfil");
      if (TYPES.charAt(at) == 'i' && value != (int) value) {
        throw new IllegalArgumentException(
            "`" + column + "` must be a whole number of 32 bits, not " + value);
      }
      wholes[at] = value;
      reals[at] = TYPES.charAt(at) == 'f' ? (double) (float) value : (double) value;
      return this;
    }

    /**
     * Gives a boolean.
     *
     * @throws IllegalArgumentException naming a column that cannot take it
     */
    public Builder set(String column, boolean value) {
      wholes[at(column, "z")] = value ? 1 : 0;
      return this;
    }

    /**
     * Gives text; null stands for a missing one.
     *
     * @throws IllegalArgumentException naming a column that cannot take it
     */
    public Builder set(String column, String value) {
      int at = at(column, "s");
      if (NULLABLE.charAt(at) == 'y') {
        Values.nullableText(value, column);
      } else {
        Values.text(value, column);
      }
      texts[at] = value;
      return this;
    }

    /**
     * Says that a column's value is missing.
     *
     * @throws IllegalArgumentException naming a column that was not proven with missing values
     */
    public Builder missing(String column) {
      int at = at(column, "dfilsz");
      if (NULLABLE.charAt(at) == 'n') {
        Values.given(null, column);
      }
      reals[at] = Double.NaN;
      texts[at] = null;
      return this;
    }

    /**
     * Gives a column as text, as tables have it; empty text stands for a missing value.
     *
     * @throws IllegalArgumentException naming a column that is none or cannot take it
     */
    public Builder parse(String column, String text) {
      int at = at(column, "dfilsz");
      if ((text == null || text.isEmpty()) && NULLABLE.charAt(at) == 'y') {
        return missing(column);
      }
      return switch (TYPES.charAt(at)) {
        case 'd' -> set(column, Values.real(text, column));
        case 'f' -> set(column, Values.single(text, column));
        case 'i' -> set(column, Values.count(text, column));
        case 'l' -> set(column, Values.whole(text, column));
        case 'z' -> set(column, Values.flag(text, column));
        default -> set(column, text);
      };
    }

    /**
     * The row.
     *
     * @throws IllegalStateException naming a column that was not given
     */
    public ${prefix}Input build() {
      for (int i = 0; i < given.length; i++) {
        if (!given[i]) {
          throw new IllegalStateException("`" + COLUMNS.get(i) + "` was not given");
        }
      }
      return new ${prefix}Input(reals.clone(), wholes.clone(), texts.clone());
    }

    private int at(String column, String types) {
      Integer at = AT.get(column);
      if (at == null) {
        throw new IllegalArgumentException("the model has no column " + column);
      }
      if (types.indexOf(TYPES.charAt(at)) < 0) {
        throw new IllegalArgumentException("`" + column + "` takes values of another type");
      }
      given[at] = true;
      return at;
    }
  }
}
