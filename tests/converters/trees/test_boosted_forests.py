"""AdaBoost, boosting from a first model, and embeddings by trees answer as scikit-learn does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.converters.trees.scoring import score

RANDOM = np.random.default_rng(12)
X = RANDOM.normal(size=(240, 3))
Y = X[:, 0] - X[:, 1] ** 2 + RANDOM.normal(scale=0.3, size=240)
NAMES = np.array(["low", "mid é", "high"])[np.digitize(Y, [-1.0, 0.0])]
# Rows of the training data, and rows on midpoints of two of them, where trees split.
ROWS = np.concatenate([X, (X[:-1] + X[1:]) / 2, np.sort(X, 0)[:-1] / 2 + np.sort(X, 0)[1:] / 2])


def _same(model: Any, name: str, method: str, tolerance: float = 0.0) -> None:
    expected = np.asarray(getattr(model, method)(ROWS))
    got = score(model, ROWS)[name]
    assert got.shape == expected.shape
    if expected.dtype.kind in "OU":
        assert got.tolist() == expected.tolist()
    else:
        assert np.abs(got - expected).max() <= tolerance * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("count", [1, 25])
def test_adaboost_votes_as_its_trees_do(count: int, depth: int):
    model = AdaBoostClassifier(DecisionTreeClassifier(max_depth=depth), n_estimators=count)
    model.fit(X, NAMES)
    _same(model, "label", "predict")
    _same(model, "probabilities", "predict_proba", 1e-12)


@pytest.mark.parametrize("count", [1, 2, 25])
def test_adaboost_answers_with_the_weighted_median(count: int):
    model = AdaBoostRegressor(DecisionTreeRegressor(max_depth=3), n_estimators=count)
    model.fit(X, Y)
    _same(model, "prediction", "predict", 1e-15)


@pytest.mark.parametrize("loss", ["linear", "square", "exponential"])
def test_adaboost_takes_other_models_than_trees(loss: str):
    model = AdaBoostRegressor(LinearRegression(), n_estimators=5, loss=loss).fit(X, Y)
    _same(model, "prediction", "predict", 1e-12)


@pytest.mark.parametrize(
    "first", [LinearRegression(), RandomForestRegressor(5, max_depth=3), "zero"], ids=str
)
def test_boosting_starts_from_what_its_first_model_answers(first: Any):
    model = GradientBoostingRegressor(init=first, n_estimators=12).fit(X, Y)
    _same(model, "prediction", "predict", 1e-6)


@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
def test_two_classes_start_from_a_first_models_odds(loss: str):
    model = GradientBoostingClassifier(init=LogisticRegression(), loss=loss, n_estimators=12)
    model.fit(X, Y > 0)
    expected = model.predict_proba(ROWS)
    got = score(model, ROWS)
    assert np.abs(got["probabilities"] - expected).max() < 1e-6
    clear = np.abs(expected[:, 1] - 0.5) > 1e-6
    assert np.array_equal(got["label"][clear], model.predict(ROWS)[clear])


def test_three_classes_start_from_a_first_models_probabilities():
    model = GradientBoostingClassifier(init=DecisionTreeClassifier(max_depth=2), n_estimators=6)
    model.fit(X, NAMES)
    _same(model, "probabilities", "predict_proba", 1e-6)


@pytest.mark.parametrize("sparse", [True, False])
def test_an_embedding_has_a_column_a_leaf(sparse: bool):
    model = RandomTreesEmbedding(12, max_depth=3, sparse_output=sparse, random_state=0).fit(X)
    told = model.transform(ROWS)
    expected = told.toarray() if sparse else told
    assert np.array_equal(score(model, ROWS)["transformed"], expected)
