"""Many classes from models of two: one against the rest, one against one, and output codes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels, members
from converters.onnx_graph.dummy import repeated
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import two_columns
from converters.onnx_graph.registry import Answer, Predicted, predictor

SCORES = "decision_function"


def _binary(graph: Graph, member: Any, frame: Frame) -> Value:
    """One member's confidence, [N, 1] (sklearn/multiclass.py, `_predict_binary`)."""
    if is_regressor(member):
        return members.ask(graph, member, frame, "predict")
    source = members.response(member, (SCORES, "predict_proba"))
    value = members.ask(graph, member, frame, source)
    return graph.take(value, [1]) if source == "predict_proba" else value


def _limit(member: Any) -> float:
    return 0.0 if hasattr(member, SCORES) and is_classifier(member) else 0.5


@predictor("sklearn._ConstantPredictor", text=True)
def constant(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """A label that all training rows had, or none."""
    value = float(np.ravel(estimator.y_)[0])
    one = repeated(graph, frame, np.array([[value]]))
    pair = repeated(graph, frame, np.array([[1.0 - value, value]]))
    return Predicted(
        (Answer("prediction", OutputKind.VALUES, "predict", one),),
        more={SCORES: lambda: one, "predict_proba": lambda: pair},
    )


@predictor("sklearn.OneVsRestClassifier", text=True)
def one_against_rest(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The class of the most confident member, the first one of equals; or one flag a label."""
    parts = [_binary(graph, one, frame) for one in estimator.estimators_]
    value = graph.concat(parts)
    if estimator.label_binarizer_.y_type_ == "multiclass":
        index = graph.op("ArgMax", [value], "int64", 0, axis=1, keepdims=0, select_last_index=0)
        label = labels.pick(graph, index, estimator.classes_)
    else:
        above = graph.compare("Greater", value, [[_limit(estimator.estimators_[0])]])
        flags = graph.cast(above, "int64")
        if estimator.multilabel_:
            return _flagged(graph, estimator, frame, flags)
        label = labels.pick(graph, graph.flat(flags), estimator.classes_)
    answers = [Answer("label", OutputKind.LABEL, "predict", label)]
    if hasattr(estimator, "predict_proba"):
        proba = _shares(graph, estimator, frame)
        answers.append(Answer("probabilities", OutputKind.PROBABILITIES, "predict_proba", proba))
    if hasattr(estimator, SCORES):
        shown = graph.flat(value) if value.width == 1 else value
        answers.append(Answer("scores", OutputKind.SCORES, SCORES, shown))
    return Predicted(tuple(answers), labels.plain_classes(estimator.classes_))


def _flagged(graph: Graph, estimator: Any, frame: Frame, flags: Value) -> Predicted:
    answers = [Answer("label", OutputKind.LABEL, "predict", flags)]
    if hasattr(estimator, "predict_proba"):
        proba = _shares(graph, estimator, frame)
        answers.append(Answer("probabilities", OutputKind.VALUES, "predict_proba", proba))
    return Predicted(tuple(answers))


def _shares(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """The members' probabilities, which add up to one where they are not several labels'."""
    parts = [
        graph.take(members.ask(graph, one, frame, "predict_proba"), [1])
        for one in estimator.estimators_
    ]
    proba = graph.concat(parts)
    if len(parts) == 1:
        return two_columns(graph, proba)
    if estimator.multilabel_:
        return proba
    total = graph.reduce("ReduceSum", proba)
    empty = graph.compare("Equal", total, np.zeros((1, 1)))
    divided = graph.binary("Div", proba, total)
    return graph.where(empty, proba, divided, divided)


@predictor("sklearn.OneVsOneClassifier")
def one_against_one(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each pair's member votes; confidences, squeezed below a third, break ties."""
    if estimator.pairwise_indices_ is not None:
        raise Refused(
            "kernel_unknown",
            "This OneVsOneClassifier was trained on kernels or distances instead of features; "
            "train it on the features.",
        )
    classes = len(estimator.classes_)
    votes: list[Value | None] = [None] * classes
    sums: list[Value | None] = [None] * classes
    fed = frame
    pairs = combinations(range(classes), 2)
    for member, (first, second) in zip(estimator.estimators_, pairs, strict=True):
        won = members.ask(graph, member, fed, "predict")
        lost = graph.cast(graph.compare("Equal", won, np.zeros((1, 1))), "float64")
        won = graph.cast(graph.compare("Equal", won, np.ones((1, 1))), "float64")
        sure = _binary(graph, member, fed)
        votes[first] = _plus(graph, votes[first], lost)
        votes[second] = _plus(graph, votes[second], won)
        sums[first] = _plus(graph, sums[first], graph.unary("Neg", sure))
        sums[second] = _plus(graph, sums[second], sure)
    counted = graph.concat([one for one in votes if one is not None])
    total = graph.concat([one for one in sums if one is not None])
    size = graph.binary("Add", graph.unary("Abs", total), np.ones((1, classes)))
    size = graph.binary("Mul", size, np.full((1, classes), 3.0))
    value = graph.binary("Add", counted, graph.binary("Div", total, size))
    if classes == 2:
        value = graph.take(value, [1])
        index = labels.positive(graph, value, _limit(estimator.estimators_[0]))
        value = graph.flat(value)
    else:
        index = labels.first_largest(graph, value)
    return labels.classified(graph, index, estimator.classes_, value, SCORES)


def _plus(graph: Graph, total: Value | None, part: Value) -> Value:
    return part if total is None else graph.binary("Add", total, part)


@predictor("sklearn.OutputCodeClassifier")
def codes(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The class whose code is nearest to what the members say."""
    value = graph.concat([_binary(graph, one, frame) for one in estimator.estimators_])
    away = []
    for code in np.asarray(estimator.code_book_, np.float64):
        apart = graph.binary("Sub", value, code.reshape(1, -1))
        away.append(graph.reduce("ReduceSumSquare", apart))
    total = graph.concat(away)
    index = graph.op("ArgMin", [total], "int64", 0, axis=1, keepdims=0, select_last_index=0)
    label = labels.pick(graph, index, estimator.classes_)
    return Predicted(
        (Answer("label", OutputKind.LABEL, "predict", label),),
        labels.plain_classes(estimator.classes_),
    )
