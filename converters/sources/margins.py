"""Rows on which a support vector machine of two classes hangs on the rounding of its own sum.

Its score is a sum of products that may be many times larger than the score itself: beside it the
last digits of the terms decide, and with them the order in which a library adds them up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.sources.loaded import Loaded, Rows

Floats = npt.NDArray[np.float64]

# How many units in the last place of the terms' sum the score may be off.
UNITS = 16


def rounded(model: Loaded, asked: Rows) -> npt.NDArray[np.bool_]:
    """[N] where the score of a two-class SVC is nothing beside the sum of its terms' sizes."""
    count = len(next(iter(asked.values())))
    estimator, features = model.estimator, model.frame(asked)
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            for _, step in estimator.steps[:-1]:
                if _vectors(estimator.steps[-1][1]) and step not in (None, "passthrough"):
                    features = step.transform(features)
            estimator = estimator.steps[-1][1]
        else:
            break
    if not _vectors(estimator):
        return np.zeros(count, dtype=np.bool_)
    with np.errstate(all="ignore"):
        score = np.asarray(estimator.decision_function(features), np.float64)
        sizes = _sizes(estimator, np.asarray(features, np.float64))
        limit = UNITS * np.finfo(np.float64).eps * (sizes + np.abs(estimator.intercept_))
        return np.asarray(np.abs(score) <= limit, dtype=np.bool_)


def _vectors(estimator: Any) -> bool:
    """Whether this is an SVC whose terms are simple to bound."""
    return (
        type(estimator).__name__ in ("SVC", "NuSVC")
        and len(estimator.classes_) == 2
        and estimator.kernel in ("linear", "rbf", "poly")
        and isinstance(estimator.support_vectors_, np.ndarray)
    )


def _sizes(estimator: Any, features: Floats) -> Floats:
    """[N] the sum of the sizes of the score's terms, those inside the kernel included."""
    weights = np.abs(estimator.dual_coef_).ravel()
    if estimator.kernel == "rbf":
        return np.full(len(features), weights.sum())
    products = np.abs(features) @ np.abs(estimator.support_vectors_).T
    if estimator.kernel == "poly":
        base = estimator._gamma * products + abs(estimator.coef0)
        products = base**estimator.degree
    return np.asarray(products @ weights)
