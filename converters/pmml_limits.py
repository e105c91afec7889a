"""What the PMML route cannot carry or is known to carry wrongly, and what it can promise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from converters.contract import Signature
from converters.errors import Refused

# Class → the sentence for its owner. All of these convert without an error and answer wrongly.
WRONG = {
    "CalibratedClassifierCV": (
        "Calibrated probabilities come out wrong in PMML around a model that only SkLearn2PMML "
        "writes; calibrate a linear model or trees."
    ),
    "StackingClassifier": "StackingClassifier does not come out right in PMML; use a soft vote.",
    "GaussianProcessRegressor": "Gaussian processes do not go into PMML; use a forest or an SVR.",
    "HashingVectorizer": "Hashed text is not reproduced exactly on the JVM; use a vocabulary.",
}
# Models that compute in float32 themselves, or whose PMML adds in another order.
FLOAT = ("Voting", "Stacking", "XGB", "LGBM")
LIBRARIES = ("sklearn", "xgboost", "lightgbm", "catboost")
# Their several scores go through a sigmoid in PMML, which is 1.0 for all large ones.
SQUEEZED = (
    *("LinearSVC", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier", "Perceptron"),
    "PassiveAggressiveClassifier",
)
UNNAMED = "A step of this model"
# So say refusals where only a library's own converter was left to ask.
WRITTEN_BY_OTHERS = "converts to no ONNX today"
FORESTS = ("DecisionTree", "RandomForest", "ExtraTree", "Bagging", "IsolationForest", "AdaBoost")
INNER = (
    *("steps", "transformers_", "transformer_list", "estimators_", "estimators", "estimator_"),
    *("best_estimator_", "regressor_", "final_estimator_", "estimator", "calibrated_classifiers_"),
)


def parts(estimator: Any) -> Iterator[Any]:
    """The estimator and every fitted one inside it, steps of pipelines and members alike."""
    yield estimator
    for name in INNER:
        value = getattr(estimator, name, None)
        if value is None or isinstance(value, str):
            continue
        for item in value if isinstance(value, list | tuple) else np.ravel(value).tolist():
            inner = item[1] if isinstance(item, tuple) and len(item) > 1 else item
            if hasattr(inner, "get_params") or hasattr(inner, "classes_"):
                yield from parts(inner)


def check(estimator: Any) -> None:
    """Refuse by name what converts silently into something wrong.

    Raises:
        Refused: `own_python`, `not_in_pmml`.
    """
    for part in parts(estimator):
        if own := _own_python(part):
            raise Refused(
                "own_python",
                f"This model calls your own Python (`{own}`); PMML cannot carry it. Compute it "
                "before the model.",
            )
        sentence = WRONG.get(type(part).__name__) or _wrong_setting(part)
        if sentence:
            raise Refused("not_in_pmml", sentence)


def _own_python(part: Any) -> str:
    """The name of a class or function that no library of ours brings, or nothing."""
    if type(part).__module__.partition(".")[0] not in LIBRARIES:
        return type(part).__name__
    for name in ("func", "inverse_func", "tokenizer", "preprocessor"):
        value = getattr(part, name, None)
        if callable(value) and not isinstance(value, np.ufunc):
            return str(getattr(value, "__name__", type(value).__name__))
    return ""


def _wrong_setting(part: Any) -> str:
    name = type(part).__name__
    if name == "QuantileTransformer" and part.output_distribution == "normal":
        return (
            "QuantileTransformer(output_distribution='normal') comes out far off in PMML; use "
            "'uniform'."
        )
    if name == "KNeighborsRegressor" and part.weights == "distance":
        return (
            "KNeighborsRegressor(weights='distance') has no answer in PMML where a row equals a "
            "training row; use weights='uniform'."
        )
    if name in SQUEEZED and len(getattr(part, "classes_", ())) > 2:
        return (
            f"{name} with more than two classes names wrong ones in PMML where several scores are "
            "large, beside a step that only SkLearn2PMML writes; train LogisticRegression."
        )
    # A network's n_outputs_ counts its classes.
    several = getattr(part, "n_outputs_", 1) > 1 and not name.startswith("MLPClassifier")
    if several or name.startswith("MultiOutput"):
        return "Models with several outputs do not come out right in PMML; train one model each."
    if name.startswith(FORESTS) and _learned_from_missing(part):
        return (
            "This forest learned from rows with missing values, which PMML answers with nothing; "
            "impute first."
        )
    if getattr(part, "linear_tree", False):
        return "LightGBM's linear_tree leaves hold formulas that PMML does not carry."
    return ""


def _learned_from_missing(part: Any) -> bool:
    """Whether a node sends missing values against the rule for nodes that saw none.

    Such nodes send them to the child with more training rows (sklearn/tree/_splitter.pyx).
    """
    grown = getattr(part, "tree_", None)
    if grown is None:
        return False
    inner = grown.children_left >= 0
    left = grown.n_node_samples[grown.children_left[inner]]
    right = grown.n_node_samples[grown.children_right[inner]]
    goes_left = np.asarray(grown.missing_go_to_left)[inner].astype(bool)
    return bool((goes_left != (left > right)).any())


def takes_missing(estimator: Any) -> bool:
    """Whether missing values may reach the document: sklearn's trees take them, JPMML's do not."""
    return not any(type(part).__name__.startswith(FORESTS) for part in parts(estimator))


def is_double(estimator: Any, signature: Signature) -> bool:
    """Whether original and document both compute in double, so that the tight tolerance holds."""
    if any(column.type == "float" for column in signature.columns):
        return False
    if signature.tensor is not None and signature.tensor.dtype == "float32":
        return False
    return not any(type(part).__name__.startswith(FLOAT) for part in parts(estimator))


def another_way(refusal: Refused) -> bool:
    """Whether SkLearn2PMML may still write what our emitters refused."""
    return refusal.code in ("no_converter", "not_in_pmml", "known_wrong", "pmml_size")


def refusal(log: str) -> Refused:
    """The refusal for a failed run of the program, from what it wrote on stderr."""
    named = re.findall(r"Python class (?:\w+\.)*(\w+)", log)
    what = named[-1] if named else UNNAMED
    return Refused(
        "not_in_pmml",
        f"{what} does not go into PMML; replace it, or do its work before the model.",
    )


def neither(ours: Refused, theirs: Refused) -> Refused:
    """The refusal where neither writer has a model: the one that names what is in the way."""
    if theirs.code == "own_python":
        return theirs
    if ours.code == "no_converter" and WRITTEN_BY_OTHERS not in ours.sentence:
        # Ours names the step that nothing writes; theirs may name one that we do write.
        return Refused("not_in_pmml", ours.sentence.replace("ONNX", "PMML"))
    if theirs.sentence.startswith(UNNAMED) or ours.code == "pmml_size":
        return ours
    if ours.code == "not_in_pmml" and "export to ONNX" in ours.sentence:
        return Refused(theirs.code, f"{theirs.sentence} Or export to ONNX.")
    return theirs
