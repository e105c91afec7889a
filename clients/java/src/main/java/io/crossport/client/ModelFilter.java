package io.crossport.client;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Which models are wanted; every method gives a narrower filter and changes nothing. */
public final class ModelFilter {
  private final Map<String, String> parameters;

  private ModelFilter(Map<String, String> parameters) {
    this.parameters = parameters;
  }

  /** All models. */
  public static ModelFilter all() {
    return new ModelFilter(Map.of());
  }

  /** Words in name, description or tags. */
  public ModelFilter words(String words) {
    return with("q", words);
  }

  /** The exact name. */
  public ModelFilter name(String name) {
    return with("name", name);
  }

  /** The slug of a source. */
  public ModelFilter source(String slug) {
    return with("source", slug);
  }

  /** What MLflow can load it as. */
  public ModelFilter flavor(String flavor) {
    return with("flavor", flavor);
  }

  /** A tag with its value. */
  public ModelFilter tag(String key, String value) {
    return with("tag", key + ":" + value);
  }

  /** Those that have this alias. */
  public ModelFilter alias(String alias) {
    return with("alias", alias);
  }

  /** Those with a version in this stage. */
  public ModelFilter stage(String stage) {
    return with("stage", stage);
  }

  /** Those of which pre-flight says that they can become this target. */
  public ModelFilter exportableTo(String target) {
    return with("exportable", target);
  }

  /** Those with a published bundle, or those without. */
  public ModelFilter hasBundle(boolean has) {
    return with("has_bundle", String.valueOf(has));
  }

  Map<String, String> parameters() {
    return parameters;
  }

  private ModelFilter with(String name, String value) {
    Map<String, String> more = new TreeMap<>(parameters);
    more.put(name, Objects.requireNonNull(value, name));
    return new ModelFilter(more);
  }
}
