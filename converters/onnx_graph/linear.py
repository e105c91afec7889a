"""Linear models: one MatMul in the dtype scikit-learn computes in, then the label or the link."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.onnx_graph import labels, members
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor


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
    whole = labels.classified(graph, index, estimator.classes_, proba, "predict_proba")
    return with_scores(graph, whole, value)


def with_scores(graph: Graph, whole: Predicted, value: Value) -> Predicted:
    """A classifier with probabilities, whose decision values a model around it may ask for."""
    more = {"decision_function": lambda: graph.flat(value) if value.width == 1 else value}
    if value.width > 1:
        more["predict_log_proba"] = lambda: graph.unary("LogSoftmax", value, axis=1)
    return replace(whole, more=more)


@predictor("sklearn.SGDClassifier")
def sgd(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Probabilities for the losses that have them, else scores."""
    value = scores(graph, estimator, frame)
    index = decided(graph, value)
    if estimator.loss not in ("log_loss", "modified_huber"):
        return _scored(graph, index, estimator, value)
    proba = graph.sigmoid(value) if estimator.loss == "log_loss" else _clipped(graph, value)
    shown = two_columns(graph, proba) if value.width == 1 else normalised(graph, proba)
    whole = labels.classified(graph, index, estimator.classes_, shown, "predict_proba")
    more = {"decision_function": lambda: graph.flat(value) if value.width == 1 else value}
    return replace(whole, more=more)


def _clipped(graph: Graph, value: Value) -> Value:
    """modified_huber's probability: the score clipped to [-1, 1], moved to [0, 1]."""
    low = graph.binary("Max", value, np.full((1, 1), -1.0))
    high = graph.binary("Min", low, np.ones((1, 1)))
    moved = graph.binary("Add", high, np.ones((1, 1)))
    return graph.binary("Div", moved, np.full((1, 1), 2.0))


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
    binarizer = getattr(estimator, "_label_binarizer", None)
    if getattr(binarizer, "y_type_", "").startswith("multilabel"):
        return _multilabel(graph, value)
    return _scored(graph, decided(graph, value), estimator, value)


def _multilabel(graph: Graph, value: Value) -> Predicted:
    """One flag a label, 1 where its score is above zero, in the order of training."""
    above = graph.cast(graph.compare("Greater", value, np.zeros((1, 1))), "int64")
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", above),
            Answer("scores", OutputKind.VALUES, "decision_function", value),
        )
    )


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
    "sklearn.MultiTaskLassoCV",
    "sklearn.MultiTaskElasticNetCV",
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


@predictor("sklearn.RANSACRegressor", text=True)
def consensus(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """What its estimator, trained on the inliers, answers."""
    return labels.regressed(graph, members.ask(graph, estimator.estimator_, frame, "predict"))


@predictor("sklearn.PLSRegression", "sklearn.PLSCanonical", "sklearn.CCA")
def latent(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Partial least squares: linear in what is left of the features without their means."""
    moved = graph.binary("Sub", frame.numbers(graph, "float64"), estimator._x_mean.reshape(1, -1))
    product = graph.matmul(moved, np.asarray(estimator.coef_, np.float64).T)
    shift = np.asarray(estimator.intercept_, np.float64).reshape(1, -1)
    return labels.regressed(graph, graph.binary("Add", product, shift))
