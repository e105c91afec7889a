package $package;

import java.util.Locale;

/** Checks and readings of single values; each error names the column. */
final class Values {
  private Values() {}

  /** Refuses NaN where the model was not proven with missing values. */
  static void present(double value, String column) {
    if (Double.isNaN(value)) {
      throw absent(column, "NaN");
    }
  }

  /** Refuses null where the model was not proven with missing values. */
  static void given(Object value, String column) {
    if (value == null) {
      throw absent(column, "null");
    }
  }

  /** A missing number is null, however the caller said it. */
  static Double orNull(Double value) {
    return value == null || value.isNaN() ? null : value;
  }

  /** A missing number is null, however the caller said it. */
  static Float orNull(Float value) {
    return value == null || value.isNaN() ? null : value;
  }

  /** Refuses null, and text that does not reach the model unharmed. */
  static void text(String value, String column) {
    given(value, column);
    passable(value, column);
  }

  /** Refuses text that does not reach the model unharmed; null stands for a missing value. */
  static void nullableText(String value, String column) {
    if (value != null) {
$empty_check      passable(value, column);
    }
  }

  /** Refuses null, and text that does not reach the model unharmed. */
  static void passable(String value, String column) {
    given(value, column);
$text_check  }

  /** A number as text, or NaN for none. */
  static double real(String text, String column) {
    try {
      return text == null || text.isEmpty() ? Double.NaN : Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw unreadable(text, column, "a number", e);
    }
  }

  /** A number of 32 bits as text, or NaN for none. */
  static float single(String text, String column) {
    try {
      return text == null || text.isEmpty() ? Float.NaN : Float.parseFloat(text.strip());
    } catch (NumberFormatException e) {
      throw unreadable(text, column, "a number", e);
    }
  }

  /** A whole number of 64 bits as text. */
  static long whole(String text, String column) {
    given(text, column);
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      throw unreadable(text, column, "a whole number of 64 bits", e);
    }
  }

  /** A whole number of 32 bits as text. */
  static int count(String text, String column) {
    given(text, column);
    try {
      return Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      throw unreadable(text, column, "a whole number of 32 bits", e);
    }
  }

  /** True or false as text. */
  static boolean flag(String text, String column) {
    given(text, column);
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw unreadable(text, column, "true or false", null);
    };
  }

  private static IllegalArgumentException absent(String column, String what) {
    return new IllegalArgumentException(
        "`"
            + column
            + "` must not be "
            + what
            + ": the model was not proven with missing values there");
  }

  private static IllegalArgumentException unreadable(
      String text, String column, String wanted, Exception cause) {
    return new IllegalArgumentException(
        "`" + column + "` must be " + wanted + ", not '" + text + "'", cause);
  }
}
