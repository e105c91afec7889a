package $package;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Tables of comma-separated values (RFC 4180): fields may be quoted, and quotes be doubled. */
final class Csv {
  private final BufferedReader in;
  private int line;

  Csv(BufferedReader in) {
    this.in = in;
  }

  /** The number of the line that the last record ended on. */
  int line() {
    return line;
  }

  /** The next record; null at the end. Empty lines are passed over. */
  List<String> next() throws IOException {
    String text = read();
    while (text != null && text.isEmpty()) {
      text = read();
    }
    return text == null ? null : fields(text);
  }

  private List<String> fields(String first) throws IOException {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    String text = first;
    while (true) {
      for (int i = 0; i < text.length(); i++) {
        char at = text.charAt(i);
        if (at == '"' && quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else if (at == '"') {
          quoted = !quoted;
        } else if (at == ',' && !quoted) {
          fields.add(field.toString());
          field.setLength(0);
        } else {
          field.append(at);
        }
      }
      if (!quoted) {
        fields.add(field.toString());
        return fields;
      }
      text = read();
      if (text == null) {
        throw new IOException("line " + line + ": a quoted field does not end");
      }
      field.append('\n');
    }
  }

  private String read() throws IOException {
    String text = in.readLine();
    line += text == null ? 0 : 1;
    // Spreadsheets begin their files with a mark of the order of bytes.
    return text != null && line == 1 && text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  /** One record as text, without the end of the line. */
  static String record(List<String> fields) {
    List<String> quoted = new ArrayList<>();
    for (String field : fields) {
      boolean plain = field.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
      quoted.add(plain ? field : '"' + field.replace("\"", "\"\"") + '"');
    }
    return String.join(",", quoted);
  }
}
