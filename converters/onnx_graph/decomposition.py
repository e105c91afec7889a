"""Projections onto learned axes, selections of columns, and products of columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Predicted, predictor, transformer


@transformer("sklearn.PCA", "sklearn.IncrementalPCA")
def pca(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """(X - mean) @ axes.T, each divided by its deviation where whitened."""
    value = doubles(graph, frame, "PCA")
    projected = graph.matmul(value, estimator.components_.T)
    # scikit-learn subtracts mean @ axes.T after the product; the same numbers, in its order.
    shift = np.reshape(estimator.mean_, (1, -1)) @ estimator.components_.T
    projected = graph.binary("Sub", projected, shift)
    if estimator.whiten:
        scale = np.sqrt(estimator.explained_variance_)
        scale[scale < np.finfo(scale.dtype).eps] = np.finfo(scale.dtype).eps
        projected = graph.binary("Div", projected, scale.reshape(1, -1))
    return _narrowed(graph, projected, frame)


@transformer("sklearn.TruncatedSVD")
def truncated_svd(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """X @ axes.T."""
    value = doubles(graph, frame, "TruncatedSVD")
    return _narrowed(graph, graph.matmul(value, estimator.components_.T), frame)


@transformer(
    "sklearn.SelectKBest",
    "sklearn.SelectPercentile",
    "sklearn.SelectFpr",
    "sklearn.SelectFdr",
    "sklearn.SelectFwe",
    "sklearn.GenericUnivariateSelect",
    "sklearn.SelectFromModel",
    "sklearn.VarianceThreshold",
    "sklearn.RFE",
    "sklearn.RFECV",
    "sklearn.SequentialFeatureSelector",
)
def selection(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The columns that were found worth keeping."""
    return frame.take(graph, [int(place) for place in estimator.get_support(indices=True)])


@predictor("sklearn.RFE", "sklearn.RFECV")
def selecting_model(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Alone, a selection by a model predicts with that model on the columns it kept."""
    from converters.onnx_graph import compose

    return compose.predicted(graph, estimator.estimator_, selection(graph, estimator, frame))


@transformer("sklearn.PolynomialFeatures")
def polynomial(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Products of columns, each from the shorter product before it."""
    value = doubles(graph, frame, "PolynomialFeatures")
    columns = [graph.take(value, [place]) for place in range(value.width)]
    parts = []
    for powers in estimator.powers_:
        factors = [place for place, times in enumerate(powers) for _ in range(int(times))]
        if not factors:
            parts.append(_ones(graph, columns[0]))
            continue
        product = columns[factors[0]]
        for place in factors[1:]:
            product = graph.binary("Mul", product, columns[place])
        parts.append(product)
    return _narrowed(graph, graph.concat(parts), frame)


def _narrowed(graph: Graph, value: Value, frame: Frame) -> Frame:
    """In float32 where the rows are."""
    return Frame((graph.cast(value, "float32") if frame.float_dtype == "float32" else value,))


def _ones(graph: Graph, column: Value) -> Value:
    """A column of ones as long as this one."""
    same = graph.op("Equal", [column, column], "bool", 1)
    one = graph.const(np.ones((1, 1)), column.dtype)
    return graph.where(same, one, one, column)


def doubles(graph: Graph, frame: Frame, name: str) -> Value:
    """All columns in double; float32 ones, on which the original computes in float32, are noted."""
    value = frame.numbers(graph)
    if value.dtype == "float32":
        graph.inexact.append(f"{name} computes in float32")
    return graph.cast(value, "float64")
