"""The error function in double, which ONNX Runtime has in float32 only."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.graph import Graph, Value

# Taylor polynomials around the middles of equal steps; beyond the last, the function is 1.
STEPS_A_UNIT = 16
LAST = 6
DEGREE = 11


def erf(graph: Graph, value: Value) -> Value:
    """erf of [N, k] float64, to some 2e-16; odd, so only the size is looked up."""
    width = value.width
    size = graph.binary("Min", graph.unary("Abs", value), np.full((1, width), float(LAST)))
    step = graph.unary("Floor", graph.binary("Mul", size, np.full((1, width), STEPS_A_UNIT * 1.0)))
    step = graph.binary("Min", step, np.full((1, width), LAST * STEPS_A_UNIT - 1.0))
    middle = graph.binary("Add", step, np.full((1, width), 0.5))
    away = graph.binary(
        "Sub", size, graph.binary("Div", middle, np.full((1, width), STEPS_A_UNIT * 1.0))
    )
    place = graph.cast(step, "int64")
    total, *rest = [
        graph.op("Gather", [graph.const(factors), place], "float64", width, axis=0)
        for factors in reversed(_table().T)
    ]
    for one in rest:
        total = graph.binary("Add", graph.binary("Mul", total, away), one)
    return graph.binary("Mul", total, graph.unary("Sign", value))


def _table() -> npt.NDArray[np.float64]:
    """[steps, degree + 1] Taylor coefficients, from erf's derivatives as Hermite polynomials.

    The n-th derivative is 2 / sqrt(pi) * (-1)^(n-1) * H_(n-1)(x) * exp(-x²).
    """
    middles = (np.arange(LAST * STEPS_A_UNIT) + 0.5) / STEPS_A_UNIT
    table = np.zeros((len(middles), DEGREE + 1))
    for row, x in enumerate(middles):
        table[row, 0] = math.erf(x)
        before, hermite = 0.0, 1.0
        for n in range(1, DEGREE + 1):
            slope = 2.0 / math.sqrt(math.pi) * math.exp(-x * x) * (-1) ** (n - 1) * hermite
            table[row, n] = slope / math.factorial(n)
            before, hermite = hermite, 2.0 * x * hermite - 2.0 * (n - 1) * before
    return table
