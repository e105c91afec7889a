"""Writes the columns of category keys that set nodes ask: whole numbers, NaN where missing."""

from __future__ import annotations

import numpy as np

from converters.errors import Refused
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import ML, Graph, Value
from converters.trees.form import Category, Ensemble, Key

NO_KEY = -1


def rows(graph: Graph, frame: Frame, ensemble: Ensemble, dtype: str) -> Value:
    """All columns as one block of floats, [N, features]; looked up categories as their places.

    ONNX strings have no null: "" counts as missing, unless the model learned "" as a word.

    Raises:
        Refused: `category_types` where a column is text and its categories are not, or the other
            way round.
    """
    looked_up = (Key.WORD, Key.NUMBER)
    if not frame.has_strings and not any(
        category.key in looked_up for category in ensemble.categories.values()
    ):
        return frame.numbers(graph, dtype)
    columns = []
    for place in range(frame.width):
        column = frame.column(graph, place)
        category = ensemble.categories.get(place)
        if (column.dtype == "string") != (category is not None and category.key is Key.WORD):
            raise _other_types(frame, place, column)
        if category is not None and category.key is Key.WORD:
            column = _place_of_word(graph, column, category)
        elif category is not None and category.key is Key.NUMBER:
            column = _place_of_number(graph, column, category)
        columns.append(graph.cast(column, dtype))
    return graph.concat(columns)


def _other_types(frame: Frame, place: int, column: Value) -> Refused:
    name = repr(frame.names[place]) if frame.names else f"number {place + 1}"
    have, learned = ("text", "numbers") if column.dtype == "string" else ("numbers", "text")
    return Refused(
        "category_types",
        f"Column {name} is {have} in the signature, and the model learned {learned} there; log the "
        "model with a signature of its training data.",
    )


def _place_of_word(graph: Graph, column: Value, category: Category) -> Value:
    known = list(category.words)
    places = [float(place) for place in range(len(known))]
    if "" in known:
        graph.learned_empty |= graph.reached_by(column)
    if graph.null_text not in known and (graph.null_text or graph.empty_means(column) != "value"):
        known, places = [*known, graph.null_text], [*places, float("nan")]
    return graph.op(
        "LabelEncoder",
        [column],
        "float32",
        1,
        domain=ML,
        keys_strings=known,
        values_floats=places,
        default_float=float("nan") if category.unseen_missing else float(NO_KEY),
    )


def _place_of_number(graph: Graph, column: Value, category: Category) -> Value:
    """Found by equality; what is not there falls to a last place, NaN keeps missing."""
    count = len(category.numbers)
    number = graph.cast(column, "float64")
    if not count:
        return graph.where(
            graph.op("IsNaN", [number], "bool", 1),
            number,
            graph.const(np.full((1, 1), float(NO_KEY)), "float64"),
            number,
        )
    equal = graph.compare("Equal", number, np.array([category.numbers]))
    hits = graph.cast(equal, "float64")
    places = np.arange(count, dtype=np.float64).reshape(1, -1)
    place = graph.reduce("ReduceMax", graph.binary("Mul", hits, places))
    found = graph.cast(graph.reduce("ReduceMax", hits), "bool")
    missing = graph.const(np.full((1, 1), np.nan), "float64")
    none = missing
    if not category.unseen_missing:
        is_nan = graph.op("IsNaN", [number], "bool", 1)
        here = graph.const(np.full((1, 1), float(NO_KEY)), "float64")
        none = graph.where(is_nan, missing, here, number).name
    return graph.where(found, place, none, number)


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
