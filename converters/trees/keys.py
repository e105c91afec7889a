"""Writes the columns of category keys that set nodes ask: whole numbers, NaN where missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import ML, Graph, Value
from converters.trees.form import Category, Ensemble, Key

NO_KEY = -1


def rows(graph: Graph, frame: Frame, ensemble: Ensemble, dtype: str) -> Value:
    """All columns as one block of floats, [N, features]; words as their places, unknown ones -1.

    ONNX strings have no null: "" counts as missing, unless the model learned "" as a word.
    """
    if not frame.has_strings:
        return frame.numbers(graph, dtype)
    columns = []
    for place in range(frame.width):
        column = frame.column(graph, place)
        if column.dtype == "string":
            words = ensemble.categories.get(place, Category(Key.WORD)).words
            column = _place_of_word(graph, column, words)
        columns.append(graph.cast(column, dtype))
    return graph.concat(columns)


def _place_of_word(graph: Graph, column: Value, words: Sequence[str]) -> Value:
    known = list(words)
    places = [float(place) for place in range(len(known))]
    if "" not in known:
        known, places = [*known, ""], [*places, float("nan")]
    return graph.op(
        "LabelEncoder",
        [column],
        "float32",
        1,
        domain=ML,
        keys_strings=known,
        values_floats=places,
        default_float=float(NO_KEY),
    )


def keyed(graph: Graph, row: Value, ensemble: Ensemble) -> tuple[Value, dict[int, int]]:
    """The row with a column of keys for each category feature behind it, and where each is.

    ONNX Runtime cuts fractions off inside some set nodes, so that 2.9 would be in {2}: set nodes
    therefore only ever see whole numbers and NaN.
    """
    if not ensemble.has_sets:
        return row, {}
    features = sorted(ensemble.categories)
    kinds = [ensemble.categories[feature].key for feature in features]
    found = graph.take(row, features)
    lowest = [-1.0 if kind is Key.TRUNCATED else _below_zero(row.dtype) for kind in kinds]
    none = graph.compare("LessOrEqual", found, np.array([lowest]))
    zero = graph.const(np.zeros((1, 1)), found.dtype)
    negative = graph.op("Less", [found, zero], "bool", found.width)
    whole = graph.unary("Floor", graph.where(negative, zero, found, found))
    same = np.array([[kind is Key.SAME for kind in kinds]])
    if same.any():
        fraction = graph.op("Less", [whole, found], "bool", found.width)
        told = graph.op("And", [fraction, graph.const(same)], "bool", found.width)
        none = graph.op("Or", [none, told], "bool", found.width)
    missing = graph.const(np.full((1, 1), float(NO_KEY)), found.dtype)
    keys = graph.where(none, missing, whole, found)
    places = {feature: row.width + place for place, feature in enumerate(features)}
    return graph.concat([row, keys]), places


def _below_zero(dtype: str) -> float:
    """The largest number below zero of this dtype."""
    return float(np.nextafter(np.zeros(1, dtype), -1)[0])
