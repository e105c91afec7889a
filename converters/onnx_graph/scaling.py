"""Scalers: elementwise arithmetic, rounded where scikit-learn rounds on float32 rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph import elementary
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import transformer


def _row(values: Any) -> Any:
    return np.asarray(values, np.float64).reshape(1, -1)


def _in_place(graph: Graph, kind: str, value: Value, constant: Any) -> Value:
    """numpy's `X op= constant` with doubles: computed in double, kept in the dtype of X."""
    wide = graph.binary(kind, graph.cast(value, "float64"), _row(constant))
    return graph.cast(wide, value.dtype)


@transformer("sklearn.StandardScaler")
def standard(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """(X - mean) / scale; both constants are cast to the dtype of X first."""
    value = frame.numbers(graph)
    if estimator.with_mean:
        value = graph.binary("Sub", value, _row(estimator.mean_))
    if estimator.with_std:
        value = graph.binary("Div", value, _row(estimator.scale_))
    return Frame((value,), frame.names)


@transformer("sklearn.MinMaxScaler")
def min_max(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """X * scale + min, clipped where asked."""
    value = _in_place(graph, "Mul", frame.numbers(graph), estimator.scale_)
    value = _in_place(graph, "Add", value, estimator.min_)
    if estimator.clip:
        value = clipped(graph, value, *estimator.feature_range)
    return Frame((value,), frame.names)


@transformer("sklearn.MaxAbsScaler")
def max_abs(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """X / scale."""
    value = _in_place(graph, "Div", frame.numbers(graph), estimator.scale_)
    if getattr(estimator, "clip", False):
        value = clipped(graph, value, -1.0, 1.0)
    return Frame((value,), frame.names)


@transformer("sklearn.RobustScaler")
def robust(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """(X - center) / scale."""
    value = frame.numbers(graph)
    if estimator.with_centering:
        value = _in_place(graph, "Sub", value, estimator.center_)
    if estimator.with_scaling:
        value = _in_place(graph, "Div", value, estimator.scale_)
    return Frame((value,), frame.names)


@transformer("sklearn.Normalizer")
def normalizer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Each row divided by its norm; a row of zeros stays as it is."""
    value = frame.numbers(graph)
    if value.dtype == "float32":
        graph.inexact.append("Normalizer computes in float32")
    kind = {"l1": "ReduceL1", "l2": "ReduceL2", "max": "ReduceMax"}[estimator.norm]
    norm = graph.reduce(kind, graph.unary("Abs", value) if kind == "ReduceMax" else value)
    zero = graph.compare("Equal", norm, np.zeros((1, 1)))
    norm = graph.where(zero, graph.const(np.ones((1, 1)), norm.dtype), norm, norm)
    return Frame((graph.binary("Div", value, norm),), frame.names)


@transformer("sklearn.Binarizer")
def binarizer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """1 where above the threshold."""
    value = frame.numbers(graph)
    above = graph.compare("Greater", value, np.full((1, 1), float(estimator.threshold)))
    whole = frame.promoted(graph).dtype
    kept = whole if whole in ("int32", "int64") else value.dtype
    return Frame((graph.cast(above, kept),), frame.names)


@transformer("sklearn.PowerTransformer")
def power(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Yeo-Johnson or Box-Cox with each column's lambda, then standardised."""
    value = frame.numbers(graph)
    write = _yeo_johnson if estimator.method == "yeo-johnson" else _box_cox
    columns = []
    for place, exponent in enumerate(estimator.lambdas_):
        column = Formula(graph, graph.cast(graph.take(value, [place]), "float64"))
        columns.append(graph.cast(write(column, float(exponent)).value, value.dtype))
    result = Frame((graph.concat(columns),), frame.names)
    return standard(graph, estimator._scaler, result) if estimator.standardize else result


def _box_cox(x: Formula, exponent: float) -> Formula:
    """scipy.special.boxcox."""
    logarithm = x.call("Log")
    if abs(exponent) < 1e-19:
        return logarithm
    return elementary.expm1(logarithm * exponent) / exponent


def _yeo_johnson(x: Formula, exponent: float) -> Formula:
    """scipy.stats.yeojohnson: two branches by the sign."""
    positive = x >= 0.0
    up, down = positive.where(x, 0.0), positive.where(0.0, -x)
    yes, no = _grown(up, exponent), -_grown(down, 2.0 - exponent)
    return x.is_nan().where(x, positive.where(yes, no))


def _grown(x: Formula, exponent: float) -> Formula:
    """((x + 1) ** exponent - 1) / exponent."""
    logarithm = elementary.log1p(x)
    if abs(exponent) < np.finfo(np.float64).eps:
        return logarithm
    return elementary.expm1(logarithm * exponent) / exponent


def clipped(graph: Graph, value: Value, low: float, high: float) -> Value:
    """Values between two bounds; NaN stays NaN."""
    bounds = [graph.const(np.asarray(low), value.dtype), graph.const(np.asarray(high), value.dtype)]
    limited = graph.op("Clip", [value, *bounds], value.dtype, value.width)
    missing = graph.op("IsNaN", [value], "bool", value.width)
    return graph.where(missing, value, limited, value)
