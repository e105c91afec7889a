package $package;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Scores a table from the command line: {@code java -jar … --csv in.csv}. */
public final class ${prefix}Scorer {
  private static final int ROWS = 1000;
  private static final String USAGE =
      """
      Usage: java -jar $jar --csv FILE [--out FILE]

      Scores every row of a table of comma-separated values in UTF-8, and writes a table of answers.
        --csv FILE  $table
                    - for standard input
        --out FILE  where the answers go; standard output if left out
      """;

  private ${prefix}Scorer() {}

  /** Ends the JVM with 0 where all rows were scored, 1 where one was not, 2 for wrong usage. */
  public static void main(String[] arguments) {
    System.exit(run(arguments, System.out, System.err));
  }

  static int run(String[] arguments, PrintStream out, PrintStream err) {
    String csv = null;
    String to = null;
    for (int i = 0; i < arguments.length; i += 2) {
      String value = i + 1 < arguments.length ? arguments[i + 1] : null;
      switch (arguments[i]) {
        case "--csv" -> csv = value;
        case "--out" -> to = value;
        case "--help" -> {
          out.print(USAGE);
          return 0;
        }
        default -> {
          err.println("There is no option " + arguments[i] + ".");
          err.print(USAGE);
          return 2;
        }
      }
    }
    if (csv == null || (to == null && List.of(arguments).contains("--out"))) {
      err.print(USAGE);
      return 2;
    }
    try (BufferedReader in = reader(csv);
        Writer writer = writer(to, out)) {
      score(in, writer);
      return 0;
    } catch (NoSuchFileException e) {
      err.println("There is no file or folder " + e.getMessage() + ".");
      return 1;
    } catch (IOException | IllegalArgumentException | IllegalStateException e) {
      err.println(e.getMessage());
      return 1;
    }
  }

  private static void score(BufferedReader in, Writer to) throws IOException {
    Csv table = new Csv(in);
    List<String> header = table.next();
    if (header == null) {
      throw new IOException("the table is empty: its first line names the columns");
    }
$header_check    try (${prefix}Model model = ${prefix}Model.load()) {
      to.write(Csv.record(HEADER) + "\n");
      List<${prefix}Input> rows = new ArrayList<>();
      for (List<String> row = table.next(); row != null; row = table.next()) {
        rows.add(input(header, row, table.line()));
        if (rows.size() == ROWS) {
          write(model.score(rows), to);
          rows.clear();
        }
      }
      write(model.score(rows), to);
    }
  }

  private static void write(List<${prefix}Output> outputs, Writer to) throws IOException {
    for (${prefix}Output output : outputs) {
      List<String> fields = new ArrayList<>();
$fields      to.write(Csv.record(fields) + "\n");
    }
  }

  private static ${prefix}Input input(List<String> header, List<String> row, int line) {
    if (row.size() != header.size()) {
      throw new IllegalArgumentException(
          "line " + line + " has " + row.size() + " fields, not " + header.size());
    }
    try {
$input    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new IllegalArgumentException("line " + line + ": " + e.getMessage(), e);
    }
  }

$names
  private static BufferedReader reader(String file) throws IOException {
    return file.equals("-")
        ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
        : Files.newBufferedReader(Path.of(file));
  }

  private static Writer writer(String file, PrintStream out) throws IOException {
    return file == null
        ? new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8))
        : Files.newBufferedWriter(Path.of(file));
  }
}
