package $package;

import hex.genmodel.easy.prediction.AbstractPrediction;
import hex.genmodel.easy.prediction.AnomalyDetectionPrediction;
import hex.genmodel.easy.prediction.BinomialModelPrediction;
import hex.genmodel.easy.prediction.ClusteringModelPrediction;
import hex.genmodel.easy.prediction.MultinomialModelPrediction;
import hex.genmodel.easy.prediction.OrdinalModelPrediction;
import hex.genmodel.easy.prediction.RegressionModelPrediction;

/** Reads what genmodel answers for one row; an answer of another kind of model is an error. */
final class Predictions {
  private Predictions() {}

  static String label(AbstractPrediction told) {
    if (told instanceof BinomialModelPrediction one) {
      return one.label;
    }
    if (told instanceof MultinomialModelPrediction one) {
      return one.label;
    }
    if (told instanceof OrdinalModelPrediction one) {
      return one.label;
    }
    throw strange(told);
  }

  static double[] probabilities(AbstractPrediction told) {
    if (told instanceof BinomialModelPrediction one) {
      return one.classProbabilities;
    }
    if (told instanceof MultinomialModelPrediction one) {
      return one.classProbabilities;
    }
    if (told instanceof OrdinalModelPrediction one) {
      return one.classProbabilities;
    }
    throw strange(told);
  }

  /** A regression's prediction, or an anomaly's score between 0 and 1. */
  static double value(AbstractPrediction told) {
    if (told instanceof RegressionModelPrediction one) {
      return one.value;
    }
    if (told instanceof AnomalyDetectionPrediction one) {
      return one.normalizedScore;
    }
    throw strange(told);
  }

  static double meanLength(AbstractPrediction told) {
    if (told instanceof AnomalyDetectionPrediction one) {
      return one.score;
    }
    throw strange(told);
  }

  static int cluster(AbstractPrediction told) {
    if (told instanceof ClusteringModelPrediction one) {
      return one.cluster;
    }
    throw strange(told);
  }

  private static IllegalStateException strange(AbstractPrediction told) {
    return new IllegalStateException("genmodel answers " + told.getClass().getSimpleName());
  }
}
