"""Support vector machines with dense kernels, in double as libsvm computes them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import kernels, labels, platt
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.sources.pairwise import PAIRS


def _dense(values: Any) -> npt.NDArray[np.float64]:
    """A fitted array that scikit-learn keeps sparse where it was trained on sparse rows."""
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, np.float64)


def kernel(graph: Graph, estimator: Any, value: Value) -> Value:
    """[N, support vectors] in double.

    Raises:
        Refused: `own_python` for a kernel that is a function, `kernel_unknown`.
    """
    vectors = _dense(estimator.support_vectors_)
    gamma, constant = float(estimator._gamma), float(estimator.coef0)
    if estimator.kernel == "rbf":
        return graph.unary("Exp", _scaled(graph, _distances(graph, value, vectors), -gamma))
    if callable(estimator.kernel):
        raise kernels.own_kernel(estimator, estimator.kernel)
    if estimator.kernel not in ("linear", "poly", "sigmoid"):
        raise Refused(
            "kernel_unknown",
            f"The kernel {estimator.kernel!r} is not one that converts; use rbf, linear, poly or "
            "sigmoid.",
        )
    if estimator.kernel == "linear":
        return graph.matmul(value, vectors.T)
    shifted = graph.binary("Add", graph.matmul(value, gamma * vectors.T), np.full((1, 1), constant))
    if estimator.kernel == "sigmoid":
        return graph.unary("Tanh", shifted)
    return graph.binary("Pow", shifted, np.full((1, 1), float(estimator.degree)))


def _scaled(graph: Graph, value: Value, factor: float) -> Value:
    return graph.binary("Mul", value, np.full((1, 1), factor))


def _distances(graph: Graph, value: Value, vectors: npt.NDArray[np.float64]) -> Value:
    """Squared distances through products, which cancel less once the vectors' mean is taken off."""
    center = vectors.mean(axis=0, keepdims=True)
    moved = vectors - center
    row = graph.binary("Sub", value, center)
    own = graph.reduce("ReduceSumSquare", row)
    cross = graph.matmul(row, -2.0 * moved.T)
    total = graph.binary("Add", cross, own)
    total = graph.binary("Add", total, np.square(moved).sum(axis=1).reshape(1, -1))
    return graph.binary("Max", total, np.zeros((1, 1)))


