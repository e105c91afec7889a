package $package;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/**
 * How the runtime runs the model.
 *
 * <p>Answers were proven with {@link #PROVEN}; other settings may change their last digits, so run
 * the golden rows with them once.
 *
 * @param threads threads that share one call's work; 0 for as many as there are cores
 * @param cuda number of the CUDA device; negative for none. Needs the artifact onnxruntime_gpu in
 *     place of onnxruntime
 * @param optimisation how far the runtime rewrites the model when it opens it
 */
public record ${prefix}Options(int threads, int cuda, Optimisation optimisation) {
  /** The settings with which the answers were proven. */
  public static final ${prefix}Options PROVEN = new ${prefix}Options(1, -1, Optimisation.ALL);

  /** How far the runtime rewrites the model. */
  public enum Optimisation {
    NONE(OrtSession.SessionOptions.OptLevel.NO_OPT),
    BASIC(OrtSession.SessionOptions.OptLevel.BASIC_OPT),
    EXTENDED(OrtSession.SessionOptions.OptLevel.EXTENDED_OPT),
    ALL(OrtSession.SessionOptions.OptLevel.ALL_OPT);

    private final OrtSession.SessionOptions.OptLevel level;

    Optimisation(OrtSession.SessionOptions.OptLevel level) {
      this.level = level;
    }
  }

  /** The same with so many threads a call. */
  public ${prefix}Options withThreads(int count) {
    return new ${prefix}Options(count, cuda, optimisation);
  }

  /** The same on a CUDA device. */
  public ${prefix}Options withCuda(int device) {
    return new ${prefix}Options(threads, device, optimisation);
  }

  /** The same with another optimisation. */
  public ${prefix}Options withOptimisation(Optimisation level) {
    return new ${prefix}Options(threads, cuda, level);
  }

  OrtSession.SessionOptions forSession() throws OrtException {
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    try {
      options.setIntraOpNumThreads(threads);
      options.setOptimizationLevel(optimisation.level);
      if (cuda >= 0) {
        options.addCUDA(cuda);
      }
      return options;
    } catch (OrtException e) {
      options.close();
      throw e;
    }
  }
}
