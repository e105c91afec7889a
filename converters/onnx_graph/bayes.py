"""Naive Bayes on numbers, counts and flags."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
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


@predictor("sklearn.MultinomialNB", "sklearn.ComplementNB")
def counts(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Counts times the features' log-probabilities; ComplementNB adds no prior to several."""
    weights = np.asarray(estimator.feature_log_prob_, np.float64)
    start = np.asarray(estimator.class_log_prior_, np.float64)
    if type(estimator).__name__ == "ComplementNB" and len(estimator.classes_) > 1:
        start = np.zeros(len(estimator.classes_))
    return _linear(graph, estimator, frame.numbers(graph), weights, start)


@predictor("sklearn.BernoulliNB")
def flags(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each feature above the threshold or not, which counts either way."""
    value = frame.numbers(graph)
    if estimator.binarize is not None:
        value = graph.compare("Greater", value, np.full((1, 1), float(estimator.binarize)))
    present = np.asarray(estimator.feature_log_prob_, np.float64)
    absent = np.log(1.0 - np.exp(present))
    start = np.asarray(estimator.class_log_prior_, np.float64) + absent.sum(axis=1)
    return _linear(graph, estimator, value, present - absent, start)


def _linear(graph: Graph, estimator: Any, value: Value, weights: Any, start: Any) -> Predicted:
    """Joint log-likelihoods that are linear in the features, then softmax; always in double."""
    product = graph.matmul(graph.cast(value, "float64"), weights.T)
    joint = graph.binary("Add", product, start.reshape(1, -1))
    index = labels.first_largest(graph, joint)
    return labels.classified(
        graph, index, estimator.classes_, softmax(graph, joint), "predict_proba"
    )
