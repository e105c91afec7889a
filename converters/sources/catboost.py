"""Loads CatBoost models: the native file, or JSON, into the class that the flavor names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from converters.contract import Column, Signature
from converters.errors import Refused
from converters.sources import mlmodel, signatures, sklearn
from converters.sources.loaded import Loaded
from converters.trees import catboost as trees

CLASSES = ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")
# The sums of the leaves, before any link.
RAW = "RawFormulaVal"
FORMATS = ("cbm", "json")
# What a damaged file makes of the library, and of our own reading of it.
DAMAGE = (ValueError, UnicodeDecodeError, LookupError, TypeError, AttributeError, RecursionError)
# Where a model keeps the words of its input example, by feature (converters.onnx_graph).
WORDS = "crossport_words"


def load(folder: Path, config: dict[str, Any]) -> Any:
    """The model that `mlflow.catboost` saved in `folder`, with the words of its input example.

    CatBoost itself keeps only hashes of its categories.

    Raises:
        Refused: `model_class`, `serialization_unknown`, and what `converters.sources.load` lists.
    """
    import catboost

    if sklearn.PICKLED in config:
        model = sklearn.load(folder, config)
        if not isinstance(model, catboost.CatBoost):
            raise sklearn.no_model(model)
        setattr(model, WORDS, _words(model, folder) if model.is_fitted() else {})
        return model
    path = mlmodel.model_file(folder, config.get("data"))
    named = str(config.get("model_type") or "CatBoost")
    if named not in CLASSES:
        raise Refused(
            "model_class",
            f"The model's class is {named}, none of CatBoost's own; log the CatBoost model inside.",
        )
    saved = str(config.get("save_format") or "cbm")
    if saved not in FORMATS:
        raise Refused(
            "serialization_unknown",
            f"The model is saved as {saved!r}; {' and '.join(FORMATS)} can be read.",
        )
    model = getattr(catboost, named)()
    try:
        if saved == "json":
            trees.check(json.loads(path.read_bytes()))
        model.load_model(str(path), saved)
    except (catboost.CatBoostError, *DAMAGE) as error:
        raise mlmodel.unreadable(path, error) from error
    setattr(model, WORDS, _words(model, folder))
    return model


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """A method's answer; CatBoost takes no NaN among words, where MLflow's "" stands for none."""
    if source == RAW:
        import catboost

        # A ranker's own `predict` takes no prediction type.
        return catboost.CatBoost.predict(model.estimator, frame, prediction_type=RAW)
    return getattr(model.estimator, source)(frame)


def signature(estimator: Any, document: dict[str, Any], folder: Path) -> Signature | None:
    """The model's own names: text for categories, double for all else."""
    del document, folder
    places = set(estimator.get_cat_feature_indices())
    names = [str(name) for name in estimator.feature_names_ or ()]
    columns = [
        Column(name, "string" if place in places else "double") for place, name in enumerate(names)
    ]
    return Signature(columns=columns, origin="estimator") if columns else None


def _words(model: Any, folder: Path) -> dict[int, list[str]]:
    """By categorical feature, the words that the input example has, as CatBoost reads them."""
    example = signatures.read_example(mlmodel.read(folder), folder)
    if not isinstance(example, pd.DataFrame | np.ndarray):
        return {}
    table = pd.DataFrame(example)
    places = [place for place in model.get_cat_feature_indices() if place < table.shape[1]]
    return {
        int(place): [str(value) for value in table.iloc[:, place].dropna().unique()]
        for place in places
    }
