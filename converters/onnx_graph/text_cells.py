"""Sparse matrices inside the graph: only the cells that are not zero, in scikit-learn's own order.

Counts, tf-idf and sums over a row touch these cells alone, one after the other as scipy does, so
that they round alike; and a product with a matrix needs no table of a million hashed columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.text_symbols import compress, gather, look, size


@dataclass(frozen=True)
class Cells:
    """[N, width] float64 as flat arrays [P], sorted by row and column, each cell once.

    Attributes:
        rows, columns: int64.
        values: float64.
        count: N, as [1] int64.
    """

    rows: Value
    columns: Value
    values: Value
    count: Value
    width: int


def summed(
    graph: Graph, rows: Value, columns: Value, signs: Value | None, count: Value, width: int
) -> Cells:
    """Cells of everything that was found: how often each is named, or the sum of its signs.

    What lies in no row below `count` or in column -1 is left out; cells that add up to zero stay.
    """
    known = graph.compare("GreaterOrEqual", columns, 0)
    inside = graph.op("Less", [rows, count], "bool", 0)
    keep = graph.op("And", [known, inside], "bool", 0)
    place = graph.binary("Add", graph.binary("Mul", rows, width), columns)
    found = graph.ops(
        "Unique", [compress(graph, place, keep)], [("int64", 0)] * 4, sorted=1, axis=0
    )
    places, _, back, times = found
    if signs is None:
        values = graph.cast(times, "float64")
    else:
        values = _added(graph, back, compress(graph, signs, keep), size(graph, places))
    row = graph.binary("Div", places, width)
    column = graph.binary("Sub", places, graph.binary("Mul", row, width))
    return Cells(row, column, values, count, width)


def _added(graph: Graph, at: Value, values: Value, length: Value) -> Value:
    """Sums of float64 values by their index, in order; zeros where there is none."""
    nothing = graph.op("Expand", [graph.const([0.0], "float64"), length], "float64", 0)
    where = graph.column(at)
    return graph.op("ScatterND", [nothing, where, values], "float64", 0, reduction="add")


def flagged(graph: Graph, cells: Cells) -> Cells:
    """One in every cell."""
    ones = graph.op(
        "Expand", [graph.const([1.0], "float64"), size(graph, cells.rows)], "float64", 0
    )
    return replace(cells, values=ones)


def logarithmic(graph: Graph, cells: Cells) -> Cells:
    """1 + log(x)."""
    grown = graph.binary("Add", graph.unary("Log", cells.values), np.ones(1))
    return replace(cells, values=grown)


def weighted(graph: Graph, cells: Cells, weights: npt.ArrayLike) -> Cells:
    """Each column times its weight."""
    known = look(graph, np.asarray(weights, np.float64), cells.columns, "float64")
    return replace(cells, values=graph.binary("Mul", cells.values, known))


def normalised(graph: Graph, cells: Cells, norm: str | None) -> Cells:
    """Rows of length one by `l1` or `l2`; a row of zeros stays one."""
    if norm is None:
        return cells
    values = cells.values
    if norm == "l2":
        squares = graph.binary("Mul", values, values)
        length = graph.unary("Sqrt", _added(graph, cells.rows, squares, cells.count))
    else:
        length = _added(graph, cells.rows, graph.unary("Abs", values), cells.count)
    empty = graph.compare("Equal", length, np.zeros(1))
    length = graph.where(empty, graph.const(np.ones(1), "float64"), length, length)
    return replace(cells, values=graph.binary("Div", values, gather(graph, length, cells.rows)))


def dense(graph: Graph, cells: Cells) -> Value:
    """The same as a block [N, width]; products with a matrix go by the cells all the same."""
    width = graph.const([cells.width], "int64")
    shape = graph.op("Concat", [cells.count, width], "int64", 0, axis=0)
    nothing = graph.op("Expand", [graph.const([[0.0]], "float64"), shape], "float64", cells.width)
    parts = [graph.column(cells.rows), graph.column(cells.columns)]
    at = graph.op("Concat", parts, "int64", 2, axis=1)
    block = graph.op("ScatterND", [nothing, at, cells.values], "float64", cells.width)
    graph.products[block.name] = lambda matrix: product(graph, cells, matrix)
    graph.sparse[block.name] = cells
    return block


def product(graph: Graph, cells: Cells, matrix: npt.NDArray[np.float64]) -> Value:
    """[N, width] @ [width, k], each row's cells added one after the other."""
    width = matrix.shape[1]
    factors = graph.op("Gather", [graph.const(matrix, "float64"), cells.columns], "float64", width)
    values = graph.column(cells.values)
    summands = graph.op("Mul", [values, factors], "float64", width)
    shape = graph.op("Concat", [cells.count, graph.const([width], "int64")], "int64", 0, axis=0)
    nothing = graph.op("Expand", [graph.const([[0.0]], "float64"), shape], "float64", width)
    at = graph.column(cells.rows)
    return graph.op("ScatterND", [nothing, at, summands], "float64", width, reduction="add")
