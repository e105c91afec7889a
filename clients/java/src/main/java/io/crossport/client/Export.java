package io.crossport.client;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * An export as the portal last told of it.
 *
 * @param id the portal's number of it
 * @param ref what is exported
 * @param target what it becomes: {@code onnx}, {@code pmml} …
 * @param profile where the bundle must run
 * @param state where it stands
 * @param code why it was refused or crashed; else empty
 * @param sentence the same for people
 * @param steps the stages of its newest attempt
 * @param createdAt when it was asked for
 * @param bundle what it led to
 */
public record Export(
    long id,
    Ref ref,
    String target,
    String profile,
    ExportState state,
    String code,
    String sentence,
    List<Step> steps,
    Optional<Instant> createdAt,
    Optional<Bundle> bundle) {
  /**
   * The bundle of an export that succeeded.
   *
   * @throws ExportFailedException there is none; its code and detail are the export's own
   */
  public Bundle published() {
    if (state == ExportState.SUCCEEDED && bundle.isPresent()) {
      return bundle.get();
    }
    if (!state.isFinal()) {
      String now = state.name().toLowerCase(Locale.ROOT);
      throw new ExportFailedException(
          this, now, "Export " + id + " is still " + now + "; wait for it longer.");
    }
    String why = sentence.isEmpty() ? "Export " + id + " led to no bundle." : sentence;
    throw new ExportFailedException(
        this, code.isEmpty() ? state.name().toLowerCase(Locale.ROOT) : code, why);
  }

  static Export of(Fields fields) {
    return new Export(
        fields.number("id"),
        Ref.of(fields.inner("ref")),
        fields.text("target"),
        fields.text("profile"),
        ExportState.of(fields.text("state")),
        fields.text("code"),
        fields.text("sentence"),
        fields.all("steps").map(Step::of).toList(),
        fields.moment("created_at"),
        fields.has("bundle") ? Optional.of(Bundle.of(fields.inner("bundle"))) : Optional.empty());
  }
}