def _decisions(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """libsvm's own decision values: one a pair of classes, or one."""
    values = kernel(graph, estimator, frame.numbers(graph, "float64"))
    pairs = _pair_coefficients(estimator)
    product = graph.matmul(values, pairs)
    return graph.binary("Add", product, np.reshape(estimator._intercept_, (1, -1)))


def _pair_coefficients(estimator: Any) -> npt.NDArray[np.float64]:
    """[vectors, pairs]: a vector counts in the pairs of its own class (svm_predict_values)."""
    dual = _dense(estimator._dual_coef_)
    if not hasattr(estimator, "classes_"):
        return dual.T
    classes = len(estimator.classes_)
    starts = np.cumsum([0, *estimator._n_support[:classes]])
    columns = []
    for first, second in combinations(range(classes), 2):
        column = np.zeros(dual.shape[1])
        one = slice(starts[first], starts[first + 1])
        other = slice(starts[second], starts[second + 1])
        column[one] = dual[second - 1, one]
        column[other] = dual[first, other]
        columns.append(column)
    return np.array(columns).T


@predictor("sklearn.SVC", "sklearn.NuSVC")
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Labels by the pairs' votes, the scores, and Platt's probabilities where it has some.

    The label is not the likeliest class: libsvm's votes and its probabilities disagree at times.
    """
    pairs = _decisions(graph, estimator, frame)
    if pairs.width == 1:
        score = graph.unary("Neg", pairs)
        index = labels.positive(graph, score)
        whole = labels.classified(
            graph, index, estimator.classes_, graph.flat(score), "decision_function"
        )
    else:
        whole = _voted(graph, estimator, pairs)
    if len(getattr(estimator, "_probA", ())) == 0:
        return whole
    proba = platt.probabilities(graph, estimator, pairs)
    shown = Answer("probabilities", OutputKind.PROBABILITIES, "predict_proba", proba)
    return replace(whole, answers=(*whole.answers, shown))


def _voted(graph: Graph, estimator: Any, pairs: Value) -> Predicted:
    """Each pair votes, the first class with most votes wins; the pairs' values are shown.

    scikit-learn's one-against-rest scores add whole votes to a squeezed confidence, so they jump
    where a pair is tied; the pairs' own values say the same and are continuous.
    """
    classes = len(estimator.classes_)
    index = labels.first_largest(graph, _votes(graph, estimator, pairs, classes))
    label = labels.pick(graph, index, estimator.classes_)
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", label),
            Answer("pair_scores", OutputKind.VALUES, PAIRS, pairs),
        ),
        labels.plain_classes(estimator.classes_),
        {"decision_function": lambda: _decision_function(graph, estimator, pairs)},
    )


def _decision_function(graph: Graph, estimator: Any, pairs: Value) -> Value:
    """What a model around this one asks for: the pairs, or votes with a squeezed confidence.

    Source: sklearn/utils/multiclass.py, `_ovr_decision_function`, which gives a tie to the first.
    """
    if estimator.decision_function_shape != "ovr":
        return pairs
    classes = len(estimator.classes_)
    signs, first, second = _sides(pairs.width, classes)
    lost = graph.cast(graph.compare("Less", pairs, np.zeros((1, 1))), "float64")
    won = graph.op("Sub", [graph.const(np.ones((1, 1))), lost], "float64", pairs.width)
    votes = graph.binary("Add", graph.matmul(won, first), graph.matmul(lost, second))
    return _squeezed(graph, votes, graph.matmul(pairs, signs))


def _squeezed(graph: Graph, votes: Value, total: Value) -> Value:
    """Votes and confidences squeezed below 1/3."""
    size = graph.binary("Add", graph.unary("Abs", total), np.ones((1, 1)))
    return graph.binary("Add", votes, graph.binary("Div", total, _scaled(graph, size, 3.0)))


def _sides(
    pairs: int, classes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """[pairs, classes] each: what a pair adds to a class, where its first and its second win."""
    signs, first_wins, second_wins = (np.zeros((pairs, classes)) for _ in range(3))
    for place, (first, second) in enumerate(combinations(range(classes), 2)):
        signs[place, first], signs[place, second] = 1.0, -1.0
        first_wins[place, first] = second_wins[place, second] = 1.0
    return signs, first_wins, second_wins


def _votes(graph: Graph, estimator: Any, pairs: Value, classes: int) -> Value:
    """[N, classes] votes; with `break_ties` also confidences squeezed below 1/3."""
    signs, first_wins, second_wins = _sides(pairs.width, classes)
    above = graph.cast(graph.compare("Greater", pairs, np.zeros((1, 1))), "float64")
    below = graph.op("Sub", [graph.const(np.ones((1, 1))), above], "float64", pairs.width)
    votes = graph.binary("Add", graph.matmul(above, first_wins), graph.matmul(below, second_wins))
    if not (estimator.break_ties and estimator.decision_function_shape == "ovr"):
        return votes
    return _squeezed(graph, votes, graph.matmul(pairs, signs))


@predictor("sklearn.SVR", "sklearn.NuSVR")
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The decision value is the answer."""
    return labels.regressed(graph, _decisions(graph, estimator, frame))


@predictor("sklearn.OneClassSVM")
def one_class(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """1 inside, -1 outside, and the score."""
    score = _decisions(graph, estimator, frame)
    label = labels.pick(graph, labels.positive(graph, score), np.array([-1, 1]))
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", label),
            Answer("scores", OutputKind.SCORES, "decision_function", graph.flat(score)),
        ),
        [-1, 1],
    )
