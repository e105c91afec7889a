"""Split points of one fitted model, whatever library grew its trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.sampling.features import Floats
from converters.trees.form import keys, thresholds


def split_points(estimator: Any) -> dict[int, Floats]:
    """Each column's thresholds in one model, not in the models inside it; empty without trees."""
    if hasattr(estimator, "tree_"):
        return _by_column([(estimator.tree_.feature, estimator.tree_.threshold)])
    if hasattr(estimator, "_predictors"):
        nodes = [member.nodes for stage in estimator._predictors for member in stage]
        inner = [part[(part["is_leaf"] == 0) & (part["is_categorical"] == 0)] for part in nodes]
        found = _by_column([(part["feature_idx"], part["num_threshold"]) for part in inner])
        return _before_encoder(estimator, found)
    library = type(estimator).__module__.partition(".")[0]
    if not is_fitted(estimator):
        return {}
    try:
        if library == "xgboost":
            from converters.trees import xgboost

            return thresholds(xgboost.read(_booster(estimator)).ensemble)
        if library == "lightgbm":
            from converters.trees import lightgbm

            return thresholds(lightgbm.read(_booster(estimator)).ensemble)
        if library == "catboost":
            from converters.trees import catboost

            return catboost.borders(estimator)
    except Refused:
        # The reader says no to some trees (categories, linear leaves); without their split points
        # the rows are merely less sharp.
        return {}
    return {}


def _before_encoder(estimator: Any, found: dict[int, Floats]) -> dict[int, Floats]:
    """HistGradientBoosting puts its categories before all numbers, and counts columns so."""
    categorical = estimator.is_categorical_
    if categorical is None:
        return found
    order = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])
    return {int(order[column]): points for column, points in sorted(found.items())}


def learned_words(estimator: Any, width: int) -> dict[int, list[Any]]:
    """Each column's categories that one booster learned itself; empty for all else."""
    from converters.sources import categories

    library = type(estimator).__module__.partition(".")[0]
    if library in ("xgboost", "lightgbm", "catboost") and not is_fitted(estimator):
        return {}
    try:
        if library == "catboost":
            known = getattr(estimator, "crossport_words", {})
            return {column: list(words) for column, words in known.items() if column < width}
        learned = categories.learned(estimator)
        found: dict[int, list[Any]] = {
            column: list(one.words or one.numbers) for column, one in learned.items()
        }
        if library in ("xgboost", "lightgbm"):
            found |= _codes(estimator, set(found))
    except Refused:
        return {}  # the converter itself says why
    return found


def _codes(estimator: Any, known: set[int]) -> dict[int, list[Any]]:
    """Codes of categories without names, and what is beside them: fractions, negative numbers."""
    if _booster(estimator) is None:
        return {}
    from converters.trees import lightgbm, xgboost

    is_xgboost = type(estimator).__module__.startswith("xgboost")
    if is_xgboost and "c" not in (_booster(estimator).feature_types or ()):
        return {}
    reader: Any = xgboost if is_xgboost else lightgbm
    asked = keys(reader.read(_booster(estimator)).ensemble)
    odd = [-1.0, -0.5, 0.5]
    return {
        column: [*odd, *codes.astype(float).tolist(), float(codes.max(initial=0) + 1)]
        for column, codes in asked.items()
        if column not in known
    }


def is_fitted(estimator: Any) -> bool:
    """Whether a booster learned anything; the pattern that a meta-estimator copies did not."""
    for name in ("__sklearn_is_fitted__", "is_fitted"):
        if callable(tell := getattr(estimator, name, None)):
            return bool(tell())
    return True


def _booster(estimator: Any) -> Any:
    if hasattr(estimator, "get_booster"):
        return estimator.get_booster()
    return getattr(estimator, "booster_", estimator)


def _by_column(parts: list[tuple[Any, Any]]) -> dict[int, Floats]:
    if not parts:
        return {}
    columns = np.concatenate([np.asarray(part[0], dtype=np.int64) for part in parts])
    points = np.concatenate([np.asarray(part[1], dtype=np.float64) for part in parts])
    return {
        int(column): np.unique(points[columns == column])
        for column in np.unique(columns)
        if column >= 0
    }
