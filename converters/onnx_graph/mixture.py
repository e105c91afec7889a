"""Gaussian densities: mixtures, and quadratic discriminants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.kernels import scaled
from converters.onnx_graph.linear import softmax
from converters.onnx_graph.registry import Answer, Predicted, predictor

Floats = npt.NDArray[np.float64]


def whitened(graph: Graph, value: Value, mean: Floats, factor: Floats) -> Value:
    """[N, 1] squared length of (x - mean) times a matrix, or times a number a feature."""
    away = graph.binary("Sub", value, mean.reshape(1, -1))
    if factor.ndim == 2:
        return graph.reduce("ReduceSumSquare", graph.matmul(away, factor))
    spread = np.broadcast_to(factor, mean.shape).reshape(1, -1)
    return graph.reduce("ReduceSumSquare", graph.binary("Mul", away, spread))


@predictor("sklearn.GaussianMixture", "sklearn.BayesianGaussianMixture")
def mixture(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The most likely component, and how likely each is.

    What a component adds whatever the row is, is scikit-learn's own figure at its mean.
    """
    value = frame.numbers(graph, "float64")
    means = np.asarray(estimator.means_, np.float64)
    factors = np.asarray(estimator.precisions_cholesky_, np.float64)
    if estimator.covariance_type == "tied":
        factors = np.broadcast_to(factors, (len(means), *factors.shape))
    parts = [
        scaled(graph, whitened(graph, value, mean, np.atleast_1d(factor)), -0.5)
        for mean, factor in zip(means, factors, strict=True)
    ]
    start = np.diag(np.asarray(estimator._estimate_weighted_log_prob(means), np.float64))
    total = graph.binary("Add", graph.concat(parts), start.reshape(1, -1))
    index = labels.first_largest(graph, total)
    names = np.arange(len(means))
    return labels.classified(graph, index, names, softmax(graph, total), "predict_proba")


@predictor("sklearn.QuadraticDiscriminantAnalysis")
def quadratic(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each class's log-posterior (sklearn/discriminant_analysis.py, `_decision_function`)."""
    value = frame.numbers(graph, "float64")
    parts = []
    for mean, rotation, scaling, prior in zip(
        estimator.means_, estimator.rotations_, estimator.scalings_, estimator.priors_, strict=True
    ):
        factor = np.asarray(rotation, np.float64) * np.asarray(scaling, np.float64) ** -0.5
        away = whitened(graph, value, np.asarray(mean, np.float64), factor)
        moved = graph.binary("Add", away, np.full((1, 1), float(np.sum(np.log(scaling)))))
        part = scaled(graph, moved, -0.5)
        parts.append(graph.binary("Add", part, np.full((1, 1), float(np.log(prior)))))
    total = graph.concat(parts)
    index = labels.first_largest(graph, total)
    proba = softmax(graph, total)
    whole = labels.classified(graph, index, estimator.classes_, proba, "predict_proba")
    if total.width != 2:
        return replace(whole, more={"decision_function": lambda: total})
    pair = [graph.take(total, [1]), graph.take(total, [0])]
    return replace(whole, more={"decision_function": lambda: graph.op("Sub", pair, "float64", 1)})


@predictor("sklearn.EllipticEnvelope")
def envelope(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """1 inside, -1 outside: how far from the middle, in the spread's own measure."""
    value = frame.numbers(graph, "float64")
    away = graph.binary("Sub", value, np.asarray(estimator.location_, np.float64).reshape(1, -1))
    turned = graph.matmul(away, np.asarray(estimator.get_precision(), np.float64))
    far = graph.reduce("ReduceSum", graph.binary("Mul", turned, away))
    # scikit-learn takes the root and squares it again.
    root = graph.unary("Sqrt", graph.binary("Max", far, np.zeros((1, 1))))
    far = graph.unary("Neg", graph.binary("Mul", root, root))
    return sided(graph, graph.binary("Sub", far, [[float(estimator.offset_)]]))


def sided(graph: Graph, score: Value) -> Predicted:
    """An outlier detector's answers: 1 where the score, [N, 1], is not below zero, else -1."""
    inside = graph.compare("GreaterOrEqual", score, np.zeros((1, 1)))
    index = graph.cast(graph.flat(inside), "int64")
    label = labels.pick(graph, index, np.array([-1, 1]))
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", label),
            Answer("scores", OutputKind.SCORES, "decision_function", graph.flat(score)),
        ),
        [-1, 1],
    )


@predictor("sklearn.SGDOneClassSVM")
def one_class(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """1 inside, -1 outside of a linear border."""
    value = frame.numbers(graph, "float64")
    product = graph.matmul(value, np.asarray(estimator.coef_, np.float64).reshape(1, -1).T)
    return sided(graph, graph.binary("Sub", product, np.reshape(estimator.offset_, (1, 1))))
