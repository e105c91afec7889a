"""Which inputs may miss values: asked of the original itself, one row an input."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from converters.contract import Input, Output
from converters.errors import Refused
from converters.sources.loaded import DTYPES, TENSOR, Loaded, Rows


def probed(
    model: Loaded, inputs: list[Input], outputs: list[Output], values: Collection[str] = ()
) -> list[Input]:
    """The inputs with `nullable` set where the original answers a row that misses all of them.

    A text input's missing value is null at the model and "" in the file, if that has no null; so
    none of those is nullable of which "" is a value of its own, which `values` names.
    """
    row = _one_row(model)
    if row is None:
        return inputs
    return [
        replace(one, nullable=one.name not in values and _takes_missing(model, one, row, outputs))
        for one in inputs
    ]


def _takes_missing(model: Loaded, one: Input, row: Rows, outputs: list[Output]) -> bool:
    if one.dtype == "string":
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


def null_text(model: Loaded) -> str:
    """What null is at the model, as `Graph.empty_text` has it."""
    return "none" if model.missing_text is None else "nan"


def _one_row(model: Loaded) -> Rows | None:
    """One row that the original answers: from the example, else zeros and empty text.

    Of the example's the first without a missing text, which the original may refuse.
    """
    if model.example is not None:
        texts = [values for values in model.example.values() if values.dtype == object]
        whole = [all(one is not None for one in row) for row in zip(*texts, strict=True)]
        at = whole.index(True) if True in whole else 0
        return {name: values[at : at + 1] for name, values in model.example.items()}
    signature = model.signature
    if signature.tensor is not None:
        name = signature.tensor.name or TENSOR
        return {name: np.zeros((1, signature.width), signature.tensor.dtype)}
    row: Rows = {}
    for column in signature.columns:
        dtype = DTYPES[column.type]
        row[column.name] = np.array([""], object) if dtype == "object" else np.zeros(1, dtype)
    return row
