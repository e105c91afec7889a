package io.crossport.spring;

/**
 * How a new build answers next to the one in use.
 *
 * @param golden how many rows were the new build's golden ones
 * @param live how many were among the last that the application asked for
 * @param labelChanges in how many rows a label, or another text, differs
 * @param maxDifference the largest difference of a number; infinite where one alone is NaN
 * @param refused how many rows the new build cannot take and the one in use can
 */
public record ShadowReport(
    int golden, int live, int labelChanges, double maxDifference, int refused) {
  /** Nothing was compared. */
  public static final ShadowReport NONE = new ShadowReport(0, 0, 0, 0, 0);

  /** On how many rows both were compared, or tried. */
  public int rows() {
    return golden + live;
  }

  /** The share of rows whose label changes. */
  public double labelChangeShare() {
    return rows() == 0 ? 0 : (double) labelChanges / rows();
  }
}
