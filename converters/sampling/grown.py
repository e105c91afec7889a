"""Reads the trees of one fitted model, so that rows can be led through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.sampling.splits import is_fitted
from converters.trees.form import LEAF, Category, Ensemble, Key


@dataclass(frozen=True)
class Grown:
    """The trees that one model holds itself, not those of models inside it.

    ensemble: its features are the columns that the model is given, in their order.
    missing: the model answers rows with missing values.
    """

    ensemble: Ensemble
    missing: bool


def read(estimator: Any) -> Grown | None:
    """One model's own trees; None where it has none, or none that the readers take."""
    if hasattr(estimator, "tree_"):
        return _tree(estimator)
    if hasattr(estimator, "_predictors"):
        from converters.trees import sklearn

        return Grown(_in_order(estimator, sklearn.hist_gradient_boosting(estimator)), True)
    library = type(estimator).__module__.partition(".")[0]
    if library not in ("xgboost", "lightgbm", "catboost") or not is_fitted(estimator):
        return None
    try:
        return Grown(_boosted(estimator, library), True)
    except Refused:
        # The reader says no to some trees (leaves of vectors, mixed missing values); without them
        # the rows are merely less sharp.
        return None


def _tree(estimator: Any) -> Grown:
    from converters.trees import sklearn

    grown = estimator.tree_
    values = np.asarray(grown.value[:, 0, :], np.float64)
    tree = sklearn.tree(grown, values)
    features = int(getattr(estimator, "n_features_in_", grown.n_features))
    ensemble = Ensemble((tree,), features, values.shape[1], compares="float32")
    return Grown(ensemble, bool(np.asarray(grown.missing_go_to_left).any()))


def _boosted(estimator: Any, library: str) -> Ensemble:
    if library == "catboost":
        from converters.trees import catboost

        words: Mapping[int, Any] = getattr(estimator, "crossport_words", {})
        own = {place: [str(word) for word in found] for place, found in words.items()}
        return catboost.read(estimator, own, tuple(own)).ensemble
    booster: Any = estimator
    if hasattr(estimator, "get_booster"):
        booster = estimator.get_booster()
    else:
        booster = getattr(estimator, "booster_", estimator)
    if library == "xgboost":
        from converters.trees import xgboost

        return xgboost.read(booster).ensemble
    from converters.trees import lightgbm

    return lightgbm.read(booster).ensemble


def _in_order(estimator: Any, ensemble: Ensemble) -> Ensemble:
    """HistGradientBoosting puts its categories before all numbers, and counts columns so."""
    categorical = estimator.is_categorical_
    if categorical is None:
        return ensemble
    order = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])
    trees = [
        replace(tree, feature=np.where(tree.feature == LEAF, LEAF, order[tree.feature]))
        for tree in ensemble.trees
    ]
    categories = {}
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    for place, known in enumerate(encoder.categories_):
        values = known.tolist()
        categories[int(order[place])] = (
            Category(Key.WORD, words=tuple(str(value) for value in values))
            if any(isinstance(value, str) for value in values)
            else Category(Key.NUMBER, numbers=tuple(_number(value) for value in values))
        )
    return replace(ensemble, trees=tuple(trees), categories=categories)


def _number(value: Any) -> float:
    """A category as a number; NaN, which equals none, for what is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
