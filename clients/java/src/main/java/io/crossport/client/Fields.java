package io.crossport.client;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The members of a JSON object, read as what they must be. */
record Fields(Map<String, Object> members) {
  boolean has(String name) {
    return members.get(name) != null;
  }

  String text(String name) {
    return value(name, String.class);
  }

  Optional<String> maybe(String name) {
    return has(name) ? Optional.of(text(name)) : Optional.empty();
  }

  long number(String name) {
    return value(name, Number.class).longValue();
  }

  Optional<Instant> moment(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    try {
      return Optional.of(OffsetDateTime.parse(text(name)).toInstant());
    } catch (DateTimeException no) {
      throw strange("\"" + name + "\" is no moment");
    }
  }

  Fields inner(String name) {
    return of(members.get(name), name);
  }

  Stream<Fields> all(String name) {
    List<?> found = value(name, List.class);
    return found.stream().map(one -> of(one, name));
  }

  List<String> words(String name) {
    List<?> found = value(name, List.class);
    return found.stream().map(String::valueOf).toList();
  }

  Map<String, String> texts(String name) {
    Map<String, String> found = new LinkedHashMap<>();
    inner(name).members.forEach((key, value) -> found.put(key, String.valueOf(value)));
    return Map.copyOf(found);
  }

  /** What is thrown where an answer is not one of a portal's. */
  static UnreachableException strange(String what) {
    return new UnreachableException(
        "not_crossport",
        "What answers does not answer as a Crossport portal does ("
            + what
            + "); check the address"
            + " and the versions of both.",
        0,
        null);
  }

  private static Fields of(Object value, String name) {
    if (!(value instanceof Map<?, ?> object)) {
      throw strange("\"" + name + "\" is no object");
    }
    Map<String, Object> members = new LinkedHashMap<>();
    object.forEach((key, inner) -> members.put(String.valueOf(key), inner));
    return new Fields(members);
  }

  private <T> T value(String name, Class<T> type) {
    Object found = members.get(name);
    if (!type.isInstance(found)) {
      throw strange("\"" + name + "\" is missing or something else");
    }
    return type.cast(found);
  }
}
