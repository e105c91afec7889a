package example.fraud;

import java.util.List;

/** What it takes and answers. */
public final class FraudSchema {
  public static final List<Column> INPUTS =
      List.of(
          new Column("amount", "amount", "double", 1, true, List.of(), false),
          new Column("city", "city", "String", 1, true, List.of("Ulm"), false),
          new Column("channel", "channel", "String", 1, false, List.of("web", "shop"), true));

  public static final List<Answer> OUTPUTS =
      List.of(
          new Answer("label", "label", "label", "String", 1, FraudOutput.CLASSES),
          new Answer("p", "probabilities", "probabilities", "double", 2, FraudOutput.CLASSES));

  private FraudSchema() {}

  /** An input. */
  public record Column(
      String name,
      String field,
      String type,
      int width,
      boolean nullable,
      List<String> categories,
      boolean closed) {}

  /** An output. */
  public record Answer(
      String name, String field, String kind, String type, int width, List<?> classes) {}
}
