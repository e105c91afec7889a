"""Scalers: elementwise arithmetic, rounded where scikit-learn rounds on float32 rows."""

from __future__ import annotations

from typing import Any

import numpy as np

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
    return Frame((graph.cast(above, value.dtype),), frame.names)


@transformer("sklearn.PowerTransformer")
def power(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Yeo-Johnson or Box-Cox with each column's lambda, then standardised."""
    value = frame.numbers(graph, "float64")
    write = _yeo_johnson if estimator.method == "yeo-johnson" else _box_cox
    columns = [
        write(graph, graph.take(value, [place]), float(exponent))
        for place, exponent in enumerate(estimator.lambdas_)
    ]
    result = Frame((graph.concat(columns),), frame.names)
    return standard(graph, estimator._scaler, result) if estimator.standardize else result


def _box_cox(graph: Graph, value: Value, exponent: float) -> Value:
    if exponent == 0.0:
        return graph.unary("Log", value)
    raised = graph.binary("Pow", value, np.full((1, 1), exponent))
    return graph.binary("Div", graph.binary("Sub", raised, np.ones((1, 1))), [[exponent]])


def _yeo_johnson(graph: Graph, value: Value, exponent: float) -> Value:
    """sklearn/preprocessing/_data.py and scipy.stats.yeojohnson: two branches by the sign."""
    positive = graph.compare("GreaterOrEqual", value, np.zeros((1, 1)))
    zero = graph.const(np.zeros((1, 1)), value.dtype)
    up = graph.binary("Add", graph.where(positive, value, zero, value), np.ones((1, 1)))
    down_raw = graph.where(positive, zero, graph.unary("Neg", value), value)
    down = graph.binary("Add", down_raw, np.ones((1, 1)))
    yes = _box_cox(graph, up, exponent)
    no = graph.unary("Neg", _box_cox(graph, down, 2.0 - exponent))
    chosen = graph.where(positive, yes, no, value)
    missing = graph.op("IsNaN", [value], "bool", value.width)
    return graph.where(missing, value, chosen, value)


def clipped(graph: Graph, value: Value, low: float, high: float) -> Value:
    """Values between two bounds; NaN stays NaN."""
    bounds = [graph.const(np.asarray(low), value.dtype), graph.const(np.asarray(high), value.dtype)]
    limited = graph.op("Clip", [value, *bounds], value.dtype, value.width)
    missing = graph.op("IsNaN", [value], "bool", value.width)
    return graph.where(missing, value, limited, value)
