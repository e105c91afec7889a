"""H2O's deep learning: layers of float weights, multiplied in double, as genmodel does."""

from __future__ import annotations

from functools import reduce

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.formula import Formula
from converters.onnx_graph.h2o import (
    Row,
    algorithm,
    classified,
    exponential,
    looked_up,
    unwritten,
    valued,
)
from converters.onnx_graph.linear import softmax
from converters.onnx_graph.registry import Predicted

DROPPING = "WithDropout"
# Distribution → whether its mean is an exponential.
FAMILIES = {
    **dict.fromkeys(("gaussian", "laplace", "quantile", "huber"), False),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), True),
}
CLASSES = ("bernoulli", "multinomial")


@algorithm("deeplearning")
def network(row: Row) -> Predicted:
    """Classes by softmax, or one number in the response's own scale.

    Raises:
        Refused: `no_converter` for distributions and activations that are not written here.
    """
    archive = row.archive
    family = archive.info["distribution"]
    if family not in FAMILIES and family not in CLASSES:
        raise unwritten(f"the distribution {family}")
    sizes = archive.numbers("neural_network_sizes").astype(int)
    value: Formula | None = None
    for layer in range(len(sizes) - 1):
        value = _layer(row, layer, value, last=layer == len(sizes) - 2)
    assert value is not None  # noqa: S101 - there is an output layer; narrows the type
    if row.classes:
        return classified(row, Formula(row.graph, softmax(row.graph, value.value)))
    factors, shift = archive.numbers("norm_resp_mul"), archive.numbers("norm_resp_sub")
    if len(factors):
        value = value / np.full((1, 1), factors[0]) + shift[0]
    return valued(row, (exponential(value) if FAMILIES[family] else value).value)


def _layer(row: Row, layer: int, value: Formula | None, last: bool) -> Formula:
    archive = row.archive
    sizes = archive.numbers("neural_network_sizes").astype(int)
    bias = archive.numbers(f"bias_layer{layer}")
    parts = len(bias) // int(sizes[layer + 1])  # of a maxout unit
    weights = archive.numbers(f"weight_layer{layer}", "float32")
    # [units, inputs, parts] as written; a column for each part of each unit.
    weights = weights.reshape(sizes[layer + 1], sizes[layer], parts)
    table = weights.transpose(1, 2, 0).reshape(sizes[layer], -1)
    bias = bias.reshape(-1, parts).T.reshape(1, -1)
    grown = _first(row, table) if value is None else _times(row, value, table)
    grown = grown + bias
    if last:
        return grown
    ratio = archive.numbers("hidden_dropout_ratios")[layer]
    told = _activated(archive.info["activation"], grown, parts)
    if archive.info["activation"].endswith(DROPPING) and ratio > 0.0:
        told = told * np.full((1, told.value.width), 1.0 - ratio)
    return told


def _times(row: Row, value: Formula, table: npt.NDArray[np.float64]) -> Formula:
    return Formula(row.graph, row.graph.matmul(value.value, table))


def _first(row: Row, table: npt.NDArray[np.float64]) -> Formula:
    """Levels' own rows of the weights, and numbers brought to one scale, 0 where missing."""
    archive = row.archive
    offsets = archive.numbers("cat_offsets").astype(int)
    levels, numbers = int(archive.number("cats")), int(archive.number("nums"))
    parts = [
        looked_up(row, place, *_rows(row, place, table[offsets[place] : offsets[place + 1]]))
        for place in range(levels)
    ]
    if numbers:
        columns = row.columns(list(range(levels, levels + numbers)))
        factors, shift = archive.numbers("norm_mul"), archive.numbers("norm_sub")
        if len(factors):
            columns = (columns - shift.reshape(1, -1)) * factors.reshape(1, -1)
        columns = columns.is_nan().where(np.zeros((1, numbers)), columns)
        start = offsets[levels] if levels else 0
        parts.append(_times(row, columns, table[start : start + numbers]))
    return reduce(lambda one, other: one + other, parts)


def _rows(
    row: Row, place: int, known: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """[levels, outputs], and what a missing level gives, which has an input of its own."""
    found = []
    for code in range(row.levels[place]):
        at = code if row.archive.flag("use_all_factor_levels") else code - 1
        found.append(known[min(at, len(known) - 1)] if at >= 0 else np.zeros(known.shape[1]))
    return np.array(found), known[-1]


def _activated(name: str, value: Formula, parts: int) -> Formula:
    kind = name.removesuffix(DROPPING)
    if kind == "Rectifier":
        return 0.5 * (value + value.call("Abs"))
    if kind == "Tanh":
        return 1.0 - 2.0 / ((2.0 * value).call("Exp") + 1.0)
    if kind == "ExpRectifier":
        return (value >= 0.0).where(value, value.call("Exp") - 1.0)
    if kind == "Maxout":
        units = value.value.width // parts
        pieces = [
            value.take(list(range(part * units, (part + 1) * units))) for part in range(parts)
        ]
        return reduce(lambda one, other: (one > other).where(one, other), pieces)
    raise unwritten(f"the activation {name}")
