package io.crossport.client;

import java.util.Map;
import java.util.Optional;

/**
 * A registered model, as the portal mirrors it.
 *
 * @param id the portal's number of it
 * @param source the slug of the registry that it is mirrored from
 * @param name its name there
 * @param description what its owner says of it
 * @param tags its tags
 * @param aliases alias to version number
 * @param latestVersion its highest version that still exists
 */
public record Model(
    long id,
    String source,
    String name,
    String description,
    Map<String, String> tags,
    Map<String, String> aliases,
    Optional<String> latestVersion) {
  /** The version that an alias points at when the portal reads this. */
  public Ref alias(String alias) {
    return Ref.alias(source, name, alias);
  }

  static Model of(Fields fields) {
    return new Model(
        fields.number("id"),
        fields.text("source"),
        fields.text("name"),
        fields.text("description"),
        fields.texts("tags"),
        fields.texts("aliases"),
        fields.maybe("latest_version"));
  }
}
