package io.crossport.client;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A version of a registered model.
 *
 * @param id the portal's number of it
 * @param modelId the portal's number of its model
 * @param ref its name
 * @param stage its stage, for registries that have them; else empty
 * @param description what its owner says of it
 * @param tags its tags
 * @param aliases the aliases that point at it
 * @param flavors what MLflow can load it as
 * @param runId the run that logged it
 * @param createdAt when it was registered
 */
public record Version(
    long id,
    long modelId,
    Ref ref,
    String stage,
    String description,
    Map<String, String> tags,
    List<String> aliases,
    List<String> flavors,
    String runId,
    Optional<Instant> createdAt) {
  static Version of(Fields fields) {
    return new Version(
        fields.number("id"),
        fields.number("model_id"),
        Ref.of(fields),
        fields.text("stage"),
        fields.text("description"),
        fields.texts("tags"),
        fields.words("aliases"),
        fields.words("flavors"),
        fields.text("run_id"),
        fields.moment("created_at"));
  }
}
