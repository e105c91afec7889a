"""Writes an ensemble as one `TreeEnsemble` node (ai.onnx.ml 5), in float where that is exact."""

from __future__ import annotations

import numpy as np

from converters.onnx_graph.graph import ML, ML_OPSET_TREES, Graph, Value
from converters.trees import leaves
from converters.trees.form import LEAF, ZERO, Ensemble, Tree
from converters.trees.keys import keyed
from converters.trees.nodes import Nodes


def emit(graph: Graph, value: Value, ensemble: Ensemble) -> Value:
    """Each target's sum of leaves, [N, targets], in the dtype of `ensemble.sums`.

    A library that casts rows to float32 is exact in float nodes when each `<=` threshold is rounded
    down to float32: no float32 lies between the two. Sums stay double unless the library adds in
    float32, or every partial sum is a float32 whatever the order.

    Args:
        value: [N, features], the row in the library's own dtype before any cast; words as
            `keys.rows` gives them.
    """
    row = _zeros(graph, graph.cast(value, ensemble.compares), ensemble)
    if ensemble.has_formulas:
        return leaves.formulas(graph, row, ensemble)
    if graph.shares_leaves and leaves.worth_sharing(ensemble):
        exact = ensemble.sums == "float32" or _sums_exactly_in_float(ensemble)
        summed = leaves.shared(graph, row, ensemble, "float32" if exact else "float64")
        return graph.cast(summed, ensemble.sums)
    narrow = ensemble.compares == "float32" and (
        ensemble.sums == "float32" or _sums_exactly_in_float(ensemble)
    )
    dtype = "float32" if narrow else "float64"
    row, places = keyed(graph, graph.cast(row, dtype), ensemble)
    nodes = Nodes(dtype, places)
    for tree in ensemble.trees:
        is_leaf = tree.feature == LEAF
        for target in _targets(tree):
            nodes.add(tree, tree.values[is_leaf, target], target)
    summed = graph.op(
        "TreeEnsemble",
        [row],
        dtype,
        ensemble.targets,
        domain=ML,
        **nodes.attributes(ensemble.targets),
    )
    graph.ml_opset = ML_OPSET_TREES
    return graph.cast(summed, ensemble.sums)


def _targets(tree: Tree) -> list[int]:
    """ONNX leaves carry one weight: a tree is repeated for each target that it adds to."""
    return np.flatnonzero(tree.values.any(axis=0)).tolist() or [0]


def _zeros(graph: Graph, row: Value, ensemble: Ensemble) -> Value:
    """Tiny numbers as zeros, and zeros as NaN, where the library takes them so."""
    if ensemble.flushes and _splits_near_zero(ensemble):
        zero = graph.compare("LessOrEqual", graph.unary("Abs", row), np.full((1, 1), ZERO))
        row = graph.where(zero, graph.const(np.zeros((1, 1)), row.dtype), row, row)
    if not ensemble.zero_missing:
        return row
    limit = np.full((1, row.width), -1.0)
    limit[0, list(ensemble.zero_missing)] = ZERO
    zero = graph.compare("LessOrEqual", graph.unary("Abs", row), limit)
    return graph.where(zero, graph.const(np.full((1, 1), np.nan), row.dtype), row, row)


def _splits_near_zero(ensemble: Ensemble) -> bool:
    splits = [tree.threshold[tree.numeric] for tree in ensemble.trees]
    return bool(np.any(np.abs(np.concatenate(splits)) <= ZERO))


def _sums_exactly_in_float(ensemble: Ensemble) -> bool:
    """Whether any order of float32 additions gives the exact sum: whole multiples, few enough."""
    total = 0.0
    for tree in ensemble.trees:
        values = tree.values[tree.feature == LEAF]
        if not np.array_equal(values, np.rint(values)):
            return False
        total += float(np.abs(values).max(initial=0.0))
    return total < 2**24
