package $package;

import java.util.Map;

/** Reads what JPMML answers for one row; a null among the answers is an error, never a value. */
final class Results {
  private Results() {}

  static double number(Map<String, ?> results, String field) {
    return ((Number) value(results, field)).doubleValue();
  }

  static float real(Map<String, ?> results, String field) {
    return ((Number) value(results, field)).floatValue();
  }

  static long whole(Map<String, ?> results, String field) {
    return ((Number) value(results, field)).longValue();
  }

  static int count(Map<String, ?> results, String field) {
    return Math.toIntExact(whole(results, field));
  }

  static boolean flag(Map<String, ?> results, String field) {
    Object value = value(results, field);
    return value instanceof Boolean flag ? flag : ((Number) value).doubleValue() != 0;
  }

  static String text(Map<String, ?> results, String field) {
    return value(results, field).toString();
  }

  private static Object value(Map<String, ?> results, String field) {
    Object value = results.get(field);
    if (value == null) {
      throw new IllegalStateException("the model gives no " + field + " for this row");
    }
    return value;
  }
}
