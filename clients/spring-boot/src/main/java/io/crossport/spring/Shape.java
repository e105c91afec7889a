package io.crossport.spring;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The values that an object of generated code consists of. It is a record, or, for an input too
 * wide for one, a class whose fields its only constructor takes in their order.
 */
final class Shape {
  /** One value: how it is called and what it is. */
  record Part(String name, Class<?> type) {}

  private final Class<?> type;
  private final List<Part> parts = new ArrayList<>();
  private final List<AnnotatedElement> readers = new ArrayList<>();
  private final Constructor<?> constructor;

  private Shape(Class<?> type) throws NoSuchMethodException {
    this.type = type;
    if (type.isRecord()) {
      for (RecordComponent one : type.getRecordComponents()) {
        add(one.getName(), one.getType(), one.getAccessor());
      }
    } else {
      for (Field one : type.getDeclaredFields()) {
        if (!Modifier.isStatic(one.getModifiers())) {
          one.setAccessible(true);
          add(one.getName(), one.getType(), one);
        }
      }
    }
    this.constructor =
        type.getDeclaredConstructor(parts.stream().map(Part::type).toArray(Class<?>[]::new));
    this.constructor.setAccessible(true);
  }

  private void add(String name, Class<?> part, AnnotatedElement reader) {
    parts.add(new Part(name, part));
    readers.add(reader);
  }

  /**
   * The shape of a class.
   *
   * @throws UnfitException if it has none that is known
   */
  static Shape of(Class<?> type) throws UnfitException {
    try {
      return new Shape(type);
    } catch (NoSuchMethodException | InaccessibleObjectException no) {
      throw new UnfitException(
          type.getName() + " cannot be taken apart (" + no.getMessage() + "); build it anew.");
    }
  }

  List<Part> parts() {
    return parts;
  }

  /** Its values, in the order of the parts. */
  Object[] values(Object object) {
    Object[] values = new Object[readers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(readers.get(i), object);
    }
    return values;
  }

  private static Object value(AnnotatedElement reader, Object object) {
    try {
      return reader instanceof Method method ? method.invoke(object) : ((Field) reader).get(object);
    } catch (InvocationTargetException failed) {
      throw ModelClass.rethrown(failed.getCause());
    } catch (IllegalAccessException no) {
      throw new IllegalStateException(((Member) reader).getName() + " is not public", no);
    }
  }

  /**
   * An object of these values.
   *
   * @throws IllegalArgumentException naming one that it cannot take
   */
  Object make(Object[] values) {
    try {
      return constructor.newInstance(values);
    } catch (InvocationTargetException failed) {
      throw ModelClass.rethrown(failed.getCause());
    } catch (ReflectiveOperationException no) {
      throw new IllegalStateException(type.getName() + " cannot be made", no);
    }
  }

  /** The values by name. */
  Map<String, Object> named(Object object) {
    Map<String, Object> named = new LinkedHashMap<>();
    Object[] values = values(object);
    for (int i = 0; i < values.length; i++) {
      named.put(parts.get(i).name(), values[i]);
    }
    return named;
  }
}
