"""Linear models: one MatMul in the dtype scikit-learn computes in, then the label or the link."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Predicted, predictor


def scores(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """`X @ coef.T + intercept` as [N, outputs], computed in double.

    Where scikit-learn computes in float32, the scores are rounded to it.
    """
    coef = np.atleast_2d(
        np.asarray(
            estimator.coef_.toarray() if hasattr(estimator.coef_, "toarray") else estimator.coef_
        )
    )
    value = frame.numbers(graph)
    narrow = False
    if value.dtype == "float32" and coef.dtype == np.float32:
        graph.inexact.append("a linear model computes in float32")
        narrow = True
    value = graph.cast(value, "float64")
    product = graph.matmul(value, coef.T.astype(np.float64))
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, np.float64), (coef.shape[0],))
    total = graph.binary("Add", product, intercept.reshape(1, -1))
    return graph.cast(total, "float32") if narrow else total


def softmax(graph: Graph, value: Value) -> Value:
    """Softmax over the classes, the largest subtracted first."""
    return graph.unary("Softmax", value, axis=1)


def two_columns(graph: Graph, probability: Value) -> Value:
    """[1 - p, p] of [N, 1]."""
    one = graph.const(np.ones((1, 1)), probability.dtype)
    return graph.concat([graph.op("Sub", [one, probability], probability.dtype, 1), probability])


def normalised(graph: Graph, probabilities: Value) -> Value:
    """One-against-rest probabilities that add up to one; equal ones where all are zero."""
    total = graph.reduce("ReduceSum", probabilities)
    empty = graph.compare("Equal", total, np.zeros((1, 1)))
    ones = graph.const(np.ones((1, probabilities.width)), probabilities.dtype)
    filled = graph.where(empty, ones, probabilities, probabilities)
    count = graph.const(np.full((1, 1), probabilities.width), probabilities.dtype)
    divisor = graph.where(empty, count, total, total)
    return graph.binary("Div", filled, divisor)


def decided(graph: Graph, value: Value) -> Value:
    """The index of the label: the sign of one score, else the first largest."""
    if value.width == 1:
        return labels.positive(graph, value)
    return labels.first_largest(graph, value)


@predictor("sklearn.LogisticRegression", "sklearn.LogisticRegressionCV")
def logistic(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Label by the score, probabilities by sigmoid or softmax."""
    value = scores(graph, estimator, frame)
    index = decided(graph, value)
    one = value.width == 1
    proba = two_columns(graph, graph.sigmoid(value)) if one else softmax(graph, value)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor("sklearn.SGDClassifier")
def sgd(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Probabilities for the losses that have them, else scores."""
    value = scores(graph, estimator, frame)
    index = decided(graph, value)
    if estimator.loss == "log_loss":
        proba = graph.sigmoid(value)
        shown = two_columns(graph, proba) if value.width == 1 else normalised(graph, proba)
        return labels.classified(graph, index, estimator.classes_, shown, "predict_proba")
    return _scored(graph, index, estimator, value)


@predictor(
    "sklearn.LinearSVC",
    "sklearn.RidgeClassifier",
    "sklearn.RidgeClassifierCV",
    "sklearn.Perceptron",
    "sklearn.PassiveAggressiveClassifier",
)
def scored(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Classifiers that have scores only."""
    value = scores(graph, estimator, frame)
    return _scored(graph, decided(graph, value), estimator, value)


def _scored(graph: Graph, index: Value, estimator: Any, value: Value) -> Predicted:
    shown = graph.flat(value) if value.width == 1 else value
    return labels.classified(graph, index, estimator.classes_, shown, "decision_function")


@predictor("sklearn.LinearDiscriminantAnalysis")
def discriminant(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Linear discriminants: sigmoid or softmax of linear scores."""
    return logistic(graph, estimator, frame)


@predictor(
    "sklearn.LinearRegression",
    "sklearn.Ridge",
    "sklearn.RidgeCV",
    "sklearn.Lasso",
    "sklearn.LassoCV",
    "sklearn.ElasticNet",
    "sklearn.ElasticNetCV",
    "sklearn.MultiTaskLasso",
    "sklearn.MultiTaskElasticNet",
    "sklearn.Lars",
    "sklearn.LarsCV",
    "sklearn.LassoLars",
    "sklearn.LassoLarsCV",
    "sklearn.LassoLarsIC",
    "sklearn.BayesianRidge",
    "sklearn.ARDRegression",
    "sklearn.HuberRegressor",
    "sklearn.OrthogonalMatchingPursuit",
    "sklearn.OrthogonalMatchingPursuitCV",
    "sklearn.TheilSenRegressor",
    "sklearn.SGDRegressor",
    "sklearn.PassiveAggressiveRegressor",
    "sklearn.LinearSVR",
    "sklearn.QuantileRegressor",
)
def linear(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Linear regressors, one or several targets."""
    return labels.regressed(graph, scores(graph, estimator, frame))


@predictor("sklearn.PoissonRegressor", "sklearn.GammaRegressor", "sklearn.TweedieRegressor")
def log_linear(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Generalised linear models: identity or exponential link."""
    value = scores(graph, estimator, frame)
    power = getattr(estimator, "power", 1)
    link = getattr(estimator, "link", "log")
    if link == "log" or (link == "auto" and power > 0):
        value = graph.unary("Exp", value)
    return labels.regressed(graph, value)
