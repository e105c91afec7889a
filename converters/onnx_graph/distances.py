"""Distances to rows that a model carries, each metric in the order in which scikit-learn adds it.

The trees of scikit-learn and its dense metrics add one feature after another, and so does the
graph: the same sums, to the last bit. Its brute force finds Euclidean and cosine distances through
a product of matrices, which rounds; there the graph is no less exact, and rows that hang on that
rounding are left out of the proof (converters.sources.unsettled).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph.graph import Graph, Value

Floats = npt.NDArray[np.float64]

# The rows that a model carries: bytes of them, and how many a search can go through.
MOST_BYTES = 100 << 20
MOST_ROWS = 100_000
METRICS = (
    *("euclidean", "sqeuclidean", "l2", "manhattan", "cityblock", "l1", "chebyshev", "infinity"),
    *("minkowski", "p", "cosine", "canberra", "braycurtis"),
)


def carried(rows: Any, model: str) -> Floats:
    """The rows that a model was trained on, as doubles.

    Raises:
        Refused: `neighbours_size` where they are too many to be searched.
    """
    values = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)
    if values.nbytes > MOST_BYTES or len(values) > MOST_ROWS:
        raise Refused(
            "neighbours_size",
            f"{model} carries its {len(values):,} training rows, and a search through them all is "
            f"too slow and large for ONNX (at most {MOST_ROWS:,} rows and {MOST_BYTES >> 20} MB); "
            "train it on fewer rows, or use a model that does not keep them.",
        )
    return values


def settings(estimator: Any) -> tuple[str, dict[str, Any]]:
    """An estimator's metric and its parameters, as scikit-learn made them effective.

    Raises:
        Refused: `own_python` for a metric that is a function, `metric_unknown`.
    """
    metric = estimator.effective_metric_
    options = {k: v for k, v in (estimator.effective_metric_params_ or {}).items() if v is not None}
    if callable(metric):
        raise Refused(
            "own_python",
            f"{type(estimator).__name__} measures distances with your own Python; choose one of "
            "scikit-learn's metrics.",
        )
    if metric not in METRICS or set(options) - {"p"}:
        raise Refused(
            "metric_unknown",
            f"{type(estimator).__name__} measures distances as {metric!r} with "
            f"{sorted(options) or 'no options'}, which is not proven here; use euclidean, "
            "manhattan, chebyshev, minkowski or cosine.",
        )
    return str(metric), options


def ranked(
    graph: Graph, value: Value, rows: Floats, metric: str, power: float, products: bool
) -> Value:
    """[N, rows] that grow as the distances do: squares of Euclidean ones, p-th powers.

    Args:
        value: [N, features] float64.
        products: Euclidean distances through a product of matrices.
    """
    if metric == "cosine":
        return _cosine(graph, value, rows)
    if metric in ("euclidean", "sqeuclidean", "l2"):
        power = 2.0
        if products:
            return squares(graph, value, rows)
    elif metric in ("manhattan", "cityblock", "l1"):
        power = 1.0
    elif metric in ("chebyshev", "infinity"):
        power = float("inf")
    if metric == "canberra":
        return _added(graph, [_share(graph, *pair) for pair in _pairs(graph, value, rows)])
    if metric == "braycurtis":
        return _bray_curtis(graph, value, rows)
    return _minkowski(graph, value, rows, power)


def distance(graph: Graph, rank: Value, metric: str, power: float) -> Value:
    """The distances themselves, of what `ranked` gave."""
    if metric in ("euclidean", "l2") or (metric in ("minkowski", "p") and power == 2):
        return graph.unary("Sqrt", rank)
    if metric in ("minkowski", "p") and power not in (1.0, float("inf")):
        return graph.binary("Pow", rank, np.full((1, 1), 1.0 / power))
    return rank


def squares(graph: Graph, value: Value, rows: Floats) -> Value:
    """Squared distances through products, which cancel less once the rows' mean is taken off."""
    center = rows.mean(axis=0, keepdims=True)
    moved = rows - center
    row = graph.binary("Sub", value, center)
    cross = graph.matmul(row, -2.0 * moved.T)
    total = graph.binary("Add", cross, graph.reduce("ReduceSumSquare", row))
    total = graph.binary("Add", total, np.square(moved).sum(axis=1).reshape(1, -1))
    return graph.binary("Max", total, np.zeros((1, 1)))


def _pairs(graph: Graph, value: Value, rows: Floats) -> list[tuple[Value, Floats]]:
    """One feature after another: [N, 1] of the row, [1, rows] of what is carried."""
    return [
        (graph.take(value, [place]), rows[:, place].reshape(1, -1)) for place in range(value.width)
    ]


def _apart(graph: Graph, value: Value, other: Floats) -> Value:
    constant = graph.const(other, "float64")
    return graph.op("Sub", [value, constant], "float64", other.shape[1])


def _added(graph: Graph, parts: list[Value], kind: str = "Add") -> Value:
    total = parts[0]
    for part in parts[1:]:
        total = graph.binary(kind, total, part)
    return total


def _minkowski(graph: Graph, value: Value, rows: Floats, power: float) -> Value:
    parts = []
    for one, other in _pairs(graph, value, rows):
        away = _apart(graph, one, other)
        if power == 2:
            parts.append(graph.binary("Mul", away, away))
            continue
        away = graph.unary("Abs", away)
        if power not in (1.0, float("inf")):
            away = graph.binary("Pow", away, np.full((1, 1), power))
        parts.append(away)
    return _added(graph, parts, "Max" if power == float("inf") else "Add")


def _share(graph: Graph, value: Value, other: Floats) -> Value:
    """|x - y| / (|x| + |y|), 0 where both are 0."""
    away = graph.unary("Abs", _apart(graph, value, other))
    constant = graph.const(np.abs(other), "float64")
    size = graph.op("Add", [graph.unary("Abs", value), constant], "float64", other.shape[1])
    none = graph.compare("Equal", size, np.zeros((1, 1)))
    share = graph.binary("Div", away, size)
    return graph.where(none, graph.const(np.zeros((1, 1))), share, share)


def _bray_curtis(graph: Graph, value: Value, rows: Floats) -> Value:
    above, below = [], []
    for one, other in _pairs(graph, value, rows):
        away = _apart(graph, one, other)
        constant = graph.const(np.abs(other), "float64")
        above.append(graph.unary("Abs", away))
        size = graph.op("Add", [graph.unary("Abs", one), constant], "float64", other.shape[1])
        below.append(size)
    size = _added(graph, below)
    none = graph.compare("Equal", size, np.zeros((1, 1)))
    share = graph.binary("Div", _added(graph, above), size)
    return graph.where(none, graph.const(np.zeros((1, 1))), share, share)


def _cosine(graph: Graph, value: Value, rows: Floats) -> Value:
    """1 - cosine, between 0 and 2; rows of zeros are at distance 1."""
    with np.errstate(invalid="ignore"):
        lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = 1.0
    length = graph.unary("Sqrt", graph.reduce("ReduceSumSquare", value))
    none = graph.compare("Equal", length, np.zeros((1, 1)))
    length = graph.where(none, graph.const(np.ones((1, 1))), length, length)
    cosine = graph.matmul(graph.binary("Div", value, length), (rows / lengths).T)
    away = graph.op("Sub", [graph.const(np.ones((1, 1))), cosine], "float64", len(rows))
    low = graph.binary("Max", away, np.zeros((1, 1)))
    return graph.binary("Min", low, np.full((1, 1), 2.0))
