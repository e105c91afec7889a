"""Naive Bayes on numbers, counts and flags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from converters.errors import Refused
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
    return _decided(graph, estimator, total)


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
    return _decided(graph, estimator, joint)


@predictor("sklearn.CategoricalNB")
def categories(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each feature's category, a whole number, looked up; one never seen is an error, as there."""
    value = graph.cast(frame.numbers(graph, "float64"), "int64")
    total: Value | None = None
    for place, table in enumerate(estimator.feature_log_prob_):
        known = np.asarray(table, np.float64).T
        at = graph.flat(graph.take(value, [place]))
        # The runtime would count a negative place from the end: it is made one beyond the end.
        beyond = graph.const(np.array(len(known)), "int64")
        at = graph.where(graph.compare("Less", at, np.array(0)), beyond, at, at)
        part = graph.op("Gather", [graph.const(known), at], "float64", known.shape[1], axis=0)
        total = part if total is None else graph.binary("Add", total, part)
    if total is None:
        raise Refused("no_features", "This CategoricalNB was trained on no feature.")
    prior = np.asarray(estimator.class_log_prior_, np.float64).reshape(1, -1)
    return _decided(graph, estimator, graph.binary("Add", total, prior))


def _decided(graph: Graph, estimator: Any, joint: Value) -> Predicted:
    index = labels.first_largest(graph, joint)
    whole = labels.classified(
        graph, index, estimator.classes_, softmax(graph, joint), "predict_proba"
    )
    more = {"predict_log_proba": lambda: graph.unary("LogSoftmax", joint, axis=1)}
    return replace(whole, more=more)
