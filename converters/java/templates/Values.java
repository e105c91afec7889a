package $package;

/** Checks of single values; each error names the column. */
final class Values {
  private Values() {}

  /** Refuses NaN where the model was not proven with missing values. */
  static void present(double value, String column) {
    if (Double.isNaN(value)) {
      throw new IllegalArgumentException(
          column + " is missing (NaN); this model was not proven with missing values there");
    }
  }

  /** Refuses null, and text that does not reach the model unharmed. */
  static void text(String value, String column) {
    if (value == null) {
      throw new IllegalArgumentException(
          column + " is null; this model was not proven with missing values there");
    }
    reachable(value, column);
  }

  /** Refuses text that does not reach the model unharmed; null stands for a missing value. */
  static void nullableText(String value, String column) {
$empty_check    reachable(value, column);
  }

  private static void reachable(String value, String column) {
$text_check  }
}
