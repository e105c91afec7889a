package $package;

$imports
/** What {@link ${prefix}Model} takes and answers, for programs that find out at run time. */
public final class ${prefix}Schema {
$categories  /** The inputs, in the order of the model's signature. */
$inputs
  /** The outputs, in the order of the components of {@link ${prefix}Output}. */
$outputs
  private ${prefix}Schema() {}

  /**
   * One input.
   *
   * @param name as the model calls it
   * @param field as {@link ${prefix}Input} calls it; empty where it goes by the model's name alone
   * @param type the Java type of one value
   * @param width how many values a row has of it
   * @param nullable whether it may be missing
   * @param range about where its numbers lay in training, if the model tells
   * @param categories the values that the model has learned, if it tells
   * @param closed whether it refuses all others
   */
  public record Column(
      String name,
      String field,
      String type,
      int width,
      boolean nullable,
      Optional<Range> range,
      List<String> categories,
      boolean closed) {}

  /** A range of numbers, both ends included. */
  public record Range(double low, double high) {}

  /**
   * One output.
   *
   * @param name as the model file calls it
   * @param field as {@link ${prefix}Output} calls it
   * @param kind label, probabilities, scores or values
   * @param type the Java type of one value
   * @param width how many values a row has of it
   * @param classes the classes that it names or has a number for, in order; empty if there are none
   */
  public record Answer(
      String name, String field, String kind, String type, int width, List<?> classes) {}
}
