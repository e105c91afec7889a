"""Models that nothing can carry, each for another reason; refused by name, never a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import cluster, decomposition, feature_extraction, linear_model, manifold
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.real_models import tables
from tests.real_models.folders import save
from tests.real_models.sklearn_models import Make


class Clipped(TransformerMixin, BaseEstimator):
    """A transformer of the owner's own."""

    def fit(self, table: Any, target: Any = None) -> Clipped:
        """Nothing to learn."""
        del target
        self.width_ = np.asarray(table).shape[1]
        return self

    def transform(self, table: Any) -> Any:
        """Nothing beyond three."""
        return np.clip(np.asarray(table), -3, 3)


class Coin(ClassifierMixin, BaseEstimator):
    """A classifier that never answers the same twice."""

    def fit(self, table: Any, target: Any) -> Coin:
        """Remember the classes."""
        del table
        self.classes_ = np.unique(target)
        return self

    def predict(self, table: Any) -> Any:
        """Any class."""
        return np.random.default_rng().choice(self.classes_, len(table))


def _tripled(table: Any) -> Any:
    return np.asarray(table) * 3


def _lines(*steps: Any) -> Any:
    return make_pipeline(*steps, linear_model.LogisticRegression(max_iter=200))


MODELS: dict[str, Callable[[], Any]] = {
    "own_class": lambda: _lines(Clipped()),
    "own_function": lambda: _lines(FunctionTransformer(_tripled)),
    "own_lambda": lambda: _lines(FunctionTransformer(lambda table: table**2)),
    "own_metric": lambda: KNeighborsClassifier(metric=lambda a, b: float(np.abs(a - b).max())),
    "own_classifier": lambda: Coin(),
    "no_predict": lambda: cluster.AgglomerativeClustering(3),
    "solver_nmf": lambda: decomposition.NMF(3, max_iter=300),
    "solver_dictionary": lambda: decomposition.DictionaryLearning(3, max_iter=10),
    "embedding_isomap": lambda: manifold.Isomap(n_components=2),
}


def _maker(name: str, model: Callable[[], Any]) -> Make:
    def make(folder: Path) -> Path:
        table, target = tables.wines()
        fitted = model().fit(table, target)
        return save("sklearn", fitted, table, folder, serialization_format="cloudpickle")

    make.__name__ = f"make_{name}"
    return make


def make_dictionaries(folder: Path) -> Path:
    """Rows that are dictionaries, hashed."""
    model = feature_extraction.FeatureHasher(8).fit([{"a": 1.0}])
    table = pd.DataFrame({"a": [1.0, 2.0]})
    return save("sklearn", model, table, folder, serialization_format="cloudpickle")


def make_own_tokenizer(folder: Path) -> Path:
    """A vectoriser that cuts texts by a function of the owner's own."""
    texts = pd.Series(["red fox", "old dog", "red dog"] * 40)
    steps = (CountVectorizer(tokenizer=str.split, token_pattern=None),)
    model = _lines(*steps).fit(texts, [0, 1, 1] * 40)
    frame = pd.DataFrame({"text": texts})
    return save("sklearn", model, frame, folder, serialization_format="cloudpickle")


UNCONVERTIBLE: list[Make] = [
    *(_maker(name, model) for name, model in MODELS.items()),
    make_dictionaries,
    make_own_tokenizer,
]
