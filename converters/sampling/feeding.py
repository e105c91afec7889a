"""Which boosters inside a model are fed sparse rows: watched while the original is asked.

XGBoost takes a cell that a scipy matrix does not store for a missing value, where the same cell of
a dense array is a zero (https://xgboost.readthedocs.io/en/stable/faq.html, "sparse vs. dense").
LightGBM takes it for a zero, but then does not clear the tiny numbers that it clears in dense rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from converters.errors import Refused
from converters.sampling import walk
from converters.sampling.features import (
    columns_of,
    features_of,
    learn_example,
    random_values,
    rows_of,
)
from converters.sources.loaded import Loaded, Rows
from converters.sources.parts import estimators

# The library's class whose `predict` every answer of it goes through.
WATCHED = {"xgboost": "XGBModel", "lightgbm": "LGBMModel"}
TRIES, SEED = 40, 3


def sparse_fed(model: Loaded) -> frozenset[int]:
    """The ids of the boosters inside a model that are fed scipy matrices.

    Raises:
        Refused: `sparse_zeros` where such a matrix stores zeros, which XGBoost then takes for
            zeros while it takes all others for missing values.
    """
    inside = [part for part in estimators(model.estimator) if part is not model.estimator]
    libraries = {library for part in inside if (library := _library(part))}
    if not libraries or model.signature.tensors:
        return frozenset()
    seen: dict[int, bool] = {}
    with _watching(libraries, seen):
        for row in _rows(model):
            if _answered(model, row):
                break
    if any(seen.values()):
        raise Refused(
            "sparse_zeros",
            "A booster in this pipeline is fed sparse rows some of whose zeros are stored and "
            "others not, and takes only the latter for missing; no file can tell them apart. Have "
            "the steps before it give dense rows (sparse_output=False, sparse_threshold=0).",
        )
    return frozenset(seen)


def _library(part: Any) -> str:
    """The library of a booster; empty for all else."""
    library = type(part).__module__.partition(".")[0]
    return library if library in WATCHED and hasattr(part, "get_params") else ""


@contextmanager
def _watching(libraries: set[str], seen: dict[int, bool]) -> Iterator[None]:
    """Note in `seen` each booster that is fed sparse rows, and whether these store a zero."""
    import importlib

    with ExitStack() as stack:
        for library in libraries:
            kind = getattr(importlib.import_module(library), WATCHED[library])
            stack.enter_context(patch.object(kind, "predict", _noting(kind.predict, library, seen)))
        yield


def _noting(real: Any, library: str, seen: dict[int, bool]) -> Any:
    from scipy.sparse import issparse

    def predict(self: Any, X: Any, *arguments: Any, **more: Any) -> Any:
        if issparse(X):
            stored = library == "xgboost" and bool((X.data == 0).any())
            seen[id(self)] = seen.get(id(self), False) or stored
        return real(self, X, *arguments, **more)

    return predict


def _rows(model: Loaded) -> Iterator[Rows]:
    """The example, then plausible rows together, then one by one: one that fails fails them all."""
    if model.example is not None:
        yield model.example
    features = features_of(model.signature)
    if model.example is not None:
        learn_example(features, columns_of(model.signature, model.example))
    walk.learn(model.estimator, features)
    random = np.random.default_rng(SEED)
    columns = [random_values(feature, TRIES, random) for feature in features]
    yield rows_of(model.signature, columns)
    for place in range(TRIES):
        yield rows_of(model.signature, [column[place : place + 1] for column in columns])


def _answered(model: Loaded, rows: Rows) -> bool:
    try:
        with model.asking():
            model.estimator.predict(model.frame(rows))
    except Exception:
        # Foreign code on made-up rows: what it raises is counted when the real rows are asked.
        return False
    return True
