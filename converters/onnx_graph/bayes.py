"""Naive Bayes on numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.linear import softmax
from converters.onnx_graph.registry import Predicted, predictor


@predictor("sklearn.GaussianNB")
def gaussian(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The joint log-likelihood of each class, then softmax."""
    value = frame.numbers(graph)
    if value.dtype == "float32":
        graph.inexact.append("GaussianNB computes in float32")
    value = graph.cast(value, "float64")
    joint = []
    for prior, mean, variance in zip(
        estimator.class_prior_, estimator.theta_, estimator.var_, strict=True
    ):
        away = graph.binary("Sub", value, mean.reshape(1, -1))
        squares = graph.binary("Mul", away, away)
        spread = graph.reduce("ReduceSum", graph.binary("Div", squares, variance.reshape(1, -1)))
        start = np.log(prior) - 0.5 * np.sum(np.log(2.0 * np.pi * variance))
        halved = graph.binary("Mul", spread, np.full((1, 1), -0.5))
        joint.append(graph.binary("Add", halved, np.full((1, 1), start)))
    total = graph.concat(joint)
    index = labels.first_largest(graph, total)
    return labels.classified(
        graph, index, estimator.classes_, softmax(graph, total), "predict_proba"
    )
