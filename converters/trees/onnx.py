"""Writes an ensemble as one `TreeEnsemble` node (ai.onnx.ml 5), in float where that is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

from converters.onnx_graph.graph import ML, ML_OPSET_TREES, Graph, Value
from converters.trees.form import LEAF, ZERO, Ensemble, Mode, Tree

SUM = 1


def emit(graph: Graph, value: Value, ensemble: Ensemble) -> Value:
    """Each target's sum of leaves, [N, targets], in the dtype of `ensemble.sums`.

    A library that casts rows to float32 is exact in float nodes when each `<=` threshold is rounded
    down to float32: no float32 lies between the two. Sums stay double unless the library adds in
    float32, or every partial sum is a float32 whatever the order.

    Args:
        value: [N, features], the row in the library's own dtype before any cast.
    """
    row = _zeros(graph, graph.cast(value, ensemble.compares), ensemble)
    narrow = ensemble.compares == "float32" and (
        ensemble.sums == "float32" or _sums_exactly_in_float(ensemble)
    )
    dtype = "float32" if narrow else "float64"
    summed = graph.op(
        "TreeEnsemble",
        [graph.cast(row, dtype)],
        dtype,
        ensemble.targets,
        domain=ML,
        **_attributes(ensemble, dtype),
    )
    graph.ml_opset = ML_OPSET_TREES
    return graph.cast(summed, ensemble.sums)


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
    splits = [tree.threshold[tree.feature != LEAF] for tree in ensemble.trees]
    return bool(np.any(np.abs(np.concatenate(splits)) <= ZERO))


def _sums_exactly_in_float(ensemble: Ensemble) -> bool:
    """Whether any order of float32 additions gives the exact sum: whole multiples, few enough."""
    total = 0.0
    for tree in ensemble.trees:
        leaves = tree.values[tree.feature == LEAF]
        if not np.array_equal(leaves, np.rint(leaves)):
            return False
        total += float(np.abs(leaves).max(initial=0.0))
    return total < 2**24


def _rounded_down(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
    above = nearest.astype(np.float64) > thresholds
    return np.where(above, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _splits(tree: Tree, inner: npt.NDArray[np.bool_], dtype: str) -> npt.NDArray[Any]:
    thresholds = tree.threshold[inner]
    if dtype == "float64":
        return thresholds
    if tree.mode is Mode.LEQ:
        return _rounded_down(thresholds)
    return -_rounded_down(-thresholds)  # x < t for float32 x: the next float32 at or above t


def _attributes(ensemble: Ensemble, dtype: str) -> dict[str, Any]:
    parts: dict[str, list[npt.NDArray[Any]]] = {
        name: [] for name in ("ids", "splits", "modes", "missing", "true", "tl", "false", "fl")
    }
    weights: list[npt.NDArray[np.float64]] = []
    targets: list[npt.NDArray[np.int64]] = []
    roots: list[int] = []
    nodes = leaves = 0
    for tree in ensemble.trees:
        for single in _one_target_each(tree, ensemble.targets):
            roots.append(nodes)
            one, where = single
            count = _add(parts, one, dtype, nodes, leaves)
            values = one.values[one.feature == LEAF, where]
            if len(values) == 1:
                # One leaf under both branches loses its weight in ONNX Runtime: give each its own.
                values = np.repeat(values, 2)
            weights.append(values)
            targets.append(np.full(len(values), where, np.int64))
            nodes += count
            leaves += len(values)
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return {
        "aggregate_function": SUM,
        "post_transform": 0,
        "n_targets": ensemble.targets,
        "tree_roots": roots,
        "nodes_featureids": joined["ids"].tolist(),
        "nodes_splits": numpy_helper.from_array(joined["splits"].astype(dtype), "splits"),
        "nodes_modes": numpy_helper.from_array(joined["modes"].astype(np.uint8), "modes"),
        "nodes_missing_value_tracks_true": joined["missing"].tolist(),
        "nodes_truenodeids": joined["true"].tolist(),
        "nodes_trueleafs": joined["tl"].tolist(),
        "nodes_falsenodeids": joined["false"].tolist(),
        "nodes_falseleafs": joined["fl"].tolist(),
        "leaf_targetids": np.concatenate(targets).tolist(),
        "leaf_weights": numpy_helper.from_array(np.concatenate(weights).astype(dtype), "weights"),
    }


def _one_target_each(tree: Tree, targets: int) -> list[tuple[Tree, int]]:
    """ONNX leaves carry one weight: a tree is repeated for each target that it adds to."""
    used = [target for target in range(targets) if np.any(tree.values[:, target] != 0.0)]
    return [(tree, target) for target in used or [0]]


def _add(
    parts: dict[str, list[npt.NDArray[Any]]], tree: Tree, dtype: str, nodes: int, leaves: int
) -> int:
    """Append one tree's nodes, at least one; returns how many."""
    inner = tree.feature != LEAF
    if not inner.any():
        for name, number in (("ids", 0), ("modes", 0), ("missing", 0), ("tl", 1), ("fl", 1)):
            parts[name].append(np.array([number]))
        parts["splits"].append(np.zeros(1))
        parts["true"].append(np.array([leaves]))
        parts["false"].append(np.array([leaves + 1]))
        return 1
    order = np.where(inner, np.cumsum(inner) - 1 + nodes, np.cumsum(~inner) - 1 + leaves)
    parts["ids"].append(tree.feature[inner])
    parts["splits"].append(_splits(tree, inner, dtype))
    parts["modes"].append(np.full(int(inner.sum()), int(tree.mode)))
    parts["missing"].append(tree.missing_true[inner].astype(np.int64))
    for child, leaf, nodes_of in (("true", "tl", tree.true), ("false", "fl", tree.false)):
        parts[child].append(order[nodes_of[inner]])
        parts[leaf].append((~inner[nodes_of[inner]]).astype(np.int64))
    return int(inner.sum())
