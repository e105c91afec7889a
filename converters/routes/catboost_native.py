"""CatBoost to its own file, as catboost-prediction reads it on the JVM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from converters import types
from converters.contract import Column, Input, Output, OutputKind, Request
from converters.errors import Refused
from converters.routes.converted import Converted
from converters.sources.catboost import RAW
from converters.sources.loaded import TENSOR, Loaded
from converters.trees import catboost as reader

FILE = "model.cbm"
LINKS = {
    "Logloss": "its probability is 1 / (1 + exp(-raw))",
    "CrossEntropy": "its probability is 1 / (1 + exp(-raw))",
    "MultiClass": "their probabilities are the softmax of raw",
    "MultiClassOneVsAll": "each probability is 1 / (1 + exp(-raw))",
    "Poisson": "the prediction is exp(raw)",
    "Tweedie": "the prediction is exp(raw)",
}


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.cbm` into `folder`; what it answers on the JVM are raw formula values.

    Raises:
        Refused: `native_text` for text or embedding features.
    """
    import catboost

    estimator = model.estimator
    if estimator.get_text_feature_indices() or estimator.get_embedding_feature_indices():
        raise Refused(
            "native_text",
            "This model learned text or embedding features, which CatBoost's library for the JVM "
            "does not take; train it on numbers and categories.",
        )
    estimator.save_model(str(folder / FILE), format="cbm")
    loss = reader.loss(estimator)
    note = f"The file answers raw values: {LINKS[loss]}." if loss in LINKS else ""
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=_inputs(model),
        outputs=[Output("raw", OutputKind.SCORES, "float64", _width(model), source=RAW)],
        exact=True,
        facts={"converter": f"catboost {catboost.__version__}", "precision": "float64"},
        notes=[*model.notes, *([note] if note else [])],
    )


def _inputs(model: Loaded) -> list[Input]:
    """Numbers as float32, which is what CatBoost compares; categories as they are."""
    words = set(model.estimator.get_cat_feature_indices())
    if model.signature.tensor is not None:
        name = model.signature.tensor.name or TENSOR
        return [Input(name, "float32", [name], nullable=True)]
    return [_input(column, place in words) for place, column in enumerate(model.signature.columns)]


def _input(column: Column, words: bool) -> Input:
    kind = types.column(column.name, column.type)
    if words or kind.file == "string":
        return Input(column.name, kind.file, [column.name])
    return Input(column.name, "float32", [column.name], nullable=bool(kind.missing))


def _width(model: Loaded) -> int:
    """How many raw values a row has; 0 for one."""
    estimator: Any = model.estimator
    scale, bias = estimator.get_scale_and_bias()
    del scale
    count = int(np.size(bias))
    return count if count > 1 else 0
