"""What a multi-class SVC says of each pair of classes, which is what its labels are voted from."""

from __future__ import annotations

import copy
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt

# `Output.source` of the decision values of each pair, and of the classes that may win.
PAIRS = "decision_function:ovo"
WINNERS = "possible_winners"
# Decision values below this, times the row's largest above 1, are a matter of rounding: such a
# pair may go either way.
TIED = 1e-12
MOST_TIED = 4


def voter(estimator: Any) -> Any | None:
    """The SVC with more than two classes that a model ends in, or None."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            break
    is_svc = type(estimator).__name__ in ("SVC", "NuSVC")
    return estimator if is_svc and len(estimator.classes_) > 2 else None


def pairs(estimator: Any, frame: Any) -> npt.NDArray[np.float64]:
    """[N, pairs] decision values, positive for the first class of a pair."""
    if hasattr(estimator, "best_estimator_"):
        return pairs(estimator.best_estimator_, frame)
    if hasattr(estimator, "steps"):
        for _, step in estimator.steps[:-1]:
            frame = frame if step in (None, "passthrough") else step.transform(frame)
        return pairs(estimator.steps[-1][1], frame)
    # A copy: the model itself must keep answering as it was saved.
    one_to_one = copy.copy(estimator)
    one_to_one.decision_function_shape, one_to_one.break_ties = "ovo", False
    return np.asarray(one_to_one.decision_function(frame), np.float64)


def winners(estimator: Any, frame: Any) -> npt.NDArray[np.float64]:
    """[N, classes] 1 for each class that wins some way of settling the tied pairs, else 0."""
    values = pairs(estimator, frame)
    found = voter(estimator)
    classes = len(found.classes_) if found is not None else 2
    settled = _most_voted(values > 0, classes)
    won = np.zeros((len(values), classes))
    won[np.arange(len(values)), settled] = 1.0
    tied = np.abs(values) < TIED * np.maximum(1.0, np.abs(values).max(axis=1, keepdims=True))
    for row in np.flatnonzero(tied.any(axis=1)):
        places = np.flatnonzero(tied[row])[:MOST_TIED]
        ways = np.repeat((values[row] > 0)[None, :], 2 ** len(places), axis=0)
        ways[:, places] = list(product((False, True), repeat=len(places)))
        won[row, _most_voted(ways, classes)] = 1.0
    return won


def _most_voted(first_wins: npt.NDArray[np.bool_], classes: int) -> npt.NDArray[np.intp]:
    """[N, pairs] → [N] the first class with most votes."""
    counted = np.zeros((len(first_wins), classes))
    for place, (first, second) in enumerate(combinations(range(classes), 2)):
        counted[:, first] += first_wins[:, place]
        counted[:, second] += ~first_wins[:, place]
    return np.asarray(counted.argmax(axis=1))
