"""AdaBoost: weighted votes for classes, the weighted median for values; in double."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import labels, members
from converters.onnx_graph.dummy import repeated
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax
from converters.onnx_graph.registry import Predicted, predictor
from converters.trees import sklearn as reader
from converters.trees.form import Ensemble, Floats
from converters.trees.onnx import emit

TREES = ("DecisionTree", "ExtraTree")


def _are_trees(estimator: Any) -> bool:
    return all(type(member).__name__.startswith(TREES) for member in estimator.estimators_)


@predictor("sklearn.AdaBoostClassifier")
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """SAMME: each model gives its class its weight, and the others their share of minus that."""
    classes = len(estimator.classes_)
    if classes == 1:
        return _one_class(graph, estimator, frame)
    weights = np.asarray(estimator.estimator_weights_, np.float64)[: len(estimator.estimators_)]
    if _are_trees(estimator):
        trees = tuple(
            reader.tree(member.tree_, _votes(member, estimator.classes_, weight))
            for member, weight in zip(estimator.estimators_, weights, strict=True)
        )
        votes = Ensemble(trees, frame.width, classes, compares="float32")
        total = emit(graph, frame.numbers(graph), votes)
    else:
        total = _named(graph, estimator, frame, weights)
    # scikit-learn divides by all weights, those of rounds that never came (0) included.
    score = graph.binary(
        "Div", total, np.full((1, classes), float(np.sum(estimator.estimator_weights_)))
    )
    if classes == 2:
        return _two(graph, estimator, score)
    scaled = graph.binary("Div", score, np.full((1, classes), float(classes - 1)))
    index = labels.first_largest(graph, score)
    found = labels.classified(
        graph, index, estimator.classes_, softmax(graph, scaled), "predict_proba"
    )
    return replace(found, more={"decision_function": lambda: score})


def _named(graph: Graph, estimator: Any, frame: Frame, weights: Floats) -> Value:
    """[N, classes] the votes of members of any kind, added in scikit-learn's order."""
    classes = len(estimator.classes_)
    total: Value | None = None
    for member, weight in zip(estimator.estimators_, weights, strict=True):
        named = graph.cast(members.chosen(graph, member, frame, estimator.classes_), "bool")
        won = graph.const(np.full((1, classes), weight))
        lost = graph.const(np.full((1, classes), -1 / (classes - 1) * weight))
        vote = graph.op("Where", [named, won, lost], "float64", classes)
        total = vote if total is None else graph.binary("Add", total, vote)
    if total is None:
        raise Refused("no_members", "This AdaBoostClassifier has no members left.")
    return total


def _one_class(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The only class, which is certain."""
    index = graph.cast(graph.flat(repeated(graph, frame, np.zeros((1, 1)))), "int64")
    proba = repeated(graph, frame, np.ones((1, 1)))
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


def _two(graph: Graph, estimator: Any, score: Value) -> Predicted:
    """One decision: what the second class has more than the first."""
    signs = graph.binary("Mul", score, np.array([[-1.0, 1.0]]))
    decision = graph.reduce("ReduceSum", signs)
    both = graph.concat([graph.unary("Neg", decision), decision])
    halved = graph.binary("Div", both, np.full((1, 2), 2.0))
    index = labels.positive(graph, decision)
    found = labels.classified(
        graph, index, estimator.classes_, softmax(graph, halved), "predict_proba"
    )
    return replace(found, more={"decision_function": lambda: graph.flat(decision)})


def _votes(member: Any, classes: Any, weight: float) -> Floats:
    """[nodes, classes] what a tree adds where a row ends; its class is the first largest."""
    known = np.asarray(member.tree_.value[:, 0, :], np.float64)
    chosen = np.asarray(member.classes_)[known.argmax(axis=1)]
    won = chosen[:, None] == np.asarray(classes)[None, :]
    return np.where(won, weight, -1 / (len(classes) - 1) * weight)


@predictor("sklearn.AdaBoostRegressor")
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The members' values sorted; the first at which half of all weight is reached."""
    count = len(estimator.estimators_)
    if _are_trees(estimator):
        told = _values(graph, estimator, frame)
    else:
        parts = [members.ask(graph, one, frame, "predict") for one in estimator.estimators_]
        told = graph.concat(parts)
    number = graph.const([count], "int64")
    value, order = graph.ops(
        "TopK", [told, number], [("float64", count), ("int64", count)], axis=1, largest=0
    )
    weights = np.asarray(estimator.estimator_weights_, np.float64)[:count]
    own = graph.op("Gather", [graph.const(weights), order], "float64", count, axis=0)
    reached = graph.op("CumSum", [own, graph.const(np.int64(1))], "float64", count)
    half = graph.binary("Mul", graph.take(reached, [count - 1]), np.full((1, 1), 0.5))
    enough = graph.cast(graph.compare("GreaterOrEqual", reached, half), "float32")
    first = graph.op("ArgMax", [enough], "int64", 1, axis=1, keepdims=1)
    return labels.regressed(graph, graph.op("GatherElements", [value, first], "float64", 1, axis=1))


def _values(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """[N, trees] each tree's value."""
    count = len(estimator.estimators_)
    trees = []
    for place, member in enumerate(estimator.estimators_):
        values = np.zeros((member.tree_.node_count, count))
        values[:, place] = member.tree_.value[:, 0, 0]
        trees.append(reader.tree(member.tree_, values))
    each = Ensemble(tuple(trees), frame.width, count, compares="float32")
    return emit(graph, frame.numbers(graph), each)
