"""Split points of one fitted model, whatever library grew its trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.sampling.features import Floats
from converters.trees.form import thresholds


def split_points(estimator: Any) -> dict[int, Floats]:
    """Each column's thresholds in one model, not in the models inside it; empty without trees."""
    if hasattr(estimator, "tree_"):
        return _by_column([(estimator.tree_.feature, estimator.tree_.threshold)])
    if hasattr(estimator, "_predictors"):
        nodes = [member.nodes for stage in estimator._predictors for member in stage]
        inner = [part[(part["is_leaf"] == 0) & (part["is_categorical"] == 0)] for part in nodes]
        return _by_column([(part["feature_idx"], part["num_threshold"]) for part in inner])
    library = type(estimator).__module__.partition(".")[0]
    try:
        if library == "xgboost":
            from converters.trees import xgboost

            return thresholds(xgboost.read(_booster(estimator)).ensemble)
        if library == "lightgbm":
            from converters.trees import lightgbm

            return thresholds(lightgbm.read(_booster(estimator)).ensemble)
    except Refused:
        # The reader says no to some trees (categories, linear leaves); without their split points
        # the rows are merely less sharp.
        return {}
    return {}


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
