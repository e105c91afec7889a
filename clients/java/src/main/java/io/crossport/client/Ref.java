package io.crossport.client;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A model version by name: by its number, or by an alias that points at it.
 *
 * @param source the slug of the registry that it is mirrored from
 * @param model the registered model's name
 * @param version its number; empty where an alias is given
 * @param alias an alias; empty where a version is given
 */
public record Ref(String source, String model, String version, String alias) {
  /** Checks that it names exactly one of version and alias. */
  public Ref {
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(model, "model");
    if (version.isEmpty() == alias.isEmpty()) {
      throw new IllegalArgumentException("name a version or an alias, one of the two");
    }
  }

  /** The version of this number. */
  public static Ref version(String source, String model, String version) {
    return new Ref(source, model, version, "");
  }

  /** The version that an alias points at when the portal reads this. */
  public static Ref alias(String source, String model, String alias) {
    return new Ref(source, model, "", alias);
  }

  static Ref of(Fields fields) {
    return version(fields.text("source"), fields.text("model"), fields.text("version"));
  }

  Map<String, Object> json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("source", source);
    fields.put("model", model);
    fields.put(alias.isEmpty() ? "version" : "alias", alias.isEmpty() ? version : alias);
    return fields;
  }

  @Override
  public String toString() {
    return source + "/" + model + (alias.isEmpty() ? "/" + version : "@" + alias);
  }
}
