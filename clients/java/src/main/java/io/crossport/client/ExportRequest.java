package io.crossport.client;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * The wish for an export. Each one has an idempotency key of its own, so that sending it again, as
 * the client does when the portal is busy, never means a second one.
 *
 * @param ref what is to be exported
 * @param target what it becomes: {@code onnx}, {@code pmml} …
 * @param options {@code inputs}, {@code opset} …; what is not named is the portal's choice
 * @param profile where the bundle must run; empty for the portal's choice
 * @param idempotencyKey up to 200 characters
 */
public record ExportRequest(
    Ref ref, String target, Map<String, Object> options, String profile, String idempotencyKey) {
  /** Copies the options. */
  public ExportRequest {
    Objects.requireNonNull(ref, "ref");
    Objects.requireNonNull(target, "target");
    Objects.requireNonNull(profile, "profile");
    Objects.requireNonNull(idempotencyKey, "idempotencyKey");
    options = Map.copyOf(options);
  }

  /** The wish for an export with the portal's own choices, under a new key. */
  public static ExportRequest of(Ref ref, String target) {
    return new ExportRequest(ref, target, Map.of(), "", UUID.randomUUID().toString());
  }

  /** The same with one more option, under a new key. */
  public ExportRequest option(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(options);
    more.put(name, Objects.requireNonNull(value, name));
    return new ExportRequest(ref, target, more, profile, UUID.randomUUID().toString());
  }

  /** The same for another profile, under a new key. */
  public ExportRequest profile(String profile) {
    return new ExportRequest(ref, target, options, profile, UUID.randomUUID().toString());
  }

  /** The same under a key of the caller's, such as a build's number. */
  public ExportRequest idempotencyKey(String key) {
    return new ExportRequest(ref, target, options, profile, key);
  }

  Map<String, Object> json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("ref", ref.json());
    fields.put("target", target);
    if (!options.isEmpty()) {
      fields.put("options", options);
    }
    if (!profile.isEmpty()) {
      fields.put("profile", profile);
    }
    return fields;
  }
}
