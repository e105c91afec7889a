"""Multi-layer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax, two_columns
from converters.onnx_graph.registry import Answer, Predicted, predictor

ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


def _layers(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """The last layer's sums, after its activation unless that is softmax."""
    value = frame.numbers(graph)
    if value.dtype == "float32":
        graph.inexact.append("an MLP computes in float32")
    value = graph.cast(value, "float64")
    last = len(estimator.coefs_) - 1
    for place, (weights, bias) in enumerate(
        zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ):
        value = graph.binary("Add", graph.matmul(value, weights), np.reshape(bias, (1, -1)))
        name = estimator.out_activation_ if place == last else estimator.activation
        if name in ACTIVATIONS:
            value = graph.unary(ACTIVATIONS[name], value)
        elif name == "logistic":
            value = graph.sigmoid(value)
        elif name == "exp":
            value = graph.unary("Exp", value)
        elif name not in ("identity", "softmax"):
            raise Refused("objective_unknown", f"The activation {name!r} is not proven here.")
    return value


@predictor("sklearn.MLPClassifier")
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Sigmoid for two classes, softmax for more."""
    value = _layers(graph, estimator, frame)
    if estimator.out_activation_ == "softmax":
        proba = softmax(graph, value)
        index = labels.first_largest(graph, proba)
    elif value.width == 1:
        proba = two_columns(graph, value)
        index = labels.positive(graph, value, 0.5)
    else:
        flags = graph.cast(graph.compare("Greater", value, np.full((1, 1), 0.5)), "int64")
        return Predicted(
            (
                Answer("label", OutputKind.LABEL, "predict", flags),
                Answer("probabilities", OutputKind.VALUES, "predict_proba", value),
            )
        )
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor("sklearn.MLPRegressor")
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """One value or several."""
    return labels.regressed(graph, _layers(graph, estimator, frame))
