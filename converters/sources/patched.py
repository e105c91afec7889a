"""Finds methods of a library's model that its owner replaced: its answers are not the library's.

Conversion reads what a model has learned and knows its library's arithmetic. A method that was put
in the place of the library's own may answer a few rows otherwise, which no sampled row need be.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import FunctionType
from typing import Any

from converters.errors import Refused
from converters.sources.parts import module, parts

LIBRARIES = ("sklearn", "xgboost", "lightgbm", "catboost")
# The methods that answer rows, and what those of the libraries rest on.
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "inplace_predict",
)


def check(estimator: Any) -> None:
    """See that every part of a model answers by its library's own methods.

    Raises:
        Refused: `own_python`, naming the method.
    """
    seen: dict[type, str] = {}
    for part in parts(estimator):
        kind = type(part)
        if not _library(module(kind)):
            continue
        if kind not in seen:
            seen[kind] = _patched(kind)
        if name := _replaced(part) or seen[kind]:
            raise Refused(
                "own_python",
                f"`{name}` of this model's {kind.__name__} is your own Python in the place of the "
                "library's; no format can carry it. Log the model with its own methods, and "
                "compute the rest before or after it.",
            )


def _library(name: str) -> str:
    top = name.partition(".")[0]
    return top if top in LIBRARIES else ""


def _replaced(part: Any) -> str:
    """A method that an attribute of the object hides."""
    hidden = (
        name
        for name, value in getattr(part, "__dict__", {}).items()
        if callable(value) and callable(getattr(type(part), name, None))
    )
    return next(hidden, "")


def _patched(kind: type) -> str:
    """A method of a library's class, or of one below it, whose code lies elsewhere."""
    for base in kind.__mro__:
        library = _library(module(base))
        if not library:
            continue
        place = Path(str(importlib.import_module(library).__file__)).parent
        for name in METHODS:
            function = _function(vars(base).get(name))
            if isinstance(function, FunctionType) and not _lies_in(function, place):
                return name
    return ""


def _lies_in(function: FunctionType, place: Path) -> bool:
    return Path(function.__code__.co_filename).is_relative_to(place)


def _function(member: Any) -> Any:
    """The function behind a method; scikit-learn's `available_if` keeps it in `fn`."""
    return getattr(member, "fn", getattr(member, "__func__", member))
