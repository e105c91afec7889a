"""QuantileTransformer, both ways: numpy's interpolation between learned quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from converters.onnx_graph import normal
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import transformer
from converters.onnx_graph.searching import counts, looked_up

# sklearn/preprocessing/_data.py, BOUNDS_THRESHOLD
NEAR = 1e-7
Floats = npt.NDArray[np.float64]


@transformer("sklearn.QuantileTransformer")
def quantiles(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The mean of the interpolations from below and from above, as equal quantiles need."""
    value = frame.numbers(graph)
    x = Formula(graph, graph.cast(value, "float64"))
    columns = list(np.asarray(estimator.quantiles_, np.float64).T)
    shares = np.asarray(estimator.references_, np.float64)
    up = interpolated(x, columns, [shares] * len(columns))
    down = interpolated(-x, [-column[::-1] for column in columns], [-shares[::-1]] * len(columns))
    share = Formula(graph, graph.cast(((up - down) * 0.5).value, value.dtype))
    lows = np.array([[column[0] for column in columns]])
    highs = np.array([[column[-1] for column in columns]])
    low, high = _ends(Formula(graph, value), lows, highs, estimator.output_distribution)
    share = low.where(0.0, high.where(1.0, share))
    if estimator.output_distribution == "normal":
        share = _normal(share.cast("float64")).cast(value.dtype)
    return Frame((Formula(graph, value).is_nan().where(Formula(graph, value), share).value,))


def inverse(graph: Graph, estimator: Any, value: Value) -> Value:
    """Shares back to quantiles: `inverse_transform`."""
    x = Formula(graph, graph.cast(value, "float64"))
    if estimator.output_distribution == "normal":
        x = normal.cdf(x).cast(value.dtype).cast("float64")
    columns = list(np.asarray(estimator.quantiles_, np.float64).T)
    shares = np.asarray(estimator.references_, np.float64)
    found = interpolated(x, [shares] * len(columns), columns)
    zeros, ones = np.zeros((1, len(columns))), np.ones((1, len(columns)))
    low, high = _ends(x.cast(value.dtype), zeros, ones, estimator.output_distribution)
    lows = np.array([[column[0] for column in columns]])
    highs = np.array([[column[-1] for column in columns]])
    found = low.where(lows, high.where(highs, found))
    return graph.cast(x.is_nan().where(x, found).value, value.dtype)


def _ends(x: Formula, lows: Floats, highs: Floats, distribution: str) -> tuple[Formula, Formula]:
    """Where a number is at the first or last quantile: exactly so, or for the normal nearly."""
    if distribution == "uniform":
        wide = x.cast("float64")
        return wide.equals(lows), wide.equals(highs)
    return (x - NEAR).cast("float64") < lows, (x + NEAR).cast("float64") > highs


def _normal(share: Formula) -> Formula:
    found = normal.quantile(share)
    low = float(stats.norm.ppf(NEAR - np.spacing(1)))
    high = float(stats.norm.ppf(1 - (NEAR - np.spacing(1))))
    found = (found < low).where(low, found)
    return (found > high).where(high, found)


def interpolated(x: Formula, points: list[Floats], heights: list[Floats]) -> Formula:
    """numpy.interp, one ascending list of points a column, in numpy's own order of arithmetic."""
    starts, bases, slopes = [], [], []
    for xs, ys in zip(points, heights, strict=True):
        with np.errstate(all="ignore"):
            steps = np.diff(ys) / np.diff(xs)
        # Before the first point its height holds, from the last one on the last one's.
        starts.append(np.concatenate([xs[:1], xs]))
        bases.append(np.concatenate([ys[:1], ys]))
        slopes.append(np.concatenate([[0.0], np.where(np.isnan(steps), 0.0, steps), [0.0]]))
    low = np.array([[xs[0] for xs in points]])
    high = np.array([[xs[-1] for xs in points]])
    graph = x.graph
    places = counts(graph, x.value, points)
    # Only for the arithmetic: an infinity times a slope of nothing would be NaN.
    x = (x < low).where(low, (x > high).where(high, x))
    start, base, slope = (
        Formula(graph, looked_up(graph, places, tables)) for tables in (starts, bases, slopes)
    )
    return x.equals(start).where(base, slope * (x - start) + base)
