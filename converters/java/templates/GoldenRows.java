package $package;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** Reads golden rows: raw little-endian values, row after row; text as its length and UTF-8. */
final class GoldenRows {
  private GoldenRows() {}

  static double[] doubles(String file, int count) throws IOException {
    ByteBuffer in = open(file, count * Double.BYTES);
    double[] values = new double[count];
    in.asDoubleBuffer().get(values);
    return values;
  }

  static float[] floats(String file, int count) throws IOException {
    ByteBuffer in = open(file, count * Float.BYTES);
    float[] values = new float[count];
    in.asFloatBuffer().get(values);
    return values;
  }

  static long[] longs(String file, int count) throws IOException {
    ByteBuffer in = open(file, count * Long.BYTES);
    long[] values = new long[count];
    in.asLongBuffer().get(values);
    return values;
  }

  static int[] ints(String file, int count) throws IOException {
    ByteBuffer in = open(file, count * Integer.BYTES);
    int[] values = new int[count];
    in.asIntBuffer().get(values);
    return values;
  }

  static boolean[] booleans(String file, int count) throws IOException {
    ByteBuffer in = open(file, count);
    boolean[] values = new boolean[count];
    for (int i = 0; i < count; i++) {
      values[i] = in.get() != 0;
    }
    return values;
  }

  static String[] texts(String file, int count) throws IOException {
    ByteBuffer in = open(file, -1);
    String[] values = new String[count];
    for (int i = 0; i < count; i++) {
      int length = in.getInt();
      if (length >= 0) {
        byte[] text = new byte[length];
        in.get(text);
        values[i] = new String(text, StandardCharsets.UTF_8);
      }
    }
    if (in.hasRemaining()) {
      throw new IOException(file + " goes on after its last text");
    }
    return values;
  }

  /** A whole column, by the letter of its type. */
  static Object column(char type, String file, int count) throws IOException {
    return switch (type) {
      case 'd' -> doubles(file, count);
      case 'f' -> floats(file, count);
      case 'l' -> longs(file, count);
      case 'i' -> ints(file, count);
      case 'z' -> booleans(file, count);
      default -> texts(file, count);
    };
  }

  /** Whether all of these texts reach the model through Java unharmed; the others are refused. */
  static boolean reachable(String... texts) {
    for (String text : texts) {
      if (text != null && text.chars().anyMatch($unreachable)) {
        return false;
      }
    }
    return true;
  }

  /** Fails unless both are the same, as classes must be. */
  static void same(String output, int row, Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw wrong(output, row, expected, actual);
    }
  }

  /** Fails if the answer is farther from the original's than parity allowed. */
  static void close(
      String output, int row, double expected, double actual, double absolute, double relative) {
    if (Double.compare(expected, actual) == 0) {
      return;
    }
    double error = Math.abs(actual - expected);
    // Written so that NaN, where the original has a number, is wrong.
    if (!(error <= absolute || error <= relative * Math.abs(expected))) {
      throw wrong(output, row, expected, actual);
    }
  }

  private static AssertionError wrong(String output, int row, Object expected, Object actual) {
    return new AssertionError(
        output + " of golden row " + row + " is " + actual + " instead of " + expected);
  }

  private static ByteBuffer open(String file, int bytes) throws IOException {
    try (InputStream in = GoldenRows.class.getResourceAsStream("golden/" + file)) {
      if (in == null) {
        throw new IOException("golden/" + file + " is not on the class path");
      }
      byte[] content = in.readAllBytes();
      if (bytes >= 0 && content.length != bytes) {
        throw new IOException(file + " has " + content.length + " bytes instead of " + bytes);
      }
      return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    }
  }
}
