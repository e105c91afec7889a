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

  /** Collects one row. Every column must be given, also one whose value is missing. */
  public static final class Builder {
    private final BitSet given = new BitSet();
$builder_fields
    private Builder() {}

$setters
    /**
     * The row.
     *
     * @throws IllegalStateException naming a column that was not given
     */
    public ${prefix}Input build() {
      int absent = given.nextClearBit(0);
      if (absent < COLUMNS.size()) {
        throw new IllegalStateException(COLUMNS.get(absent) + " was not given");
      }
$result
    }
  }
}
