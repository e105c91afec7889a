package io.crossport.spring;

import java.time.Instant;

/**
 * What is known of the alias that a model follows.
 *
 * @param checked when the portal was asked last, null before
 * @param error what went wrong then; empty where nothing did
 * @param last what became of the last build that the alias moved to; null before
 */
record Following(Instant checked, String error, ModelSwapEvent last) {
  static final Following NOT_YET = new Following(null, "", null);
}
