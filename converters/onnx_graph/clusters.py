"""Clusters by their nearest centre."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.registry import Answer, Predicted, predictor


@predictor("sklearn.KMeans", "sklearn.MiniBatchKMeans")
def k_means(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The nearest centre; compared through products, less the row's own square."""
    value = frame.numbers(graph)
    if value.dtype == "float32":
        graph.inexact.append("KMeans computes in float32")
    value = graph.cast(value, "float64")
    centers = np.asarray(estimator.cluster_centers_, np.float64)
    cross = graph.matmul(value, -2.0 * centers.T)
    away = graph.binary("Add", cross, np.square(centers).sum(axis=1).reshape(1, -1))
    nearest = graph.op("ArgMin", [away], "int64", 0, axis=1, keepdims=0, select_last_index=0)
    label = Answer("label", OutputKind.LABEL, "predict", nearest)
    return Predicted((label,), list(range(len(centers))))
