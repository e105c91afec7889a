"""The normal distribution's function and its inverse in double, as Chebyshev series.

The coefficients are interpolated from scipy.special, so that no table of them can be wrong. Source
of the form: M. Shepherd and J. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x²) erfc x in
0 <= x < inf", Mathematics of Computation 36 (1981).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.special
from numpy.polynomial import chebyshev

from converters.onnx_graph.formula import Formula

Floats = npt.NDArray[np.float64]

# Where exp(x²) erfc(x) bends; maps 0 … infinity to -1 … 1.
BEND = 3.75
CENTRE = 0.425
# Probabilities this near to 0 and 1 and no nearer: what QuantileTransformer clips at.
NEAREST = 1e-8


def _series(
    function: Callable[[Any], Any], low: float, high: float, degree: int
) -> tuple[list[float], float, float]:
    """Coefficients on low … high, and the map of this interval to -1 … 1: scale and shift."""
    half, middle = (high - low) / 2, (high + low) / 2
    found = chebyshev.chebinterpolate(lambda t: function(np.asarray(t) * half + middle), degree)
    return [float(item) for item in found], 1 / half, -middle / half


def _evaluated(x: Formula, series: tuple[list[float], float, float]) -> Formula:
    """Clenshaw's recurrence."""
    coefficients, scale, shift = series
    t = x * scale + shift
    twice = t * 2.0
    last = t * 0.0 + coefficients[-1]
    before: Formula | None = None
    for coefficient in coefficients[-2:0:-1]:
        grown = twice * last + coefficient
        last, before = (grown - before if before is not None else grown), last
    total = t * last + coefficients[0]
    return total - before if before is not None else total


def _scaled_erfc(t: Floats) -> Floats:
    x = BEND * (1 + t) / np.maximum(1 - t, 1e-300)
    return np.asarray(scipy.special.erfcx(x) * (1 + 2 * x), np.float64)


def cdf(x: Formula) -> Formula:
    """The share of a standard normal distribution below x."""
    size = x.call("Abs") * math.sqrt(0.5)
    size = (size > 30.0).where(30.0, size)
    t = (size - BEND) / (size + BEND)
    tail = _evaluated(t, _series(_scaled_erfc, -1.0, 1.0, 28)) / (size * 2.0 + 1.0)
    tail = tail * (-(size * size)).call("Exp") * 0.5
    found = (x < 0.0).where(tail, 1.0 - tail)
    return x.is_nan().where(x, found)


def quantile(p: Formula) -> Formula:
    """Where a standard normal distribution has the share p below; right for 1e-8 <= p <= 1 - 1e-8.

    Outside of these the answer is that of the nearest of them.
    """
    middle = p - 0.5
    near = middle.call("Abs") <= CENTRE
    inner = near.where(middle, 0.0)
    square = inner * inner
    centre = inner * _evaluated(square, _series(_centre, 0.0, CENTRE**2, 24))
    lower = p < 0.5
    tail = lower.where(p, 1.0 - p)
    tail = (tail < NEAREST).where(NEAREST, tail)
    tail = near.where(0.25, tail)
    far = math.sqrt(-math.log(NEAREST)) + 1e-9
    series = _series(_tail, math.sqrt(-math.log(0.5 - CENTRE)) - 0.6, far, 24)
    outer = _evaluated((-tail.call("Log")).call("Sqrt"), series)
    found = near.where(centre, lower.where(outer, -outer))
    return p.is_nan().where(p, found)


def _centre(square: Floats) -> Floats:
    root = np.sqrt(np.maximum(square, 1e-300))
    return np.asarray(math.sqrt(2) * scipy.special.erfinv(2 * root) / root, np.float64)


def _tail(root: Floats) -> Floats:
    return np.asarray(scipy.special.ndtri(np.exp(-root * root)), np.float64)
