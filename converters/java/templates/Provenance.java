package $package;

import java.util.List;

/** Where {@link ${prefix}Model} comes from, and what was proven of it. */
public final class ${prefix}Provenance {
$constants
  /** The verdict on each output. */
$parity
  private ${prefix}Provenance() {}

  /**
   * How near the converted model is to the original in one output.
   *
   * @param output its name
   * @param kind label, probabilities, scores or values
   * @param rows how many rows were compared
   * @param maxAbsolute the largest difference; 0 for labels
   * @param maxRelative the largest difference in proportion to the original's number
   * @param mismatches how many labels differ
   * @param ties how many of those are ties in the original too
   */
  public record Verdict(
      String output,
      String kind,
      int rows,
      double maxAbsolute,
      double maxRelative,
      int mismatches,
      int ties) {}
}
