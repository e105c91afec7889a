package io.crossport.spring;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The golden rows in a build's jar, as the application's own inputs: a file a column, raw
 * little-endian values, text as its length and UTF-8.
 */
final class GoldenRows {
  private static final int MOST_ROWS = 1000;

  private final ClassLoader jar;
  private final String folder;

  private GoldenRows(ClassLoader jar, String folder) {
    this.jar = jar;
    this.folder = folder;
  }

  /**
   * The rows; none where the jar has none, or where an input is no record of single values.
   *
   * @throws IOException if what is there cannot be read
   */
  static List<Object> read(FollowedBuild build, ModelClass application) throws IOException {
    String folder = application.type().getPackageName().replace('.', '/') + "/golden/";
    GoldenRows golden = new GoldenRows(build.loader(), folder);
    try (InputStream told = build.loader().getResourceAsStream(folder + "golden.json")) {
      if (told == null || !application.input().isRecord()) {
        return List.of();
      }
      String text = new String(told.readAllBytes(), StandardCharsets.UTF_8);
      return golden.rows(Json.object(text), application);
    } catch (UnfitException | RuntimeException no) {
      throw new IOException("The golden rows cannot be read: " + no.getMessage(), no);
    }
  }

  private List<Object> rows(Map<?, ?> told, ModelClass application)
      throws IOException, UnfitException {
    Shape shape = Shape.of(application.input());
    List<?> columns = (List<?>) told.get("inputs");
    int count = Math.min(((Number) told.get("rows")).intValue(), MOST_ROWS);
    List<Object[]> values = new ArrayList<>();
    for (Object one : columns) {
      Map<?, ?> column = (Map<?, ?>) one;
      if (((Number) column.get("width")).intValue() != 0) {
        return List.of();
      }
      values.add(column((String) column.get("dtype"), (String) column.get("file"), count));
    }
    if (values.size() != shape.parts().size()) {
      return List.of();
    }
    List<Object> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      add(rows, shape, values, i);
    }
    return rows;
  }

  private static void add(List<Object> rows, Shape shape, List<Object[]> columns, int at) {
    Object[] row = new Object[columns.size()];
    try {
      for (int k = 0; k < row.length; k++) {
        row[k] = fitting(columns.get(k)[at], shape.parts().get(k).type());
      }
      rows.add(shape.make(row));
    } catch (IllegalArgumentException unknown) {
      // A value that the application cannot give is none that it will be asked for.
    }
  }

  private static Object fitting(Object value, Class<?> type) {
    if (!type.isEnum() || value == null) {
      return value;
    }
    try {
      return type.getMethod("of", String.class).invoke(null, value);
    } catch (InvocationTargetException failed) {
      throw ModelClass.rethrown(failed.getCause());
    } catch (ReflectiveOperationException none) {
      throw new IllegalArgumentException(type.getName() + " is no closed category", none);
    }
  }

  private Object[] column(String dtype, String file, int count) throws IOException {
    ByteBuffer in = content(file);
    Object[] values = new Object[count];
    for (int i = 0; i < count; i++) {
      values[i] =
          switch (dtype) {
            case "float64" -> in.getDouble();
            case "float32" -> in.getFloat();
            case "int64" -> in.getLong();
            case "int32" -> in.getInt();
            case "bool" -> in.get() != 0;
            case "string" -> text(in);
            default -> throw new IOException(file + " holds " + dtype);
          };
    }
    return values;
  }

  private static String text(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0) {
      return null;
    }
    byte[] text = new byte[length];
    in.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private ByteBuffer content(String file) throws IOException {
    try (InputStream in = jar.getResourceAsStream(folder + file)) {
      if (in == null) {
        throw new IOException(file + " is missing");
      }
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }
  }
}
