package io.crossport.spring;

/**
 * What became of a build that an alias moved to; published to the application's listeners.
 *
 * @param model the model's name in the configuration
 * @param from the build in use until then
 * @param to the build that the alias stands for
 * @param outcome what was decided
 * @param shadow how the two compare
 * @param reason why, in a sentence
 */
public record ModelSwapEvent(
    String model,
    ModelBuild from,
    ModelBuild to,
    Outcome outcome,
    ShadowReport shadow,
    String reason) {
  /** What was decided. */
  public enum Outcome {
    /** The new build answers from now on. */
    SWAPPED,
    /** The comparison exceeds what the configuration allows: the old build stays. */
    KEPT,
    /** The new build is not for this application, which must be built anew. */
    UNFIT
  }
}
