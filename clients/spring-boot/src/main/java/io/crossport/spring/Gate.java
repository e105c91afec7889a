package io.crossport.spring;

/** What a comparison must not exceed for a swap to be made. */
final class Gate {
  private Gate() {}

  /** Why the new build must not be used, in a sentence; empty where it may. */
  static String exceeded(ShadowReport shadow, CrossportProperties.Swap limits) {
    if (shadow.refused() > 0) {
      return "It does not take " + shadow.refused() + " rows that the build in use takes.";
    }
    Double labels = limits.getMaxLabelChanges();
    if (labels != null && shadow.labelChangeShare() > labels) {
      return "The label changes in "
          + shadow.labelChanges()
          + " of "
          + shadow.rows()
          + " rows, more than the share of "
          + labels
          + ".";
    }
    Double difference = limits.getMaxDifference();
    if (difference != null && shadow.maxDifference() > difference) {
      return "A number differs by " + shadow.maxDifference() + ", more than " + difference + ".";
    }
    return "";
  }
}
