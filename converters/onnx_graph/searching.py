"""Binary search in sorted edges, one list a column, by the runtime's own tree node in double."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

from converters.onnx_graph.graph import ML, ML_OPSET_TREES, Graph, Value

LESS, AT_MOST = 1, 0  # TreeEnsemble's modes BRANCH_LT and BRANCH_LEQ


class _Search:
    """The nodes and leaves of one balanced tree a column."""

    def __init__(self) -> None:
        self.splits: list[float] = []
        self.features: list[int] = []
        self.ways: list[list[tuple[bool, int]]] = []
        self.weights: list[float] = []
        self.targets: list[int] = []
        self.roots: list[int] = []

    def grow(self, column: int, edges: Sequence[float], low: int, high: int) -> tuple[bool, int]:
        """A subtree for counts low … high; returns (is it a leaf, its place)."""
        if low == high:
            self.weights.append(float(low))
            self.targets.append(column)
            return True, len(self.weights) - 1
        middle = (low + high) // 2
        place = len(self.splits)
        self.splits.append(float(edges[middle]))
        self.features.append(column)
        self.ways.append([])
        left = self.grow(column, edges, low, middle)
        right = self.grow(column, edges, middle + 1, high)
        self.ways[place] = [left, right]
        return False, place


def counts(
    graph: Graph, value: Value, edges: Sequence[npt.ArrayLike], below: bool = False
) -> Value:
    """How many edges of its column each number has at or below itself: numpy's searchsorted.

    value: [N, k] of float64; `edges` holds k ascending arrays. With `below`, only edges below it
    are counted (side="left", else side="right"). The answer is [N, k] of int64; for NaN it is
    any count.
    """
    search = _Search()
    for column, items in enumerate(edges):
        numbers = [float(item) for item in np.asarray(items, np.float64).ravel()]
        if numbers:
            search.roots.append(len(search.splits))
            search.grow(column, numbers, 0, len(numbers))
    if not search.roots:
        same = graph.compare("Equal", value, np.zeros((1, 1)))
        zero = graph.const(np.zeros((1, 1)), "int64")
        return graph.op("Where", [same, zero, zero], "int64", value.width)
    found = graph.op(
        "TreeEnsemble",
        [value],
        "float64",
        value.width,
        domain=ML,
        n_targets=value.width,
        tree_roots=search.roots,
        nodes_splits=_tensor(search.splits, np.float64),
        nodes_featureids=search.features,
        nodes_modes=_tensor([AT_MOST if below else LESS] * len(search.splits), np.uint8),
        nodes_truenodeids=[left[1] for left, _ in search.ways],
        nodes_trueleafs=[int(left[0]) for left, _ in search.ways],
        nodes_falsenodeids=[right[1] for _, right in search.ways],
        nodes_falseleafs=[int(right[0]) for _, right in search.ways],
        leaf_targetids=search.targets,
        leaf_weights=_tensor(search.weights, np.float64),
        aggregate_function=1,
        post_transform=0,
    )
    graph.ml_opset = max(graph.ml_opset, ML_OPSET_TREES)
    return graph.cast(found, "int64")


def looked_up(graph: Graph, places: Value, tables: Sequence[npt.ArrayLike]) -> Value:
    """The entry of each column's own table at each place: [N, k] int64 to [N, k] float64."""
    arrays = [np.asarray(table, np.float64).ravel() for table in tables]
    starts = np.cumsum([0, *(len(array) for array in arrays[:-1])]).reshape(1, -1)
    shifted = graph.binary("Add", places, starts)
    flat = graph.const(np.concatenate(arrays))
    return graph.op("Gather", [flat, shifted], "float64", places.width, axis=0)


def _tensor(values: Sequence[float], dtype: Any) -> Any:
    return numpy_helper.from_array(np.asarray(values, dtype))
