"""Gaussian processes and kernel ridge: kernels with the training rows, then one product."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.onnx_graph import distances, kernels, labels
from converters.onnx_graph.erf import erf
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.kernels import scaled
from converters.onnx_graph.linear import two_columns
from converters.onnx_graph.registry import Answer, Predicted, class_name, predictor

Floats = npt.NDArray[np.float64]
PACKAGE = "sklearn."
# Smoothness of a Matern kernel → how its distances are scaled before the exponential.
MATERN = {0.5: 1.0, 1.5: math.sqrt(3), 2.5: math.sqrt(5), math.inf: 1.0}


def cross(graph: Graph, kernel: Any, value: Value, rows: Floats) -> Value:
    """[N, rows] of one of sklearn.gaussian_process.kernels, alone or composed.

    Raises:
        Refused: `kernel_unknown`.
    """
    name = class_name(type(kernel)).removeprefix(PACKAGE)
    if name in ("Sum", "Product"):
        parts = [cross(graph, one, value, rows) for one in (kernel.k1, kernel.k2)]
        return graph.binary("Add" if name == "Sum" else "Mul", *parts)
    if name == "Exponentiation":
        inner = cross(graph, kernel.kernel, value, rows)
        return graph.binary("Pow", inner, np.full((1, 1), float(kernel.exponent)))
    if name in ("ConstantKernel", "WhiteKernel"):
        # White noise is the training rows' own, and nothing between them and others.
        number = float(kernel.constant_value) if name == "ConstantKernel" else 0.0
        zero = graph.binary("Mul", graph.matmul(_zero(graph, value), _ones(rows)), [[0.0]])
        return graph.binary("Add", zero, np.full((1, 1), number))
    if name == "DotProduct":
        product = graph.matmul(value, rows.T)
        return graph.binary("Add", product, np.full((1, 1), float(kernel.sigma_0) ** 2))
    if name == "PairwiseKernel":
        if callable(kernel.metric):
            raise kernels.own_kernel(kernel)
        options = dict(kernel.pairwise_kernels_kwargs or {})
        if kernel.metric in ("rbf", "poly", "polynomial", "sigmoid", "laplacian", "chi2"):
            options["gamma"] = float(kernel.gamma)
        return kernels.gram(graph, value, rows, kernel.metric, **options)
    return _stationary(graph, kernel, name, value, rows)


def _ones(rows: Floats) -> Floats:
    return np.ones((1, len(rows)))


def _zero(graph: Graph, value: Value) -> Value:
    """[N, 1] of nothing, whatever the row holds."""
    first = graph.take(value, [0])
    return graph.where(
        graph.compare("Equal", first, first),
        graph.const(np.zeros((1, 1))),
        graph.const(np.zeros((1, 1))),
        first,
    )


def _stationary(graph: Graph, kernel: Any, name: str, value: Value, rows: Floats) -> Value:
    """Kernels of the distance alone, found by differences as scipy's cdist does."""
    length = np.atleast_1d(np.asarray(getattr(kernel, "length_scale", 1.0), np.float64))
    if name in ("RBF", "Matern"):
        divided = graph.binary("Div", value, length.reshape(1, -1))
        square = distances.ranked(graph, divided, rows / length, "sqeuclidean", 2.0, False)
    elif name in ("RationalQuadratic", "ExpSineSquared"):
        square = distances.ranked(graph, value, rows, "sqeuclidean", 2.0, False)
    else:
        raise kernels.unknown(name)
    if name == "RBF" or (name == "Matern" and kernel.nu == math.inf):
        return graph.unary("Exp", scaled(graph, square, -0.5))
    if name == "RationalQuadratic":
        share = scaled(graph, square, 1.0 / (2.0 * kernel.alpha * float(length[0]) ** 2))
        base = graph.binary("Add", share, np.ones((1, 1)))
        return graph.binary("Pow", base, np.full((1, 1), -float(kernel.alpha)))
    far = graph.unary("Sqrt", square)
    if name == "ExpSineSquared":
        wave = graph.unary("Sin", scaled(graph, far, math.pi / float(kernel.periodicity)))
        wave = graph.binary("Div", wave, np.full((1, 1), float(length[0])))
        return graph.unary("Exp", scaled(graph, graph.binary("Mul", wave, wave), -2.0))
    if kernel.nu not in MATERN:
        raise kernels.unknown(f"Matern(nu={kernel.nu})")
    return _matern(graph, float(kernel.nu), scaled(graph, far, MATERN[kernel.nu]))


