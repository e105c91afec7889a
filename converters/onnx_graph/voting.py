"""Votes of several models: the mean of their probabilities or values, weighted or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels, members
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor


@predictor("sklearn.VotingClassifier", text=True)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' probabilities, or their counted labels; the first largest wins."""
    if estimator.voting != "soft":
        return _counted(graph, estimator, frame)
    proba = _mean(graph, estimator, frame, "predict_proba")
    index = labels.first_largest(graph, proba)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


def _counted(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each member adds its weight to the class it names; members name classes by their place."""
    weights = estimator._weights_not_none
    weights = np.ones(len(estimator.estimators_)) if weights is None else weights
    places = np.arange(len(estimator.classes_), dtype=np.float64).reshape(1, -1)
    total: Value | None = None
    for member, weight in zip(estimator.estimators_, weights, strict=True):
        named = members.ask(graph, member, frame, "predict")
        vote = graph.cast(graph.compare("Equal", named, places), "float64")
        vote = graph.binary("Mul", vote, np.full(places.shape, float(weight)))
        total = vote if total is None else graph.binary("Add", total, vote)
    if total is None:
        raise Refused("no_members", "This vote has no members left.")
    index = labels.first_largest(graph, total)
    label = labels.pick(graph, index, estimator.classes_)
    return Predicted(
        (Answer("label", OutputKind.LABEL, "predict", label),),
        labels.plain_classes(estimator.classes_),
    )


@predictor("sklearn.VotingRegressor", text=True)
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' values."""
    return labels.regressed(graph, _mean(graph, estimator, frame, "predict"))


@predictor("sklearn.BaggingClassifier")
def bagged_classes(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' probabilities or votes, each on features and classes of its own."""
    classes = len(estimator.classes_)
    total: Value | None = None
    for member, features in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        seen = frame.take(graph, features.tolist())
        if not hasattr(member, "predict_proba"):
            # Members name classes by their place.
            proba = members.chosen(graph, member, seen, np.arange(classes))
        else:
            proba = members.ask(graph, member, seen, "predict_proba")
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
        value = members.ask(graph, member, frame.take(graph, features.tolist()), "predict")
        total = value if total is None else graph.binary("Add", total, value)
    return labels.regressed(graph, _divided(graph, total, len(estimator.estimators_)))


def _divided(graph: Graph, total: Value | None, count: float) -> Value:
    if total is None:
        raise Refused("no_members", "This vote has no members left.")
    return graph.binary("Div", total, np.full((1, total.width), count))


def _mean(graph: Graph, estimator: Any, frame: Frame, source: str) -> Value:
    """numpy's average over the members, in double."""
    count = len(estimator.estimators_)
    weights = estimator._weights_not_none
    weights = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    total: Value | None = None
    for member, weight in zip(estimator.estimators_, weights, strict=True):
        value = members.ask(graph, member, frame, source)
        part = graph.binary("Mul", value, np.full((1, value.width), weight))
        total = part if total is None else graph.binary("Add", total, part)
    return _divided(graph, total, float(weights.sum()))
