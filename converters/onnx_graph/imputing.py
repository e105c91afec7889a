"""Imputers: learned values in place of missing ones. Missing text is "" in the file."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph.encoding import UNKNOWN_TEXT, is_missing
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import ML, Graph, Value
from converters.onnx_graph.registry import transformer


@transformer("sklearn.SimpleImputer")
def simple(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Statistics in place of missing values, and a column of indicators where asked."""
    if not frame.has_strings:
        return _numeric(graph, estimator, frame)
    values, masks = [], []
    for place, statistic in enumerate(estimator.statistics_):
        column = frame.column(graph, place)
        mask = missing(graph, column, estimator.missing_values)
        masks.append(mask)
        if not is_missing(statistic):
            values.append(_filled(graph, estimator, column, mask, statistic))
    if estimator.indicator_ is not None:
        chosen = [masks[int(place)] for place in estimator.indicator_.features_]
        values += [graph.cast(mask, "float64") for mask in chosen]
    return Frame(tuple(values))


def _filled(graph: Graph, estimator: Any, column: Value, mask: Value, statistic: Any) -> Value:
    """One column beside text columns, with its statistic where it misses a value."""
    if column.dtype == "string":
        fill = graph.const(np.array([[str(statistic)]], object))
        return graph.where(mask, fill, column, column)
    if not column.is_float and is_missing(estimator.missing_values):
        return column  # whole numbers and booleans miss nothing
    if isinstance(statistic, str) or column.dtype == "bool":
        raise Refused(
            "missing_values",
            f"A SimpleImputer puts {statistic!r} into a column that the signature has as "
            f"{column.dtype}; impute text and numbers in separate steps of a ColumnTransformer.",
        )
    fill = graph.const(np.array([[float(statistic)]]), column.dtype)
    return graph.where(mask, fill, column, column)


def _numeric(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    # Means and medians are floats; other fills leave whole numbers whole.
    floating = estimator.strategy in ("mean", "median") or "bool" in frame.dtypes
    value = frame.numbers(graph) if floating else frame.promoted(graph)
    mask = missing(graph, value, estimator.missing_values)
    statistics = np.array(
        [np.nan if is_missing(item) else float(item) for item in estimator.statistics_]
    )
    filled = graph.where(
        mask, graph.const(np.nan_to_num(statistics).reshape(1, -1), value.dtype), value, value
    )
    kept = [place for place, item in enumerate(statistics) if not np.isnan(item)]
    parts = [graph.take(filled, kept)]
    if estimator.indicator_ is not None:
        flags = graph.take(mask, [int(place) for place in estimator.indicator_.features_])
        if flags.width:
            parts.append(graph.cast(flags, value.dtype))
    return Frame((graph.concat(parts),))


def with_indicator(graph: Graph, estimator: Any, filled: Frame, mask: Value) -> Frame:
    """The columns of an imputer, and behind them where values were missing, if asked for."""
    value = filled.numbers(graph)
    if estimator.indicator_ is None or not len(estimator.indicator_.features_):
        return Frame((value,))
    flags = graph.take(mask, [int(place) for place in estimator.indicator_.features_])
    return Frame((graph.concat([value, graph.cast(flags, value.dtype)]),))


@transformer("sklearn.MissingIndicator")
def indicator(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Where values are missing, as 0 and 1, for the columns that it found to miss some."""
    flags = []
    for place in estimator.features_:
        mask = missing(graph, frame.column(graph, int(place)), estimator.missing_values)
        flags.append(mask)
    return Frame((graph.concat(flags),)) if flags else Frame(())


def missing(graph: Graph, value: Value, code: Any) -> Value:
    """Which values are missing, a bool as wide as the value."""
    if value.dtype == "string":
        return _missing_text(graph, value, code)
    if is_missing(code):
        if not value.is_float:
            value = graph.cast(value, "float64")
        return graph.op("IsNaN", [value], "bool", value.width)
    if not isinstance(code, int | float | np.number):
        raise Refused(
            "missing_values",
            f"An imputer takes {code!r} for missing in columns of numbers; use np.nan.",
        )
    return graph.compare("Equal", value, np.full((1, 1), code))


def _meant(missing: Any) -> str:
    return "none" if missing is None else "nan"


def _missing_text(graph: Graph, value: Value, missing: Any) -> Value:
    key = graph.null_text if is_missing(missing) else str(missing)
    if is_missing(missing) and graph.empty_means(value) != _meant(missing):
        # Nothing that arrives here is what this imputer replaces: NaN is not None to it.
        key = UNKNOWN_TEXT
    found = graph.op(
        "LabelEncoder",
        [value],
        "int64",
        value.width,
        domain=ML,
        keys_strings=[key],
        values_int64s=[1],
        default_int64=0,
    )
    return graph.cast(found, "bool")
