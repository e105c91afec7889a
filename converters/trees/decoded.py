"""Reads an ensemble back from a `TreeEnsemble` node of ours, whoever of our emitters wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

from converters.trees.form import LEAF, Ensemble, Ints, Mode, Tree
from converters.trees.nodes import MEMBER


class Decoder:
    """A node's attributes as arrays; a tree is read from each root."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        splits = numpy_helper.to_array(attributes["nodes_splits"])
        count = len(splits)
        self.dtype = str(splits.dtype)
        self.threshold = splits.astype(np.float64)
        self.mode = numpy_helper.to_array(attributes["nodes_modes"])
        self.feature = np.array(attributes["nodes_featureids"], np.int64)
        missing = attributes.get("nodes_missing_value_tracks_true") or [0] * count
        self.missing = np.array(missing, bool)
        self.true = np.array(attributes["nodes_truenodeids"], np.int64)
        self.false = np.array(attributes["nodes_falsenodeids"], np.int64)
        self.true_ends = np.array(attributes["nodes_trueleafs"], bool)
        self.false_ends = np.array(attributes["nodes_falseleafs"], bool)
        self.weights = numpy_helper.to_array(attributes["leaf_weights"]).astype(np.float64)
        self.target = np.array(attributes["leaf_targetids"], np.int64)
        self.targets = int(attributes["n_targets"])
        self.members = _members(self.mode, attributes.get("membership_values"))

    def tree(self, root: int) -> Tree:
        """One tree, its nodes numbered in the order in which they are met."""
        met: list[tuple[bool, int]] = [(False, root)]
        true: list[int] = []
        false: list[int] = []
        for ends, place in met:
            if ends:
                true.append(LEAF)
                false.append(LEAF)
                continue
            true.append(len(met))
            met.append((bool(self.true_ends[place]), int(self.true[place])))
            false.append(len(met))
            met.append((bool(self.false_ends[place]), int(self.false[place])))
        is_leaf = np.array([ends for ends, _ in met])
        places = np.array([place for _, place in met])
        inner = np.where(is_leaf, 0, places)
        values = np.zeros((len(met), self.targets))
        leaves = np.flatnonzero(is_leaf)
        values[leaves, self.target[places[leaves]]] = self.weights[places[leaves]]
        mode, members = self._questions(is_leaf, places)
        return Tree(
            feature=np.where(is_leaf, LEAF, self.feature[inner]),
            threshold=np.where(is_leaf, 0.0, self.threshold[inner]),
            mode=mode,
            true=np.array(true),
            false=np.array(false),
            missing_true=self.missing[inner] & ~is_leaf,
            values=values,
            members=members,
        )

    def _questions(self, is_leaf: Any, places: Any) -> tuple[Mode, dict[int, Ints]]:
        """The tree's comparison, and its set nodes.

        A set without members is written as a comparison that never holds; where that is not the
        tree's own comparison, it is an empty set again.
        """
        inner = np.flatnonzero(~is_leaf)
        kinds = self.mode[places[inner]]
        members = {
            int(node): self.members[int(places[node])] for node in inner[kinds == MEMBER].tolist()
        }
        compared = sorted({int(kind) for kind in kinds if kind != MEMBER})
        if len(compared) > 1:
            for node in inner[kinds == int(Mode.LT)].tolist():
                members[int(node)] = np.zeros(0, np.int64)
        return Mode(compared[0]) if compared else Mode.LEQ, members


def decode(attributes: dict[str, Any], features: int) -> Ensemble:
    """The ensemble of a node's attributes; each tree adds to one target.

    Thresholds, comparisons and sums are in the node's own dtype: float32 where its splits are.
    """
    decoder = Decoder(attributes)
    trees = tuple(decoder.tree(int(root)) for root in attributes["tree_roots"])
    return Ensemble(trees, features, decoder.targets, compares=decoder.dtype, sums=decoder.dtype)


def _members(modes: npt.NDArray[Any], values: Any) -> dict[int, Ints]:
    """Set node → its keys; the sets follow one another, a NaN after each."""
    found: dict[int, Ints] = {}
    if values is None:
        return found
    nodes = iter(np.flatnonzero(modes == MEMBER).tolist())
    keys: list[int] = []
    for value in _floats(values):
        if np.isnan(value):
            found[next(nodes)] = np.array(keys, np.int64)
            keys = []
        else:
            keys.append(int(value))
    return found


def _floats(tensor: Any) -> Sequence[float]:
    numbers: list[float] = numpy_helper.to_array(tensor).astype(np.float64).tolist()
    return numbers
