"""Kernels and distances between rows and learned rows, as sklearn.metrics.pairwise has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.refusals import own_python

Floats = npt.NDArray[np.float64]


def squared_distances(graph: Graph, value: Value, rows: npt.ArrayLike) -> Formula:
    """[N, k] doubles and [m, k] learned rows to [N, m]: x·x - 2 x·y + y·y, never below zero.

    That is scikit-learn's euclidean_distances, whose cancellation belongs to its answers.
    """
    learned = np.asarray(rows, np.float64)
    x = Formula(graph, value)
    own = (x * x).reduce("ReduceSum")
    crossed = Formula(graph, graph.matmul(value, -2.0 * learned.T))
    norms: Floats = np.einsum("ij,ij->i", learned, learned)
    total = crossed + own + norms
    return (total < 0.0).where(0.0, total)


def distances(graph: Graph, value: Value, rows: npt.ArrayLike) -> Formula:
    """Euclidean distances, [N, m]."""
    return squared_distances(graph, value, rows).call("Sqrt")


def kernel(
    graph: Graph, value: Value, rows: npt.ArrayLike, name: Any, params: dict[str, Any]
) -> Formula:
    """sklearn.metrics.pairwise.pairwise_kernels of [N, k] doubles and [m, k] learned rows.

    Raises:
        Refused: `own_python` for a kernel that is the owner's function, `no_converter` for one
            that is not written here.
    """
    learned = np.asarray(rows, np.float64)
    given = params.get("gamma")
    gamma = 1.0 / learned.shape[1] if given is None else float(given)
    coef0 = 1.0 if params.get("coef0") is None else float(params["coef0"])
    if name == "linear":
        return _product(graph, value, learned)
    if name in ("poly", "polynomial"):
        degree = 3 if params.get("degree") is None else params["degree"]
        return (_product(graph, value, learned * gamma) + coef0) ** float(degree)
    if name == "sigmoid":
        return (_product(graph, value, learned * gamma) + coef0).call("Tanh")
    if name == "rbf":
        return (squared_distances(graph, value, learned) * -gamma).call("Exp")
    if name == "cosine":
        return _product(graph, _unit(graph, value), learned / _norms(learned))
    if name == "laplacian":
        return (_city_block(graph, value, learned) * -gamma).call("Exp")
    if callable(name):
        raise own_python(str(getattr(name, "__name__", type(name).__name__)))
    raise Refused(
        "no_converter",
        f"The kernel {name!r} is not written here; linear, poly, rbf, sigmoid, cosine and "
        "laplacian are.",
    )


def _product(graph: Graph, value: Value, learned: Floats) -> Formula:
    return Formula(graph, graph.matmul(value, learned.T))


def _norms(rows: Floats) -> Floats:
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    norms[norms == 0.0] = 1.0
    return np.asarray(norms[:, None], np.float64)


def _unit(graph: Graph, value: Value) -> Value:
    x = Formula(graph, value)
    norm = (x * x).reduce("ReduceSum").call("Sqrt")
    return (x / norm.equals(0.0).where(1.0, norm)).value


def _city_block(graph: Graph, value: Value, learned: Floats) -> Formula:
    """Sums of absolute differences, one feature after the other."""
    total: Formula | None = None
    for place in range(value.width):
        column = Formula(graph, graph.take(value, [place]))
        part = (column - learned[:, place]).call("Abs")
        total = part if total is None else total + part
    if total is None:
        raise ValueError("no features")
    return total
