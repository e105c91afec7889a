package $package;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Scores the golden rows and writes the answers as files, for a comparison made elsewhere. */
public final class GoldenAnswers {
  private GoldenAnswers() {}

  /**
   * Writes FOLDER/batch, answers of one call, and FOLDER/single, of one call a row.
   *
   * <p>Each holds the numbers of the rows in rows.bin and an output a file, in the layout of the
   * golden rows.
   *
   * @param arguments the folder
   * @throws IOException if the rows cannot be read or the answers not be written
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Map<Integer, ${prefix}Input> inputs = GoldenInputs.read();
    List<${prefix}Output> single = new ArrayList<>();
    try (${prefix}Model model = ${prefix}Model.load()) {
      write(folder.resolve("batch"), inputs, model.score(List.copyOf(inputs.values())));
      for (${prefix}Input input : inputs.values()) {
        single.add(model.score(input));
      }
    }
    write(folder.resolve("single"), inputs, single);
  }

  private static void write(Path folder, Map<Integer, ${prefix}Input> inputs, List<${prefix}Output> outputs) throws IOException {
    Files.createDirectories(folder);
    try (Column rows = new Column(folder.resolve("rows.bin"))) {
      for (int row : inputs.keySet()) {
        rows.put(row);
      }
    }
$writes  }

  /** One output's values, little-endian, row after row; text as its length and UTF-8. */
  private static final class Column implements AutoCloseable {
    private final DataOutputStream to;

    Column(Path file) throws IOException {
      to = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
    }

    void put(double value) throws IOException {
      put(Double.doubleToRawLongBits(value));
    }

    void put(float value) throws IOException {
      put(Float.floatToRawIntBits(value));
    }

    void put(long value) throws IOException {
      to.writeLong(Long.reverseBytes(value));
    }

    void put(int value) throws IOException {
      to.writeInt(Integer.reverseBytes(value));
    }

    void put(boolean value) throws IOException {
      to.writeBoolean(value);
    }

    void put(String value) throws IOException {
      if (value == null) {
        put(-1);
        return;
      }
      byte[] text = value.getBytes(StandardCharsets.UTF_8);
      put(text.length);
      to.write(text);
    }

    @Override
    public void close() throws IOException {
      to.close();
    }
  }
}
