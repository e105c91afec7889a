package io.crossport.spring;

import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Makes an object of one build's class out of the same object of another build's. */
final class Translation {
  private final Shape from;
  private final Shape to;
  private final List<UnaryOperator<Object>> parts = new ArrayList<>();

  /**
   * A translation.
   *
   * @param from the class of what is given
   * @param to the class of what is made
   * @throws UnfitException naming a part that is not in both, of the same type
   */
  Translation(Class<?> from, Class<?> to) throws UnfitException {
    this.from = Shape.of(from);
    this.to = Shape.of(to);
    List<Shape.Part> given = this.from.parts();
    List<Shape.Part> made = this.to.parts();
    if (!given.stream()
        .map(Shape.Part::name)
        .toList()
        .equals(made.stream().map(Shape.Part::name).toList())) {
      throw new UnfitException(to.getSimpleName() + " has other fields; build it anew.");
    }
    for (int i = 0; i < given.size(); i++) {
      parts.add(part(to.getSimpleName() + "." + given.get(i).name(), given.get(i), made.get(i)));
    }
  }

  Object translate(Object object) {
    Object[] values = from.values(object);
    for (int i = 0; i < values.length; i++) {
      values[i] = parts.get(i).apply(values[i]);
    }
    return to.make(values);
  }

  private static UnaryOperator<Object> part(String name, Shape.Part from, Shape.Part to)
      throws UnfitException {
    Class<?> given = from.type();
    Class<?> made = to.type();
    if (given == made) {
      return UnaryOperator.identity();
    }
    if (given.isEnum() && made.isEnum()) {
      return constants(name, given, made);
    }
    if (given.isArray() && made.isArray() && given.getComponentType().isEnum()) {
      UnaryOperator<Object> one =
          constants(name, given.getComponentType(), made.getComponentType());
      return values -> all((Object[]) values, made.getComponentType(), one);
    }
    throw new UnfitException(
        name + " is of the type " + made.getSimpleName() + " now; build it anew.");
  }

  private static Object all(Object[] values, Class<?> type, UnaryOperator<Object> one) {
    Object[] made = (Object[]) Array.newInstance(type, values.length);
    Arrays.setAll(made, i -> one.apply(values[i]));
    return made;
  }

  /** By their texts, which are the model's own; the names that Java gives them follow these. */
  private static UnaryOperator<Object> constants(String name, Class<?> from, Class<?> to)
      throws UnfitException {
    Map<String, Object> known = new HashMap<>();
    if (to.getEnumConstants() == null) {
      throw new UnfitException(name + " is of another type now; build it anew.");
    }
    for (Object one : to.getEnumConstants()) {
      known.put(text(one), one);
    }
    Map<Object, Object> found = new HashMap<>();
    for (Object one : from.getEnumConstants()) {
      if (!known.containsKey(text(one))) {
        throw new UnfitException(name + " does not know '" + text(one) + "'; build it anew.");
      }
      found.put(one, known.get(text(one)));
    }
    return found::get;
  }

  private static String text(Object constant) {
    try {
      Method text = constant.getClass().getMethod("text");
      return (String) text.invoke(constant);
    } catch (ReflectiveOperationException none) {
      return ((Enum<?>) constant).name();
    }
  }
}
