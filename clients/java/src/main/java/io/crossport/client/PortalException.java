package io.crossport.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The portal said no, or that it failed: a problem document of RFC 9457. */
public final class PortalException extends CrossportException {
  private static final long serialVersionUID = 1L;

  /** Sentences by field; not kept where the exception is serialized. */
  private final transient Map<String, List<String>> errors;

  /** How long the portal asks to wait, or null. */
  private final Duration retryAfter;

  PortalException(
      String code,
      String detail,
      int status,
      Map<String, List<String>> errors,
      Optional<Duration> retryAfter) {
    super(code, detail, status, null);
    this.errors = errors;
    this.retryAfter = retryAfter.orElse(null);
  }

  /** Which fields of the request are wrong, each with its sentences; of code {@code invalid}. */
  public Map<String, List<String>> errors() {
    return errors == null ? Map.of() : errors;
  }

  /** How long the portal asks to wait before another try; longer than this client waits itself. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