def _matern(graph: Graph, smoothness: float, far: Value) -> Value:
    fall = graph.unary("Exp", graph.unary("Neg", far))
    if smoothness == 0.5:
        return fall
    factor = graph.binary("Add", far, np.ones((1, 1)))
    if smoothness == 2.5:
        third = graph.binary("Div", graph.binary("Mul", far, far), np.full((1, 1), 3.0))
        factor = graph.binary("Add", factor, third)
    return graph.binary("Mul", factor, fall)


def diagonal(graph: Graph, kernel: Any, value: Value) -> Value:
    """[N, 1]: the kernel of each row with itself."""
    name = class_name(type(kernel)).removeprefix(PACKAGE)
    if name in ("Sum", "Product"):
        parts = [diagonal(graph, one, value) for one in (kernel.k1, kernel.k2)]
        return graph.binary("Add" if name == "Sum" else "Mul", *parts)
    if name == "Exponentiation":
        inner = diagonal(graph, kernel.kernel, value)
        return graph.binary("Pow", inner, np.full((1, 1), float(kernel.exponent)))
    if name == "DotProduct":
        own = graph.reduce("ReduceSumSquare", value)
        return graph.binary("Add", own, np.full((1, 1), float(kernel.sigma_0) ** 2))
    if name == "PairwiseKernel" and kernel.metric == "linear":
        return graph.reduce("ReduceSumSquare", value)
    if name == "PairwiseKernel" and kernel.metric not in ("rbf", "laplacian", "cosine"):
        raise kernels.unknown(f"PairwiseKernel(metric={kernel.metric!r})")
    number = 1.0
    if name == "ConstantKernel":
        number = float(kernel.constant_value)
    elif name == "WhiteKernel":
        number = float(kernel.noise_level)
    return graph.binary("Add", _zero(graph, value), np.full((1, 1), number))


