package io.crossport.spring;

import java.lang.reflect.Array;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Has a new build score next to the one in use, and adds up how far their answers differ. */
final class Shadow {
  private static final String LABEL = "label";

  private final LiveModel model;
  private final Build next;
  private final Shape output;
  // What each field of the output is: label, probabilities, scores or values.
  private final Map<String, Object> kinds = new HashMap<>();
  private int labelChanges;
  private double maxDifference;
  private int refused;

  private Shadow(LiveModel model, Build next) throws UnfitException {
    this.model = model;
    this.next = next;
    this.output = Shape.of(model.type().output());
    for (Object answer : model.type().schema("OUTPUTS")) {
      Map<String, Object> told = Shape.of(answer.getClass()).named(answer);
      kinds.put((String) told.get("field"), told.get("kind"));
    }
  }

  /**
   * Compares two builds, row by row.
   *
   * @param next the build that nobody calls yet
   * @param golden its golden rows
   * @param live rows that the application has asked for
   */
  static ShadowReport compare(LiveModel model, Build next, List<Object> golden, List<Object> live)
      throws UnfitException {
    Shadow shadow = new Shadow(model, next);
    int ofGolden = shadow.all(golden);
    int ofLive = shadow.all(live);
    return new ShadowReport(
        ofGolden, ofLive, shadow.labelChanges, shadow.maxDifference, shadow.refused);
  }

  /** On how many rows they were compared. */
  private int all(List<Object> rows) {
    int compared = 0;
    for (Object row : rows) {
      Object before;
      try {
        before = model.shadow(row);
      } catch (IllegalArgumentException untaken) {
        // Nothing is lost where the build in use does not take it either.
        continue;
      }
      compared++;
      try {
        add(before, next.scoring().score(row));
      } catch (IllegalArgumentException untaken) {
        refused++;
      }
    }
    return compared;
  }

  private void add(Object before, Object after) {
    Object[] one = output.values(before);
    Object[] other = output.values(after);
    boolean changed = false;
    for (int i = 0; i < one.length; i++) {
      String name = output.parts().get(i).name();
      changed |= !alike(one[i], other[i], LABEL.equals(kinds.get(name)));
    }
    labelChanges += changed ? 1 : 0;
  }

  /** Whether two values are alike; the difference of numbers is noted instead. */
  private boolean alike(Object one, Object other, boolean label) {
    if (one != null && other != null && one.getClass().isArray()) {
      boolean alike = Array.getLength(one) == Array.getLength(other);
      for (int i = 0; alike && i < Array.getLength(one); i++) {
        alike = alike(Array.get(one, i), Array.get(other, i), label);
      }
      return alike;
    }
    if (!label && one instanceof Number number && other instanceof Number changed) {
      note(number.doubleValue(), changed.doubleValue());
      return true;
    }
    return Objects.equals(one, other);
  }

  private void note(double one, double other) {
    if (Double.compare(one, other) != 0) {
      double difference = Math.abs(one - other);
      maxDifference =
          Math.max(maxDifference, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
    }
  }
}
