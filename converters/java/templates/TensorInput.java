package $package;

$imports
/**
 * One row of input for {@link ${prefix}Model}: $width values in the order in which it was trained.
 *
 * @param values the values, copied
 */
public record ${prefix}Input($type... values) {
  /** How many values a row has. */
  public static final int WIDTH = $width;

  /**
   * Checks and copies the values.
   *
   * @throws IllegalArgumentException if there are too many or too few, or one cannot be taken
   */
  public ${prefix}Input {
    if (values.length != WIDTH) {
      throw new IllegalArgumentException(
          $column + " takes " + WIDTH + " values, not " + values.length);
    }
    values = values.clone();
$check_loop  }

  /** A copy of the values. */
  @Override
  public $type[] values() {
    return values.clone();
  }

$put
  @Override
  public boolean equals(Object other) {
    return other instanceof ${prefix}Input input && Arrays.equals(values, input.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "${prefix}Input" + Arrays.toString(values);
  }
}
