package io.crossport.client;

import java.util.Locale;

/** Where an export stands. */
public enum ExportState {
  /** It waits for a worker. */
  QUEUED,
  /** A worker is at it. */
  RUNNING,
  /** There is a bundle. */
  SUCCEEDED,
  /** The model cannot take this route, or its answers differ; the code and sentence say why. */
  REFUSED,
  /** Crossport failed; it may be tried again. */
  CRASHED,
  /** Somebody cancelled it. */
  CANCELLED;

  /** Whether it will not change any more. */
  public boolean isFinal() {
    return this != QUEUED && this != RUNNING;
  }

  static ExportState of(String text) {
    try {
      return valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException unknown) {
      throw Fields.strange("an export is \"" + text + "\", which this client does not know");
    }
  }
}
