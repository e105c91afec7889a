package $package;

$imports
/**
 * One row of input for {@link ${prefix}Model}, every column under the name that Java gives it.
 *
$javadoc
 */
$head

  /** The columns as the model calls them, in the order of the components. */
$columns
  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the column of a value that the model cannot take
   */
  public ${prefix}Input {
$checks  }

  /** A builder, which takes the columns by name and in any order. */
  public static Builder builder() {
    return new Builder();
  }

$put_javadoc
$puts  }

$enums  /** Collects one row. Every column must be given, also one whose value is missing. */
  public static final class Builder {
    private final BitSet given = new BitSet();
$builder_fields
    private Builder() {}

$setters
    /**
     * Gives a column as text, as tables have it; empty text stands for a missing value.
     *
     * @throws IllegalArgumentException naming a column that is none or cannot take it
     */
    public Builder parse(String column, String text) {
      return switch (column) {
$parses        default -> throw new IllegalArgumentException("the model has no column " + column);
      };
    }

    /**
     * The row.
     *
     * @throws IllegalStateException naming a column that was not given
     */
    public ${prefix}Input build() {
      int absent = given.nextClearBit(0);
      if (absent < COLUMNS.size()) {
        throw new IllegalStateException("`" + COLUMNS.get(absent) + "` was not given");
      }
$result
    }
  }
}
