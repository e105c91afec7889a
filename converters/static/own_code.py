"""Where a pickled estimator keeps Python of its owner's, and whether answers need it.

Most functions that an estimator keeps were called to train it and never again: a selector of
columns, a scorer, an optimizer. Only what is sure to be called for an answer is in the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from converters.static.objects import Made, Named, Table

# What a library's own pickles import; any other package is the owner's, or is not installed here.
PACKAGES = frozenset(
    {
        *("sklearn", "numpy", "scipy", "pandas", "xgboost", "lightgbm", "catboost", "joblib"),
        *("builtins", "__builtin__", "copyreg", "copy_reg", "collections", "functools", "operator"),
        *("_codecs", "cloudpickle", "types", "datetime", "re", "typing", "itertools", "math"),
        *("_pickle", "pickle", "abc", "pathlib", "uuid", "decimal", "numbers", "inspect", "array"),
        *("pyarrow", "pytz", "dateutil", "zoneinfo", "enum", "dataclasses", "weakref", "random"),
        *("string", "fractions", "threading", "warnings", "contextlib", "codecs", "io", "logging"),
        *("copy", "time"),
    }
)
# How cloudpickle makes a function and a class from their code.
FUNCTION = "_make_function"
CLASSES = ("_make_skeleton_class", "_make_skeleton_enum")
LAMBDA = "<lambda>"
# Attributes whose estimators answer, unlike those that are copied, fitted and left behind.
CARRYING = frozenset(
    {
        *("steps", "transformers_", "transformer_list", "best_estimator_", "estimator_"),
        *("estimators_", "regressor_", "final_estimator_", "calibrated_classifiers_"),
        *("base_estimator_",),
    }
)
# They carry under the name that others give to what is only copied.
CARRYING_AS_GIVEN = frozenset({"_CalibratedClassifier", "FrozenEstimator"})
# They ask what they trained which columns to keep, and hand on columns, not its answers.
ASKING_ONCE = frozenset({"RFE", "RFECV", "SelectFromModel", "SequentialFeatureSelector"})
_TEXTS = frozenset({"tokenizer", "preprocessor", "analyzer", "strip_accents"})
_NEIGHBOURS = frozenset({"metric", "weights"})
_KERNEL = frozenset({"kernel"})
# Attributes that are called for every answer, by class.
ANSWERING = {
    "FunctionTransformer": frozenset({"func"}),
    "TransformedTargetRegressor": frozenset({"inverse_func"}),
    "FeatureAgglomeration": frozenset({"pooling_func"}),
    "GaussianProcessRegressor": frozenset({"kernel_"}),
    **dict.fromkeys(("CountVectorizer", "TfidfVectorizer", "HashingVectorizer"), _TEXTS),
    **dict.fromkeys(("SVC", "SVR", "NuSVC", "NuSVR", "OneClassSVM"), _KERNEL),
    **dict.fromkeys(("KernelPCA", "KernelRidge", "Nystroem"), _KERNEL),
    **dict.fromkeys(("KNeighborsClassifier", "KNeighborsRegressor", "KNNImputer"), _NEIGHBOURS),
    **dict.fromkeys(("RadiusNeighborsClassifier", "RadiusNeighborsRegressor"), _NEIGHBOURS),
    **dict.fromkeys(("LocalOutlierFactor",), frozenset({"metric"})),
    **dict.fromkeys(("KNeighborsTransformer", "RadiusNeighborsTransformer"), frozenset({"metric"})),
}
# Methods that an object may be given anew.
METHODS = frozenset({"predict", "predict_proba", "decision_function", "transform", "score_samples"})


@dataclass(frozen=True)
class Own:
    """Python of the owner's that every answer calls.

    name: of the function or class. holder: the class that calls it, empty where it is itself an
    estimator. attribute: where the holder keeps it.
    """

    name: str
    holder: str = ""
    attribute: str = ""


def is_own(name: str) -> bool:
    """Whether `module.name` is no library's that models are made with."""
    top = name.partition(".")[0]
    return top == "__main__" or (top not in PACKAGES and not name.startswith("_"))


def answering(root: Any) -> Own | None:
    """The first Python of the owner's that is sure to be called for an answer, or None.

    Args:
        root: what `objects.Machine` made of the pickle.
    """
    waiting, seen = [root], {id(None)}
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list | tuple):
            waiting += reversed(value)
        elif isinstance(value, Table):
            waiting += [inner for _, inner in reversed(value.items)]
        elif isinstance(value, Made):
            if (name := own_name(value.kind)) is not None:
                return Own(name)
            if found := _called(value):
                return found
            waiting += reversed(list(_carried(value)))
    return None


def own_name(value: Any) -> str | None:
    """What a function or class is called where it is the owner's, else None."""
    if isinstance(value, Named):
        return value.name if is_own(value.name) else None
    if not isinstance(value, Made) or not isinstance(value.kind, Named):
        return None
    maker = value.kind.name.rpartition(".")[2]
    if maker == FUNCTION:
        code = value.arguments[0] if value.arguments else None
        # A code object is made of numbers, tuples, and these texts: its file, its name.
        texts = [one for one in getattr(code, "arguments", ()) if isinstance(one, str)]
        return texts[1] if len(texts) > 1 else "a function"
    if maker in CLASSES:
        named = value.arguments[1] if len(value.arguments) > 1 else None
        return named if isinstance(named, str) else "a class"
    return None


def _short(value: Made) -> str:
    """The name of an object's class, without its module."""
    return value.kind.name.rpartition(".")[2] if isinstance(value.kind, Named) else ""


def _called(value: Made) -> Own | None:
    """What this object calls for each answer, where that is the owner's."""
    holder = _short(value)
    called = ANSWERING.get(holder, frozenset()) | METHODS
    for attribute, held in value.attributes():
        if attribute in called and (name := within(held)) is not None:
            return Own(name, holder, attribute)
    return None


def within(held: Any) -> str | None:
    """The first name of the owner's in a value and all that it is made of, or None."""
    waiting, seen = [held], set[int]()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if (name := own_name(value)) is not None:
            return name
        if isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, Table):
            waiting += [inner for _, inner in value.items]
        elif isinstance(value, Made):
            waiting += [value.kind, *value.arguments, *value.states]
    return None


def _carried(value: Made) -> Iterator[Any]:
    """The attributes of an object that hold estimators which answer."""
    holder = _short(value)
    for attribute, held in value.attributes():
        given = attribute == "estimator" and holder in CARRYING_AS_GIVEN
        asked = attribute == "estimator_" and holder in ASKING_ONCE
        if given or (attribute in CARRYING and not asked):
            yield held
