"""Reads an ensemble back from the `TreeEnsemble` node that `trees.onnx` writes."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import numpy_helper

from converters.trees.form import LEAF, Ensemble, Mode, Tree


def decode(attributes: dict[str, Any], features: int) -> Ensemble:
    """The ensemble of a node's attributes; each tree adds to one target.

    Thresholds, comparisons and sums are in the node's own dtype: float32 where its splits are.
    """
    splits = numpy_helper.to_array(attributes["nodes_splits"])
    dtype = str(splits.dtype)
    node = {
        "feature": np.array(attributes["nodes_featureids"], np.int64),
        "threshold": splits.astype(np.float64),
        "mode": numpy_helper.to_array(attributes["nodes_modes"]),
        "missing": np.array(attributes["nodes_missing_value_tracks_true"], bool),
        "true": np.array(attributes["nodes_truenodeids"], np.int64),
        "tl": np.array(attributes["nodes_trueleafs"], bool),
        "false": np.array(attributes["nodes_falsenodeids"], np.int64),
        "fl": np.array(attributes["nodes_falseleafs"], bool),
    }
    weights = numpy_helper.to_array(attributes["leaf_weights"]).astype(np.float64)
    where = np.array(attributes["leaf_targetids"], np.int64)
    targets = int(attributes["n_targets"])
    trees = tuple(_tree(node, weights, where, root, targets) for root in attributes["tree_roots"])
    return Ensemble(trees, features, targets, compares=dtype, sums=dtype)


def _tree(node: dict[str, Any], weights: Any, where: Any, root: int, targets: int) -> Tree:
    """One tree, its nodes numbered in the order in which they are met."""
    met: list[tuple[bool, int]] = [(False, int(root))]
    true: list[int] = []
    false: list[int] = []
    for leaf, place in met:
        if leaf:
            true.append(LEAF)
            false.append(LEAF)
            continue
        for children, ids, leaves in ((true, "true", "tl"), (false, "false", "fl")):
            children.append(len(met))
            met.append((bool(node[leaves][place]), int(node[ids][place])))
    is_leaf = np.array([one for one, _ in met])
    places = np.array([one for _, one in met])
    inner = np.where(is_leaf, 0, places)
    values = np.zeros((len(met), targets))
    ends = np.flatnonzero(is_leaf)
    values[ends, where[places[ends]]] = weights[places[ends]]
    return Tree(
        feature=np.where(is_leaf, LEAF, node["feature"][inner]),
        threshold=np.where(is_leaf, 0.0, node["threshold"][inner]),
        mode=Mode(int(node["mode"][root])),
        true=np.array(true),
        false=np.array(false),
        missing_true=node["missing"][inner] & ~is_leaf,
        values=values,
    )
