package io.crossport.spring;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Whether a build can stand in for the one that the application was compiled against: it takes
 * every row that the other took, and its answers mean the same.
 */
final class Fit {
  private Fit() {}

  /**
   * Compares runtime and schemas.
   *
   * @throws UnfitException saying what differs
   */
  static void check(ModelClass application, ModelClass next) throws UnfitException {
    String here = application.build().runtime();
    String there = next.build().runtime();
    if (!here.equals(there)) {
      throw new UnfitException(
          "It was proven on " + there + ", and the application has " + here + "; build it anew.");
    }
    inputs(application.schema("INPUTS"), next.schema("INPUTS"));
    // An order of classes that differs would make one class's probability another one's.
    List<String> given = application.schema("OUTPUTS").stream().map(String::valueOf).toList();
    List<String> made = next.schema("OUTPUTS").stream().map(String::valueOf).toList();
    if (!given.equals(made)) {
      throw new UnfitException(
          "Its outputs are " + made + " and no longer " + given + "; build it anew.");
    }
  }

  private static void inputs(List<?> application, List<?> next) throws UnfitException {
    List<Map<String, Object>> given = columns(application);
    List<Map<String, Object>> made = columns(next);
    if (!names(given).equals(names(made))) {
      throw new UnfitException(
          "Its inputs are " + names(made) + " and no longer " + names(given) + "; build it anew.");
    }
    for (int i = 0; i < given.size(); i++) {
      column(given.get(i), made.get(i));
    }
  }

  private static void column(Map<String, Object> given, Map<String, Object> made)
      throws UnfitException {
    String name = "Its input `" + given.get("name") + "` ";
    for (String one : List.of("field", "type", "width")) {
      if (!given.get(one).equals(made.get(one))) {
        throw new UnfitException(
            name + "has another " + one + ": " + made.get(one) + "; build it anew.");
      }
    }
    if ((Boolean) given.get("nullable") && !(Boolean) made.get("nullable")) {
      throw new UnfitException(name + "must not be missing any longer; build it anew.");
    }
    boolean closed = (Boolean) made.get("closed");
    Set<?> known = Set.copyOf((List<?>) made.get("categories"));
    if (closed
        && (!(Boolean) given.get("closed")
            || !known.containsAll((List<?>) given.get("categories")))) {
      throw new UnfitException(name + "takes only " + known + " now; build it anew.");
    }
  }

  private static List<Object> names(List<Map<String, Object>> columns) {
    return columns.stream().map(one -> one.get("name")).toList();
  }

  private static List<Map<String, Object>> columns(List<?> schema) throws UnfitException {
    if (schema.isEmpty()) {
      return List.of();
    }
    Shape shape = Shape.of(schema.get(0).getClass());
    return schema.stream().map(shape::named).toList();
  }
}
