"""XGBoost, bare Boosters and scikit-learn wrappers alike, alone or in a Pipeline."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from converters.contract import OutputKind
from converters.onnx_graph import labels
from converters.onnx_graph.boosters import (
    EXP,
    IDENTITY,
    LARGEST,
    SIGMOID,
    SOFTMAX,
    STEP,
    link_of,
    linked,
)
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax, two_columns
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.trees import xgboost as reader
from converters.trees.keys import rows
from converters.trees.onnx import emit

# Linear models of more features are not added one by one.
WIDE = 500
LINKS = {
    "binary:logistic": SIGMOID,
    "binary:logitraw": IDENTITY,
    "binary:hinge": STEP,
    "multi:softprob": SOFTMAX,
    "multi:softmax": LARGEST,
    "reg:logistic": SIGMOID,
    "reg:squarederror": IDENTITY,
    "reg:squaredlogerror": IDENTITY,
    "reg:absoluteerror": IDENTITY,
    "reg:pseudohubererror": IDENTITY,
    "reg:quantileerror": IDENTITY,
    "reg:gamma": EXP,
    "reg:tweedie": EXP,
    "count:poisson": EXP,
    "survival:aft": EXP,
    "survival:cox": EXP,
    "rank:pairwise": IDENTITY,
    "rank:ndcg": IDENTITY,
    "rank:map": IDENTITY,
}


def _margin(graph: Graph, estimator: Any, frame: Frame) -> tuple[Value, str]:
    """The sums before the link, [N, targets], and the link."""
    booster, rounds, missing = _booster_of(estimator)
    boosted = reader.read(booster, rounds)
    link = link_of(LINKS, boosted.objective)
    value = rows(graph, frame, boosted.ensemble, "float32")
    if missing is not None and not np.isnan(missing):
        is_missing = graph.compare("Equal", value, np.full((1, 1), missing))
        value = graph.where(
            is_missing, graph.const(np.full((1, 1), np.nan), "float32"), value, value
        )
    if id(estimator) in graph.sparse_fed:
        # A scipy matrix does not store its zeros, and what is not stored is missing.
        absent = graph.compare("Equal", frame.numbers(graph, "float64"), np.zeros((1, 1)))
        value = graph.where(absent, graph.const(np.full((1, 1), np.nan), "float32"), value, value)
    graph.inexact.append("XGBoost computes in float32")
    base = boosted.base.reshape(1, -1)
    if boosted.weights is not None:
        return _linear(graph, value, boosted.weights, base), link
    total = emit(graph, value, boosted.ensemble)
    return graph.binary("Add", total, base), link


def _linear(graph: Graph, value: Value, weights: Any, base: Any) -> Value:
    """gblinear adds one feature after the other in float32, where large ones overflow.

    Missing values count as zero. Very wide models are added in double, and rounded at the end.
    """
    missing = graph.op("IsNaN", [value], "bool", value.width)
    filled = graph.where(missing, graph.const(np.zeros((1, 1)), "float32"), value, value)
    targets = weights.shape[1]
    if value.width > WIDE:
        product = graph.matmul(graph.cast(filled, "float64"), weights[:-1])
        return graph.cast(graph.binary("Add", product, weights[-1:] + base), "float32")
    start = weights[-1:].astype(np.float32) + base.astype(np.float32)
    total: Value | str = graph.const(start, "float32")
    for place in range(value.width):
        factors = graph.const(weights[place : place + 1], "float32")
        term = graph.op("Mul", [graph.take(filled, [place]), factors], "float32", targets)
        total = graph.op("Add", [total, term], "float32", targets)
    return cast(Value, total)


def _booster_of(estimator: Any) -> tuple[Any, int, float | None]:
    """The Booster, how many rounds answer (0: all), and the number for a missing value.

    A wrapper that stopped early answers with its best round, a bare Booster with all of them.
    """
    if type(estimator).__name__ == "Booster":
        return estimator, 0, None
    _, end = estimator._get_iteration_range(None)
    return estimator.get_booster(), int(end), estimator.missing


@predictor("xgboost.XGBClassifier", "xgboost.XGBRFClassifier", text=True)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Labels are the classes' numbers, as XGBoost itself answers (XGBClassifier.predict)."""
    raw, link = _margin(graph, estimator, frame)
    classes = np.asarray(estimator.classes_).astype(np.int64)
    if raw.width > 1 and len(classes) != 2:
        answer = softmax(graph, raw) if link in (SOFTMAX, LARGEST) else linked(graph, raw, link)
        chosen = labels.first_largest(graph, raw if link == LARGEST else answer)
        return labels.classified(graph, chosen, classes, answer, "predict_proba")
    if link == LARGEST:
        chosen = labels.first_largest(graph, raw)
        return labels.classified(graph, chosen, classes, softmax(graph, raw), "predict_proba")
    answer = linked(graph, raw, link)
    if raw.width > 1:
        return _several_labels(graph, answer)
    if link == IDENTITY:
        graph.notes.append(
            "predict_proba of this objective answers with the raw margin m as 1 - m and m, and "
            "predict names class 1 where m is above 0.5; the converted model does the same."
        )
    index = labels.positive(graph, answer, 0.5)
    return labels.classified(graph, index, classes, two_columns(graph, answer), "predict_proba")


def _several_labels(graph: Graph, answer: Value) -> Predicted:
    """One 0 or 1 for each of several targets."""
    above = graph.compare("Greater", answer, np.full((1, 1), 0.5))
    label = Answer("label", OutputKind.LABEL, "predict", graph.cast(above, "int64"))
    values = Answer("probabilities", OutputKind.VALUES, "predict_proba", answer)
    return Predicted((label, values), [0, 1])


@predictor("xgboost.XGBRegressor", "xgboost.XGBRFRegressor", "xgboost.XGBRanker", text=True)
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """One value, or one a target."""
    raw, link = _margin(graph, estimator, frame)
    return labels.regressed(graph, linked(graph, raw, link))


@predictor("xgboost.Booster", text=True)
def booster(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """What `Booster.predict` answers: values or probabilities, and a class for multi:softmax."""
    raw, link = _margin(graph, estimator, frame)
    if link == LARGEST:
        classes = np.arange(raw.width)
        label = labels.pick(graph, labels.first_largest(graph, raw), classes)
        return Predicted((Answer("label", OutputKind.LABEL, "predict", label),), classes.tolist())
    return labels.regressed(graph, linked(graph, raw, link))
