"""Kernels between the rows in the graph and rows that a model carries, in double."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import distances
from converters.onnx_graph.graph import Graph, Value

LIBRARIES = ("sklearn", "scipy", "numpy")
Floats = npt.NDArray[np.float64]


def unknown(name: object) -> Refused:
    """The refusal for a kernel that has no emitter."""
    return Refused(
        "kernel_unknown",
        f"The kernel {name!r} is not one that converts; use rbf, linear, poly, sigmoid, laplacian "
        "or a Matern kernel with nu 0.5, 1.5, 2.5 or infinite.",
    )


def own_kernel(estimator: Any, function: Any = None) -> Refused:
    """The refusal for a kernel that is a function, of the model owner's own or of a library."""
    name = getattr(function, "__name__", "") or type(function).__name__
    module = str(getattr(function, "__module__", None) or "").partition(".")[0]
    what = "your own Python" if function is None else f"your own function `{name}`"
    if module in LIBRARIES:
        what = f"the function `{name}` of {module}"
    return Refused(
        "own_python",
        f"{type(estimator).__name__} computes its kernel with {what}; choose one of "
        "scikit-learn's kernels by its name.",
    )


def scaled(graph: Graph, value: Value, factor: float) -> Value:
    """A value times one number, spread so that no fusion makes a float32 of it."""
    return graph.binary("Mul", value, np.full((1, 1), factor))


def gram(graph: Graph, value: Value, rows: Floats, name: str, **options: float | None) -> Value:
    """[N, rows] as sklearn.metrics.pairwise.pairwise_kernels has it.

    Args:
        value: [N, features] float64.
        options: gamma (1 / features where None), degree, coef0.

    Raises:
        Refused: `kernel_unknown`.
    """
    gamma = options.get("gamma")
    gamma = (1.0 if name == "chi2" else 1.0 / rows.shape[1]) if gamma is None else float(gamma)
    if name == "rbf":
        return graph.unary("Exp", scaled(graph, distances.squares(graph, value, rows), -gamma))
    if name == "laplacian":
        away = distances.ranked(graph, value, rows, "manhattan", 1.0, False)
        return graph.unary("Exp", scaled(graph, away, -gamma))
    if name == "linear":
        return graph.matmul(value, rows.T)
    if name in ("poly", "polynomial", "sigmoid"):
        constant = options.get("coef0")
        shift = np.full((1, 1), 1.0 if constant is None else float(constant))
        shifted = graph.binary("Add", graph.matmul(value, gamma * rows.T), shift)
        if name == "sigmoid":
            return graph.unary("Tanh", shifted)
        degree = options.get("degree")
        return graph.binary("Pow", shifted, np.full((1, 1), 3.0 if degree is None else degree))
    if name == "cosine":
        away = distances.ranked(graph, value, rows, "cosine", 2.0, True)
        one = graph.const(np.ones((1, 1)))
        return graph.op("Sub", [one, away], "float64", len(rows))
    if name in ("chi2", "additive_chi2"):
        return _chi2(graph, value, rows, gamma if name == "chi2" else None)
    raise unknown(name)


def _chi2(graph: Graph, value: Value, rows: Floats, gamma: float | None) -> Value:
    """- sum (x - y)² / (x + y), an empty sum where both are nothing; its exponential."""
    total: Value | None = None
    for place in range(rows.shape[1]):
        one, other = graph.take(value, [place]), graph.const(rows[:, place].reshape(1, -1))
        away = graph.op("Sub", [one, other], "float64", len(rows))
        size = graph.op("Add", [one, other], "float64", len(rows))
        nothing = graph.compare("Equal", size, np.zeros((1, 1)))
        share = graph.binary("Div", graph.binary("Mul", away, away), size)
        share = graph.where(nothing, graph.const(np.zeros((1, 1))), share, share)
        total = share if total is None else graph.binary("Add", total, share)
    if total is None:
        raise unknown("chi2")
    total = graph.unary("Neg", total)
    return total if gamma is None else graph.unary("Exp", scaled(graph, total, gamma))
