"""Encoders of categories: each column looked up in a table that the encoder itself filled.

The table has a row for each category and one for unknown values, asked of the fitted encoder, so
that dropped, grouped, unknown and missing categories need no rules of ours.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import searching
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import ML, Graph, Value
from converters.onnx_graph.registry import transformer

# A value that no model learned; asked where unknown values are allowed.
UNKNOWN_TEXT = "\x00unknown"
# How many categories an encoder is asked about at once: a column each would fill the memory.
AT_ONCE = 512
# More numbers than this are searched for, not compared with one by one.
MANY = 64


def is_missing(category: object) -> bool:
    """None, NaN and pandas' NA."""
    if category is None or type(category).__name__ == "NAType":
        return True
    return isinstance(category, float | np.floating) and math.isnan(float(category))


@transformer("sklearn.OneHotEncoder")
def one_hot(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """A column a category, after dropping and grouping as fitted.

    Each category is looked up as the place of its 1, so that many categories stay a short table.
    """
    widths = [int(count) for count in estimator._n_features_outs]
    ends = np.cumsum([0, *widths])
    parts = []
    for place, categories in enumerate(estimator.categories_):
        if not widths[place]:
            continue
        ones, dtype = _ones(estimator, place, slice(ends[place], ends[place + 1]))
        index = index_of(graph, frame.column(graph, place), np.asarray(categories), frame, place)
        found = graph.op("Gather", [graph.const(ones), index], "int64", 0, axis=0)
        columns = np.arange(widths[place]).reshape(1, -1)
        parts.append(graph.cast(graph.compare("Equal", graph.column(found), columns), dtype))
    _note_unknown(graph, estimator)
    return Frame((Frame(tuple(parts)).promoted(graph),))


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
        index = index_of(graph, column, np.asarray(categories), frame, place)
        dtype = _table_dtype(table.dtype)
        rows = graph.const(table.astype(dtype))
        parts.append(graph.op("Gather", [rows, index], dtype, widths[place], axis=0))
    _note_unknown(graph, estimator)
    return Frame((Frame(tuple(parts)).promoted(graph),))


def _note_unknown(graph: Graph, estimator: Any) -> None:
    if getattr(estimator, "handle_unknown", "") == "error":
        graph.notes.append(
            f"{type(estimator).__name__} refuses categories that it has not learned; the converted "
            "model does not refuse them and answers as if they were absent."
        )


def _table_dtype(dtype: Any) -> str:
    """What the encoder's own dtype is in the file: itself, or a wider one that holds it."""
    if dtype.kind in "iu":
        return "int32" if dtype.itemsize < 4 or dtype == np.int32 else "int64"
    return dtype.name if dtype.name in ("float32", "bool") else "float64"


def _table(estimator: Any, place: int) -> npt.NDArray[Any]:
    """[categories + 1, outputs]: what each category of a column becomes, then an unknown one."""
    return np.concatenate(list(_asked(estimator, place)))


def _ones(estimator: Any, place: int, columns: slice) -> tuple[npt.NDArray[np.int64], str]:
    """Where each category of a column, and then an unknown one, has its 1; -1 where it has none."""
    ones, dtype = [], "float64"
    for table in _asked(estimator, place):
        own = table[:, columns]
        ones.append(np.where(own.any(axis=1), own.argmax(axis=1), -1))
        dtype = _table_dtype(own.dtype)
    return np.concatenate(ones).astype(np.int64), dtype


def _asked(estimator: Any, place: int) -> Iterator[npt.NDArray[Any]]:
    """What the encoder makes of a column's categories, some at a time, then of an unknown one."""
    first = [categories[0] for categories in estimator.categories_]
    categories = estimator.categories_[place]
    for start in range(0, len(categories), AT_ONCE):
        asked = []
        for category in categories[start : start + AT_ONCE]:
            row = list(first)
            row[place] = category
            asked.append(row)
        yield (table := _ask(estimator, asked))
    row = list(first)
    text = np.asarray(categories).dtype.kind in "OU"
    row[place] = UNKNOWN_TEXT if text else _unknown_number(categories)
    try:
        yield _ask(estimator, [row])
    except ValueError:  # handle_unknown="error": the original has no answer here
        yield np.zeros((1, table.shape[1]), table.dtype)


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


def index_of(
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
    keys = [graph.null_text if is_missing(item) else item for item in categories]
    if sum(map(is_missing, categories)) > 1:
        raise Refused(
            "two_missing",
            f"An encoder learned two kinds of missing text, None and NaN, in column "
            f"{_name(frame, place)}; a file has one kind at most. Replace one of them in training, "
            "such as by column.where(column.notna(), None).",
        )
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
            "has no missing text and cannot tell them apart. Export to PMML, which has, or replace "
            "one of them in training.",
        )
    if "" in categories:
        graph.learned_empty |= graph.reached_by(column)
    places = list(range(len(keys)))
    if graph.null_text == "" and graph.empty_means(column) == "value":
        # Another table learned "" of this column, which is then no missing text to this one.
        places = [place for place in places if not is_missing(categories[place])]
    return graph.flat(
        graph.op(
            "LabelEncoder",
            [column],
            "int64",
            1,
            domain=ML,
            keys_strings=[str(keys[place]) for place in places],
            values_int64s=places,
            default_int64=len(keys),
        )
    )


def _number_index(graph: Graph, column: Value, categories: npt.NDArray[Any]) -> Value:
    """Found by equality; NaN by its own test."""
    numbers = np.array([np.nan if is_missing(item) else float(item) for item in categories])
    plain = numbers[~np.isnan(numbers)]
    exact = np.abs(plain).max(initial=0.0) < 2.0**53
    if len(plain) > MANY and exact and (np.diff(plain) > 0).all():
        return _searched(graph, graph.cast(column, "float64"), numbers, plain)
    whole = categories.dtype.kind == "i" and column.dtype in ("int32", "int64")
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


def _searched(
    graph: Graph, value: Value, numbers: npt.NDArray[Any], plain: npt.NDArray[Any]
) -> Value:
    """The place of each number among many ascending ones; NaN's is behind them if it is one."""
    place = searching.counts(graph, value, [plain[1:]])
    near = searching.looked_up(graph, place, [plain])
    unknown = graph.const(np.array([[len(numbers)]]), "int64")
    same = graph.compare("Equal", near, value)
    found = graph.where(same, place, unknown, place)
    if len(numbers) > len(plain):
        missing = graph.op("IsNaN", [value], "bool", 1)
        behind = graph.const(np.array([[len(plain)]]), "int64")
        found = graph.where(missing, behind, found, found)
    return graph.flat(found)


def _name(frame: Frame, place: int) -> str:
    return repr(frame.names[place]) if frame.names else str(place)
