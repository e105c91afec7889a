"""Encoders of categories: each column looked up in a table that the encoder itself filled.

The table has a row for each category and one for unknown values, asked of the fitted encoder, so
that dropped, grouped, unknown and missing categories need no rules of ours.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import ML, Graph, Value
from converters.onnx_graph.registry import transformer

# A value that no model learned; asked where unknown values are allowed.
UNKNOWN_TEXT = "\x00unknown"


def is_missing(category: object) -> bool:
    """None, NaN and pandas' NA."""
    if category is None or type(category).__name__ == "NAType":
        return True
    return isinstance(category, float | np.floating) and math.isnan(float(category))


@transformer("sklearn.OneHotEncoder")
def one_hot(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """A column a category, after dropping and grouping as fitted."""
    return _encoded(graph, estimator, frame, [int(n) for n in estimator._n_features_outs])


@transformer("sklearn.OrdinalEncoder")
def ordinal(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """A number a category."""
    return _encoded(graph, estimator, frame, [1] * frame.width)


@transformer("sklearn.TargetEncoder")
def target(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The target's mean in each category; with more than two classes, one a class."""
    if estimator.target_type_ == "multiclass":
        return _encoded(graph, estimator, frame, [len(estimator.classes_)] * frame.width)
    return _encoded(graph, estimator, frame, [1] * frame.width)


def _encoded(graph: Graph, estimator: Any, frame: Frame, widths: list[int]) -> Frame:
    ends = np.cumsum([0, *widths])
    parts = []
    for place, categories in enumerate(estimator.categories_):
        table = _table(estimator, place)[:, ends[place] : ends[place + 1]]
        column = frame.column(graph, place)
        if not widths[place]:
            continue
        index = _index(graph, column, np.asarray(categories), frame, place)
        dtype = _table_dtype(table.dtype)
        rows = graph.const(table.astype(dtype))
        parts.append(graph.op("Gather", [rows, index], dtype, widths[place], axis=0))
    if getattr(estimator, "handle_unknown", "") == "error":
        graph.notes.append(
            f"{type(estimator).__name__} refuses categories that it has not learned; the converted "
            "model does not refuse them and answers as if they were absent."
        )
    return Frame((Frame(tuple(parts)).promoted(graph),))


def _table_dtype(dtype: Any) -> str:
    """What the encoder's own dtype is in the file: itself, or a wider one that holds it."""
    if dtype.kind in "iu":
        return "int32" if dtype.itemsize < 4 or dtype == np.int32 else "int64"
    return dtype.name if dtype.name in ("float32", "bool") else "float64"


def _table(estimator: Any, place: int) -> npt.NDArray[Any]:
    """[categories + 1, outputs]: what each category of a column becomes, then an unknown one."""
    first = [categories[0] for categories in estimator.categories_]
    asked = []
    for category in estimator.categories_[place]:
        row = list(first)
        row[place] = category
        asked.append(row)
    table = _ask(estimator, asked)
    row = list(first)
    text = np.asarray(estimator.categories_[place]).dtype.kind in "OU"
    row[place] = UNKNOWN_TEXT if text else _unknown_number(estimator.categories_[place])
    try:
        unknown = _ask(estimator, [row])
    except ValueError:  # handle_unknown="error": the original has no answer here
        unknown = np.zeros((1, table.shape[1]), table.dtype)
    return np.concatenate([table, unknown])


def _unknown_number(categories: npt.NDArray[Any]) -> Any:
    if np.asarray(categories).dtype.kind == "b":
        return np.asarray(categories)[0]
    known = {float(item) for item in categories if not is_missing(item)}
    return next(number for number in range(len(known) + 1) if float(number) not in known)


def _ask(estimator: Any, rows: list[list[Any]]) -> npt.NDArray[Any]:
    """The encoder's own answer, column by column in the dtype that it learned."""
    import pandas as pd

    names = getattr(estimator, "feature_names_in_", None)
    frame = {}
    for place, categories in enumerate(estimator.categories_):
        column = [row[place] for row in rows]
        dtype = np.asarray(categories).dtype
        series = pd.Series(column, dtype=object if dtype.kind in "OU" else dtype)
        frame[place if names is None else names[place]] = series
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = pd.DataFrame(frame)
        answer = estimator.transform(table if names is not None else _array(table))
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)


def _array(table: Any) -> npt.NDArray[Any]:
    return np.asarray(table.to_numpy())


def _index(
    graph: Graph, column: Value, categories: npt.NDArray[Any], frame: Frame, place: int
) -> Value:
    """[N, 1] values to [N] int64 rows of the table; the last row for unknown ones."""
    if column.dtype == "string":
        return _text_index(graph, column, categories, frame, place)
    if categories.dtype.kind in "OU":
        plain = [item for item in categories if not is_missing(item)]
        if not all(isinstance(item, bool | int | float | np.number | np.bool_) for item in plain):
            raise Refused(
                "category_types",
                f"An encoder learned text in column {_name(frame, place)}, where the signature has "
                "numbers; log the model with a signature of its training data.",
            )
    return _number_index(graph, column, categories)


def _text_index(
    graph: Graph, column: Value, categories: npt.NDArray[Any], frame: Frame, place: int
) -> Value:
    keys = ["" if is_missing(item) else item for item in categories]
    if not all(isinstance(key, str) for key in keys):
        raise Refused(
            "category_types",
            f"An encoder learned numbers in column {_name(frame, place)}, where the signature has "
            "text; log the model with a signature of its training data.",
        )
    if len(set(keys)) != len(keys):
        raise Refused(
            "empty_text",
            f"An encoder learned both empty and missing text in column {_name(frame, place)}; ONNX "
            "has no missing text and cannot tell them apart. Replace one of them in training.",
        )
    return graph.flat(
        graph.op(
            "LabelEncoder",
            [column],
            "int64",
            1,
            domain=ML,
            keys_strings=[str(key) for key in keys],
            values_int64s=list(range(len(keys))),
            default_int64=len(keys),
        )
    )


def _number_index(graph: Graph, column: Value, categories: npt.NDArray[Any]) -> Value:
    """Found by equality; NaN by its own test."""
    whole = categories.dtype.kind == "i" and column.dtype in ("int32", "int64")
    numbers = np.array([np.nan if is_missing(item) else float(item) for item in categories])
    value = graph.cast(column, "int64" if whole else "float64")
    sought = categories.astype(np.int64) if whole else numbers
    equal = graph.compare("Equal", value, sought.reshape(1, -1))
    if np.isnan(numbers).any():
        missing = graph.op("IsNaN", [value], "bool", 1)
        here = graph.const(np.isnan(numbers).reshape(1, -1), "bool")
        nan_here = graph.op("And", [missing, here], "bool", len(numbers))
        equal = graph.op("Or", [equal, nan_here], "bool", len(numbers))
    hits = graph.cast(equal, "float32")
    index = graph.op("ArgMax", [hits], "int64", 0, axis=1, keepdims=0)
    best = graph.flat(graph.reduce("ReduceMax", hits))
    found = graph.cast(best, "bool")
    return graph.where(found, index, graph.const([len(numbers)], "int64"), index)


def _name(frame: Frame, place: int) -> str:
    return repr(frame.names[place]) if frame.names else str(place)
