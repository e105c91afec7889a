"""SplineTransformer: the basis functions by C. de Boor's recurrence, as scipy computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.registry import transformer
from converters.onnx_graph.searching import counts

Floats = npt.NDArray[np.float64]


@transformer("sklearn.SplineTransformer")
def spline(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Every basis function of every column; missing values give zeros where it takes them."""
    value = frame.numbers(graph)
    parts = []
    degree = int(estimator.degree)
    for place, basis in enumerate(estimator.bsplines_):
        column = Formula(graph, graph.cast(graph.take(value, [place]), "float64"))
        ends = degree
        if estimator.extrapolation == "linear" and degree <= 1:
            # scikit-learn raises its own variable, so the columns after this one see it raised.
            degree += 1
        found = _column(column, basis, estimator.extrapolation, ends, degree)
        if getattr(estimator, "handle_missing", "error") == "zeros":
            found = column.is_nan().where(0.0, found)
        width = found.value.width
        kept = list(range(width if estimator.include_bias else width - 1))
        parts.append(found.take(kept).value)
    return Frame((graph.cast(graph.concat(parts), value.dtype),))


def _column(x: Formula, basis: Any, extrapolation: str, ends: int, continued: int) -> Formula:
    """[N, 1] to [N, splines].

    ends: the range that counts as inside begins at this knot, and ends at this one from the back.
    continued: how many of the first and last splines go on beyond it.
    """
    knots = np.asarray(basis.t, np.float64)
    low, high = float(knots[ends]), float(knots[-ends - 1])
    if extrapolation == "periodic":
        last = len(knots) - basis.k - 1
        return _folded(_basis(_wrapped(x, low, float(knots[last])), basis), basis)
    if extrapolation in ("continue", "error"):
        return _basis(x, basis)
    below, above = x < low, x > high
    inside = below.where(low, above.where(high, x))
    found = _basis(inside, basis)
    first, last_ones = _masked(basis(low), continued), _masked(basis(high)[::-1], continued)[::-1]
    if extrapolation == "constant":
        under: Formula = below.where(first if continued else first * 0.0, found)
        return above.where(last_ones, under)
    slope = _masked(basis(low, nu=1), continued)
    rise = _masked(basis(high, nu=1)[::-1], continued)[::-1]
    under = below.where((x - low) * slope + first, found)
    return above.where((x - high) * rise + last_ones, under)


def _masked(values: Any, count: int) -> Floats:
    """The first `count` values, then zeros; all of them for none, as a slice [-0:] has it."""
    kept = np.array(values, np.float64)
    if count:
        kept[count:] = 0.0
    return kept


def _basis(x: Formula, basis: Any) -> Formula:
    """All basis functions at x; of knots that are equal, nothing lies between them.

    Source: C. de Boor, "A practical guide to splines", chapter X, equation (4).
    """
    graph, degree = x.graph, int(basis.k)
    knots = np.asarray(basis.t, np.float64)
    last = len(knots) - degree - 1
    place = counts(graph, x.value, [knots[degree + 1 : last]])
    intervals = np.arange(len(knots) - 1).reshape(1, -1) - degree
    here = graph.compare("Equal", place, intervals)
    found = Formula(graph, graph.cast(here, "float64"))
    for order in range(1, degree + 1):
        count = len(knots) - order
        lengths = knots[order:] - knots[:-order]
        shares = found / np.where(lengths == 0, np.inf, lengths)
        left = shares.take(list(range(count - 1))) * (x - knots[: count - 1])
        right = shares.take(list(range(1, count))) * (knots[order + 1 :] - x)
        found = left + right
    return found


def _folded(found: Formula, basis: Any) -> Formula:
    """Periodic splines: the last ones go on as the first ones."""
    width, degree = int(basis.c.shape[1]), int(basis.k)
    if not degree:
        return found
    graph = found.graph
    first = found.take(list(range(degree))) + found.take(list(range(width, width + degree)))
    rest = found.take(list(range(degree, width)))
    return Formula(graph, graph.concat([first.value, rest.value])) if width > degree else first


def _wrapped(x: Formula, low: float, high: float) -> Formula:
    """low + (x - low) % period, as numpy has it: the remainder is never negative."""
    if high <= low:
        return x * 0.0
    graph = x.graph
    period = graph.const(np.full((1, 1), high - low))
    rest = x - low
    value = graph.op("Mod", [rest.value, period], "float64", 1, fmod=1)
    remainder = Formula(graph, value)
    return (remainder < 0.0).where(remainder + (high - low), remainder) + low
