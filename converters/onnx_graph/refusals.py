"""What is refused by name: known wrong answers of converters, and Python that no format carries."""

from __future__ import annotations

from typing import Any

from converters.errors import Refused
from converters.onnx_graph.registry import class_name

LIBRARIES = ("sklearn", "xgboost", "lightgbm")

# Measured wrong, or written and then not loadable; the sentence says what to do instead.
KNOWN_WRONG = {
    "sklearn.SplineTransformer": "splines that no format carries",
    "sklearn.IterativeImputer": "an iterative imputer that no format carries",
    "sklearn.StackingClassifier": "a stack whose ONNX does not run; use a StackingRegressor or one "
    "model",
    "sklearn.FeatureHasher": "hashing that no format reproduces",
    "sklearn.HashingVectorizer": "hashing that no format reproduces",
    "sklearn.TransformedTargetRegressor": "a transformed target, which PMML carries",
    "sklearn.TunedThresholdClassifierCV": "a classifier with a threshold of its own, which no "
    "format carries; log its estimator_ and apply best_threshold_ to the probabilities",
    "sklearn.FixedThresholdClassifier": "a classifier with a threshold of its own, which no format "
    "carries; log its estimator_ and apply the threshold to the probabilities",
    "sklearn.RadiusNeighborsClassifier": "a vote of neighbours in a radius, whose ONNX breaks off "
    "where a row has none; use KNeighborsClassifier",
    "sklearn.RadiusNeighborsRegressor": "a mean of neighbours in a radius, whose ONNX breaks off "
    "where a row has none; use KNeighborsRegressor",
    "sklearn.MultiOutputClassifier": "several classifiers in one; log one a target",
}


def refuse_known(estimator: Any) -> None:
    """See that this estimator is a library's own and not known to convert wrongly.

    Raises:
        Refused: `own_python`, `known_wrong`.
    """
    kind = type(estimator)
    name = class_name(kind)
    if kind.__module__.split(".")[0] not in LIBRARIES:
        raise own_python(f"{kind.__module__}.{kind.__qualname__}")
    if name in KNOWN_WRONG:
        raise Refused("known_wrong", f"{kind.__name__} is {KNOWN_WRONG[name]}.")
    _refuse_settings(estimator, name)


def own_python(name: str) -> Refused:
    """The refusal for Python that is the model owner's own."""
    return Refused(
        "own_python",
        f"This pipeline calls your own Python (`{name}`); ONNX cannot carry it. Compute it before "
        "the model.",
    )


def _refuse_settings(estimator: Any, name: str) -> None:
    """Estimators that are right in one setting and wrong in another."""
    if name == "sklearn.CalibratedClassifierCV" and estimator.method == "isotonic":
        raise Refused(
            "known_wrong",
            "Isotonic calibration converts wrongly to every format (labels differ in 1.3 % of "
            "rows); calibrate with method='sigmoid'.",
        )
    if name == "sklearn.KNeighborsRegressor" and estimator.weights != "uniform":
        raise Refused(
            "known_wrong",
            "KNeighborsRegressor(weights='distance'): ONNX is wrong by up to 250 %, and PMML is "
            "empty where a row equals a training row; use weights='uniform'.",
        )
    if name == "sklearn.GaussianProcessClassifier" and len(estimator.classes_) > 2:
        raise Refused(
            "known_wrong",
            "A Gaussian process with more than two classes converts to no format; use another "
            "classifier.",
        )
