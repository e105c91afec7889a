"""Which inputs may miss values: asked of the original itself, one row an input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from converters.contract import Input, Output
from converters.errors import Refused
from converters.sources.categories import learned
from converters.sources.loaded import DTYPES, TENSOR, Loaded, Rows
from converters.sources.parts import estimators


def probed(
    model: Loaded, inputs: list[Input], outputs: list[Output], has_null: bool = False
) -> list[Input]:
    """The inputs with `nullable` set where the original answers a row that misses all of them.

    A text input's missing value is null at the model and "" in the file, which has no null; so it
    is nullable only where the model did not learn "" as a value of its own. `has_null` where the
    file has a null beside "".
    """
    row = _one_row(model)
    if row is None:
        return inputs
    return [
        replace(one, nullable=_takes_missing(model, one, row, outputs, has_null)) for one in inputs
    ]


def _takes_missing(
    model: Loaded, one: Input, row: Rows, outputs: list[Output], has_null: bool
) -> bool:
    if one.dtype == "string":
        if not has_null and learns_empty_text(model.estimator):
            return False
        missing: Any = np.array([None], dtype=object)
    elif one.dtype in ("float32", "float64"):
        missing = np.nan
    else:
        return False
    gone = dict(row)
    for column in one.columns:
        gone[column] = missing if one.dtype == "string" else np.full_like(row[column], missing)
    try:
        model.answer(gone, outputs)
    except Refused:
        return False
    return True


def empty_text(model: Loaded) -> str:
    """What "" is at the model, as `Graph.empty_text` has it."""
    return "value" if learns_empty_text(model.estimator) else null_text(model)


def null_text(model: Loaded) -> str:
    """What null is at the model where the file has one, as `Graph.empty_text` has it."""
    return "none" if model.missing_text is None else "nan"


def learns_empty_text(estimator: Any) -> bool:
    """Whether some encoder or booster inside has "" among its categories."""
    for part in estimators(estimator):
        if any("" in category.words for category in learned(part).values()):
            return True
        for categories in getattr(part, "categories_", []):
            if any(isinstance(item, str) and item == "" for item in np.asarray(categories).ravel()):
                return True
    return False


def _one_row(model: Loaded) -> Rows | None:
    """One row that the original answers: from the example, else zeros and empty text."""
    if model.example is not None:
        return {name: values[:1] for name, values in model.example.items()}
    signature = model.signature
    if signature.tensor is not None:
        name = signature.tensor.name or TENSOR
        return {name: np.zeros((1, signature.width), signature.tensor.dtype)}
    row: Rows = {}
    for column in signature.columns:
        dtype = DTYPES[column.type]
        row[column.name] = np.array([""], object) if dtype == "object" else np.zeros(1, dtype)
    return row
