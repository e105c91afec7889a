package io.crossport.spring;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.util.List;
import java.util.Optional;

/** A generated model class of any class loader, by what all generated models have in common. */
final class ModelClass {
  private static final String SUFFIX = "Model";
  private static final MethodHandles.Lookup LOOKUP = MethodHandles.publicLookup();

  private final Class<?> type;
  private final Class<?> input;
  private final Class<?> output;
  private final MethodHandle one;
  private final MethodHandle many;

  private ModelClass(Class<?> type, Class<?> input, Class<?> output) throws NoSuchMethodException {
    this.type = type;
    this.input = input;
    this.output = output;
    MethodType scoring = MethodType.methodType(Object.class, Object.class, Object.class);
    try {
      this.one =
          LOOKUP.findVirtual(type, "score", MethodType.methodType(output, input)).asType(scoring);
      this.many =
          LOOKUP
              .findVirtual(type, "score", MethodType.methodType(List.class, List.class))
              .asType(scoring);
    } catch (IllegalAccessException no) {
      throw new IllegalStateException(type.getName() + " is not public", no);
    }
  }

  /**
   * Looks at a class.
   *
   * @throws IllegalStateException if it is no generated model
   */
  static ModelClass of(Class<?> type) {
    try {
      Method many = type.getMethod("score", List.class);
      type.getMethod("load");
      if (AutoCloseable.class.isAssignableFrom(type)
          && type.getSimpleName().endsWith(SUFFIX)
          && many.getGenericParameterTypes()[0] instanceof ParameterizedType rows
          && rows.getActualTypeArguments()[0] instanceof Class<?> input) {
        return new ModelClass(type, input, type.getMethod("score", input).getReturnType());
      }
    } catch (NoSuchMethodException no) {
      throw strange(type, no);
    }
    throw strange(type, null);
  }

  private static IllegalStateException strange(Class<?> type, Exception cause) {
    return new IllegalStateException(
        type.getName()
            + " is no model that Crossport generated: give the class whose name ends in Model",
        cause);
  }

  Class<?> type() {
    return type;
  }

  Class<?> input() {
    return input;
  }

  Class<?> output() {
    return output;
  }

  /** Loads the model of its jar, with these options where any is given. */
  AutoCloseable load(CrossportProperties.Model wanted) {
    try {
      if (wanted.getThreads() == null && wanted.getCuda() == null) {
        return (AutoCloseable) type.getMethod("load").invoke(null);
      }
      Class<?> chosen = beside("Options").orElseThrow(() -> optionless(null));
      Object options = chosen.getField("PROVEN").get(null);
      if (wanted.getThreads() != null) {
        options = chosen.getMethod("withThreads", int.class).invoke(options, wanted.getThreads());
      }
      if (wanted.getCuda() != null) {
        options = chosen.getMethod("withCuda", int.class).invoke(options, wanted.getCuda());
      }
      return (AutoCloseable) type.getMethod("load", chosen).invoke(null, options);
    } catch (InvocationTargetException failed) {
      Throwable why = failed.getCause();
      throw new IllegalStateException(
          type.getName() + " cannot be loaded: " + why.getMessage(), why);
    } catch (NoSuchMethodException | NoSuchFieldException no) {
      throw optionless(no);
    } catch (IllegalAccessException no) {
      throw strange(type, no);
    }
  }

  private IllegalStateException optionless(Exception cause) {
    return new IllegalStateException(
        type.getName() + " has no such options: leave out threads and cuda", cause);
  }

  /** Which build it is; its model need not be loaded for it. */
  ModelBuild build() {
    Class<?> told = beside("Provenance").orElseThrow(() -> strange(type, null));
    return new ModelBuild(
        (String) constant(told, "VERSION"),
        (Integer) constant(told, "BUILD"),
        (String) constant(told, "SHA256"),
        (String) constant(told, "RUNTIME"));
  }

  /** The inputs or outputs that its schema lists, each as a record of the generated code. */
  List<?> schema(String which) {
    return (List<?>) constant(beside("Schema").orElseThrow(() -> strange(type, null)), which);
  }

  private Object constant(Class<?> holder, String name) {
    try {
      return holder.getField(name).get(null);
    } catch (NoSuchFieldException | IllegalAccessException no) {
      throw strange(type, no);
    }
  }

  private Optional<Class<?>> beside(String suffix) {
    String name = type.getName();
    String other = name.substring(0, name.length() - SUFFIX.length()) + suffix;
    try {
      return Optional.of(Class.forName(other, true, type.getClassLoader()));
    } catch (ClassNotFoundException none) {
      return Optional.empty();
    }
  }

  Object score(Object model, Object row) {
    try {
      return (Object) one.invokeExact(model, row);
    } catch (Throwable failed) {
      throw rethrown(failed);
    }
  }

  List<?> score(Object model, List<?> rows) {
    try {
      return (List<?>) (Object) many.invokeExact(model, (Object) rows);
    } catch (Throwable failed) {
      throw rethrown(failed);
    }
  }

  /** What a call threw, as it is: a caller sees no reflection. */
  static RuntimeException rethrown(Throwable failed) {
    if (failed instanceof RuntimeException known) {
      return known;
    }
    if (failed instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(failed.getMessage(), failed);
  }
}