@predictor("sklearn.GaussianProcessRegressor")
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the posterior (sklearn/gaussian_process/_gpr.py, `predict`)."""
    rows = distances.carried(estimator.X_train_, type(estimator).__name__)
    value = frame.numbers(graph, "float64")
    weights = np.asarray(estimator.alpha_, np.float64)
    weights = weights.reshape(len(weights), -1)
    width = weights.shape[1]
    # The spread goes into the weights: a factor beside a product would be kept as float32.
    spread = np.broadcast_to(np.ravel(estimator._y_train_std), (width,)).reshape(1, -1)
    middle = np.broadcast_to(np.ravel(estimator._y_train_mean), (width,)).reshape(1, -1)
    mean = graph.matmul(cross(graph, estimator.kernel_, value, rows), weights * spread)
    return labels.regressed(graph, graph.binary("Add", mean, middle))


@predictor("sklearn._BinaryGaussianProcessClassifierLaplace")
def laplace(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The sign of the posterior's mode; probabilities by five error functions.

    Source: sklearn/gaussian_process/_gpc.py, `predict`, `latent_mean_and_variance` and
    `predict_proba`, after Williams & Barber, Bayesian Classification with Gaussian Processes.
    """
    from sklearn.gaussian_process._gpc import COEFS, LAMBDAS

    rows = distances.carried(estimator.X_train_, "GaussianProcessClassifier")
    value = frame.numbers(graph, "float64")
    kernel = cross(graph, estimator.kernel_, value, rows)
    pull = np.asarray(estimator.y_train_, np.float64) - np.asarray(estimator.pi_, np.float64)
    mean = graph.matmul(kernel, pull.reshape(-1, 1))
    solved = np.linalg.inv(np.asarray(estimator.L_, np.float64)) * estimator.W_sr_[None, :]
    shrunk = graph.reduce("ReduceSumSquare", graph.matmul(kernel, solved.T))
    own = diagonal(graph, estimator.kernel_, value)
    variance = graph.op("Sub", [own, shrunk], "float64", 1)
    alpha = graph.unary("Reciprocal", scaled(graph, variance, 2.0))
    scales = LAMBDAS.reshape(1, -1)
    gamma = graph.op("Mul", [mean, graph.const(scales)], "float64", 5)
    below = graph.op("Add", [alpha, graph.const(scales**2)], "float64", 5)
    share = graph.unary("Sqrt", graph.op("Div", [alpha, below], "float64", 5))
    wave = erf(graph, graph.binary("Mul", gamma, share))
    # sqrt(pi / alpha) / (2 sqrt(2 pi variance)) is a half, as alpha = 1 / (2 variance).
    half = graph.matmul(wave, 0.5 * np.asarray(COEFS, np.float64).reshape(-1, 1))
    second = graph.binary("Add", half, np.full((1, 1), 0.5 * float(COEFS.sum())))
    index = labels.positive(graph, mean)
    proba = two_columns(graph, second)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor("sklearn.GaussianProcessClassifier")
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Two classes by one process, more by one against the rest or one against one."""
    from converters.onnx_graph.compose import predicted

    base = estimator.base_estimator_
    whole = predicted(graph, base, frame)
    several = estimator.n_classes_ > 2 and estimator.multi_class == "one_vs_one"
    kept = tuple(
        answer
        for answer in whole.answers
        if answer.source == "predict" or (answer.source == "predict_proba" and not several)
    )
    return Predicted(kept, whole.classes)


@predictor("sklearn.KernelRidge")
def kernel_ridge(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Kernels with the training rows, weighted.

    Raises:
        Refused: `own_python`, `kernel_unknown`.
    """
    if callable(estimator.kernel):
        raise kernels.own_kernel(estimator, estimator.kernel)
    rows = distances.carried(estimator.X_fit_, type(estimator).__name__)
    options = {"gamma": estimator.gamma, "degree": estimator.degree, "coef0": estimator.coef0}
    value = frame.numbers(graph, "float64")
    kernel = kernels.gram(graph, value, rows, str(estimator.kernel), **options)
    weights = np.asarray(estimator.dual_coef_, np.float64)
    return labels.regressed(graph, graph.matmul(kernel, weights.reshape(len(weights), -1)))


@predictor("sklearn.LabelPropagation", "sklearn.LabelSpreading")
def propagated(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The labels that the training rows ended with, weighted by a kernel or of the nearest.

    Raises:
        Refused: `own_python` for a kernel that is a function.
    """
    from converters.onnx_graph.neighbors import TIE_NOTE, Search, summed

    if callable(estimator.kernel):
        raise kernels.own_kernel(estimator, estimator.kernel)
    known = np.asarray(estimator.label_distributions_, np.float64)
    if estimator.kernel == "knn":
        search = Search(graph, estimator.nn_fit, frame)
        _, places = search.nearest(int(estimator.n_neighbors))
        graph.notes.append(TIE_NOTE)
        share = summed(graph, known, places, None)
    else:
        rows = distances.carried(estimator.X_, type(estimator).__name__)
        value = frame.numbers(graph, "float64")
        kernel = kernels.gram(graph, value, rows, "rbf", gamma=estimator.gamma)
        if frame.float_dtype == "float32" and estimator.X_.dtype == np.float32:
            # Far from all training rows the original's float32 is nothing, and its share NaN.
            kernel = graph.cast(graph.cast(kernel, "float32"), "float64")
        share = graph.matmul(kernel, known)
    proba = graph.binary("Div", share, graph.reduce("ReduceSum", share))
    index = labels.first_largest(graph, proba)
    label = labels.pick(graph, index, estimator.classes_)
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", label),
            Answer("probabilities", OutputKind.PROBABILITIES, "predict_proba", proba),
        ),
        labels.plain_classes(estimator.classes_),
    )
