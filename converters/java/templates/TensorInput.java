package $package;

import java.nio.ByteBuffer;
import java.util.Arrays;

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

  /** Adds this row to the tensor. */
  void put(ByteBuffer[] numbers, String[][] texts, int row) {
    for ($type value : values) {
$put    }
  }

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
