"""Columns of whole numbers or booleans that a signature calls optional: pandas' Int64 with gaps.

No file has a whole number that is missing. So where the original answers rows without one, the
column is a double, NaN where it is missing, as scikit-learn and the boosters read it themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from converters.contract import Column, Signature
from converters.errors import Refused
from converters.sources import voices
from converters.sources.loaded import DTYPES, Loaded, Rows

WHOLE = frozenset({"boolean", "integer", "long"})
# Flavors whose models are fed the signature's columns as a table of numbers.
FED = frozenset({"sklearn", "xgboost", "lightgbm", "catboost"})
METHODS = ("predict", "transform")


def carried(model: Loaded, example: Callable[[Signature], Rows | None]) -> Loaded:
    """The model with its optional whole numbers as doubles, where it answers rows without them.

    A note says so of either kind of column: of those that became doubles, and of those that did
    not, whose missing values are not covered. example: the input example under another signature.
    """
    for column in model.signature.columns:
        if column.required or column.type not in WHOLE:
            continue
        wide = _as_double(model, column, example)
        taken = model.flavor in FED and _answers_without(wide, column.name)
        model = wide if taken else model
        model.notes.append(
            f"Column {column.name!r}, optional and {column.type} in the signature, is a double in "
            "the file, NaN where it is missing."
            if taken
            else f"Column {column.name!r} is optional in the signature; rows without it are not "
            f"covered, since {column.type} has no missing value here. Log it as double if they "
            "are needed."
        )
    return model


def _as_double(
    model: Loaded, column: Column, example: Callable[[Signature], Rows | None]
) -> Loaded:
    columns = [
        replace(one, type="double") if one is column else one for one in model.signature.columns
    ]
    signature = replace(model.signature, columns=columns)
    return replace(model, signature=signature, example=example(signature))


def _answers_without(model: Loaded, name: str) -> bool:
    """Whether the original answers a row that misses this column."""
    row: Rows = {}
    for column in model.signature.columns:
        dtype = DTYPES.get(column.type, "object")
        row[column.name] = np.array([""], object) if dtype == "object" else np.zeros(1, dtype)
    if model.example is not None:
        row = {one: values[:1] for one, values in model.example.items()}
    row[name] = np.array([np.nan])
    source = next((one for one in METHODS if hasattr(model.estimator, one)), "")
    try:
        voices.told(model, source, model.frame(row))
    except Refused:
        return False
    return bool(source)
