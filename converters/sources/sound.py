"""Sees that what was loaded holds together before anybody asks it: its trees, and its steps.

scikit-learn follows a tree's links without looking, beyond its memory or for ever, and goes down
into its steps however often they come back to themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.sources.parts import held, module, parts
from converters.trees import lightgbm, links, sklearn, xgboost

# Trees in which neighbours are looked for, in doubles or floats.
NEIGHBOURS = ("KDTree", "BallTree")
BOOSTERS = {"xgboost": xgboost.check, "lightgbm": lightgbm.check}
# More estimators inside each other than any model has; Python follows some hundreds.
DEEPEST = 100
# What an estimator keeps other estimators in.
CONTAINERS = (list, tuple, dict)


def check(estimator: Any, flavor: str) -> None:
    """See that a model is of whole trees, of real numbers, and is no part of itself.

    Raises:
        Refused: `model_recursive`, `model_unreadable`, `complex_numbers`.
    """
    _check_ends(estimator)
    for part in parts(estimator):
        library = module(type(part)).partition(".")[0]
        if library == "sklearn":
            _check_real(part)
            sklearn.check(part)
            if type(part).__name__.startswith(NEIGHBOURS):
                _check_neighbours(part)
        elif type(part).__name__ == "Booster" and library in BOOSTERS and flavor == "sklearn":
            BOOSTERS[library](part)


def recursive(kind: str) -> Refused:
    """The refusal of a model that is nested without an end, or as deep as to seem so."""
    return Refused(
        "model_recursive",
        f"The model's {kind} holds itself among its own parts, or more parts inside each other "
        "than Python follows; no answer can come of that. Build it from new parts, each once, "
        "train it and log it again.",
    )


def _check_ends(root: Any) -> None:
    """Follow every estimator to those inside it, as its methods do, and see that none comes back.

    An attribute that is neither a parameter nor learned is no way that a method takes.
    """
    open_: dict[int, Iterator[Any]] = {id(root): _inside(root)}
    stack, ended = [root], set()
    while stack:
        last = stack[-1]
        inner = next(open_[id(last)], None)
        if inner is None:
            ended.add(id(stack.pop()))
            del open_[id(last)]
        elif id(inner) in open_ or len(stack) >= DEEPEST:
            raise recursive(type(inner).__name__)
        elif id(inner) not in ended:
            open_[id(inner)] = _inside(inner)
            stack.append(inner)


def _inside(estimator: Any) -> Iterator[Any]:
    """The estimators that one holds in its parameters and in what it learned, lists followed."""
    told = getattr(estimator, "__dict__", {})
    known = type(estimator)._get_param_names() if _is_estimator(estimator) else ()
    waiting = [value for name, value in told.items() if name in known or name.endswith("_")]
    seen = set()
    while waiting:
        value = waiting.pop()
        if _is_estimator(value):
            yield value
        elif (isinstance(value, CONTAINERS) or _objects(value)) and id(value) not in seen:
            seen.add(id(value))
            waiting += held(value)


def _is_estimator(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(type(value), "_get_param_names")


def _objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _check_real(part: Any) -> None:
    for name, value in getattr(part, "__dict__", {}).items():
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "c":
            raise Refused(
                "complex_numbers",
                f"The model's {type(part).__name__} holds complex numbers in {name!r}, which no "
                "target carries and scikit-learn does not learn. Train it again on real numbers.",
            )


def _check_neighbours(tree: Any) -> None:
    """See that a tree of neighbours names rows and nodes that it has; asking it does not look."""
    data, order, nodes, *_ = tree.__getstate__()
    rows, count = len(data), len(nodes)
    starts, ends = np.asarray(nodes["idx_start"]), np.asarray(nodes["idx_end"])
    inner = np.flatnonzero(np.asarray(nodes["is_leaf"]) == 0)
    whole = (
        len(order) == rows
        and (not rows or (np.min(order) >= 0 and np.max(order) < rows))
        and (starts >= 0).all()
        and (starts <= ends).all()
        and (ends <= rows).all()
        # The two children of node i are 2i + 1 and 2i + 2.
        and (not len(inner) or 2 * int(inner[-1]) + 2 < count)
    )
    if not whole:
        raise links.damaged("a tree of neighbours names rows or nodes that it does not have")
