"""Votes of several models: the mean of their probabilities or values, weighted or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Predicted, predictor


@predictor("sklearn.VotingClassifier")
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' probabilities; the label is the first largest."""
    if estimator.voting != "soft":
        raise Refused(
            "hard_voting",
            "This VotingClassifier counts labels, which is not proven here; train it with "
            "voting='soft'.",
        )
    proba = _mean(graph, estimator, frame, "predict_proba")
    index = labels.first_largest(graph, proba)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor("sklearn.VotingRegressor")
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' values."""
    return labels.regressed(graph, _mean(graph, estimator, frame, "predict"))


@predictor("sklearn.BaggingClassifier")
def bagged_classes(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' probabilities, each on features and with classes of its own."""
    classes = len(estimator.classes_)
    total: Value | None = None
    for member, features in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        proba = _answer(graph, member, frame.take(graph, features.tolist()), "predict_proba")
        proba = graph.cast(proba, "float64")
        if proba.width != classes:
            # A member that saw only some classes: a column of zeros for each of the others.
            places = np.zeros((proba.width, classes))
            places[np.arange(proba.width), member.classes_.astype(int)] = 1.0
            proba = graph.matmul(proba, places)
        total = proba if total is None else graph.binary("Add", total, proba)
    proba = _divided(graph, total, len(estimator.estimators_))
    index = labels.first_largest(graph, proba)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor("sklearn.BaggingRegressor")
def bagged_values(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' values, each on features of its own."""
    total: Value | None = None
    for member, features in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        value = _answer(graph, member, frame.take(graph, features.tolist()), "predict")
        value = graph.cast(graph.column(value) if value.width == 0 else value, "float64")
        total = value if total is None else graph.binary("Add", total, value)
    return labels.regressed(graph, _divided(graph, total, len(estimator.estimators_)))


def _divided(graph: Graph, total: Value | None, count: float) -> Value:
    if total is None:
        raise Refused("no_members", "This vote has no members left.")
    return graph.binary("Div", total, np.full((1, total.width), count))


def _mean(graph: Graph, estimator: Any, frame: Frame, source: str) -> Value:
    """numpy's average over the members, in double."""
    members = estimator.estimators_
    weights = estimator._weights_not_none
    weights = np.ones(len(members)) if weights is None else np.asarray(weights, np.float64)
    total: Value | None = None
    for member, weight in zip(members, weights, strict=True):
        value = graph.cast(_answer(graph, member, frame, source), "float64")
        value = graph.column(value) if value.width == 0 else value
        part = graph.binary("Mul", value, np.full((1, value.width), weight))
        total = part if total is None else graph.binary("Add", total, part)
    return _divided(graph, total, float(weights.sum()))


def _answer(graph: Graph, member: Any, frame: Frame, source: str) -> Value:
    from converters.onnx_graph.compose import predicted

    for answer in predicted(graph, member, frame).answers:
        if answer.source == source:
            return answer.value
    raise Refused(
        "no_converter",
        f"{type(member).__name__} inside this vote has no {source} that converts; replace it.",
    )
