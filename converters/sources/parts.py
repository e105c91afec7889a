"""What a model holds: the objects inside it, nearest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

# Values that hold nothing of a model's; a vocabulary has a hundred thousand of them.
PLAIN = (str, bytes, int, float, complex, np.generic, type(None), type, ModuleType)
CONTAINERS = (list, tuple, dict, np.ndarray)
# The last is our own: what a source reads out of a model.
LIBRARIES = ("sklearn", "xgboost", "lightgbm", "catboost", "converters")


def held(part: Any) -> list[Any]:
    """What an object holds directly: its attributes, items, or an object array's entries."""
    if isinstance(part, dict):
        return list(part.values())
    if isinstance(part, list | tuple):
        return list(part)
    if isinstance(part, np.ndarray):
        return part.ravel().tolist() if part.dtype == object else []
    return list(vars(part).values()) if hasattr(part, "__dict__") else []


def parts(
    root: Any, enters: Callable[[Any], bool] = lambda part: True, deepest: int | None = None
) -> Iterator[Any]:
    """The object and what it holds, each once, level by level; plain values are left out.

    enters: whether to look inside an object. deepest: how many levels below the root; None for all.
    """
    level, seen, depth = [root], {id(root)}, 0
    while level and (deepest is None or depth <= deepest):
        deeper = []
        for part in level:
            yield part
            for inner in held(part) if enters(part) else []:
                if not isinstance(inner, PLAIN) and id(inner) not in seen:
                    seen.add(id(inner))
                    deeper.append(inner)
        level, depth = deeper, depth + 1


def estimators(estimator: Any) -> Iterator[Any]:
    """The estimator and all estimators inside it, wherever they are kept, outermost first.

    Unfitted copies that a model keeps beside its fitted ones are among them.
    """
    yield estimator
    for item in parts(estimator, lambda one: isinstance(one, CONTAINERS) or _of_library(one)):
        if item is not estimator and _of_library(item):
            yield item


def _of_library(item: Any) -> bool:
    return module(type(item)).partition(".")[0] in LIBRARIES and hasattr(item, "__dict__")


def module(kind: type) -> str:
    """The module that a class says it is from; none where a class puts something else there."""
    said = kind.__module__
    return said if isinstance(said, str) else ""
