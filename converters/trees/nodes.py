"""The attributes of one `TreeEnsemble` node: every tree's nodes and leaves as long lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, numpy_helper

from converters.trees.form import LEAF, Bools, Floats, Ints, Mode, Tree

SUM = 1
MEMBER = 6
LISTS = ("ids", "splits", "modes", "missing", "true", "tl", "false", "fl")
# A key that no value has: below it are no numbers but -inf, which is no key.
NO_KEY = -2.0


class Nodes:
    """Trees being appended, each adding one weight a leaf to one target."""

    def __init__(self, dtype: str, places: Mapping[int, int]) -> None:
        """dtype: of splits and weights. places: category feature → its column of keys."""
        self._dtype = dtype
        self._places = places
        self._parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in LISTS}
        self._weights: list[Floats] = []
        self._targets: list[Ints] = []
        self._members: list[float] = []
        self._roots: list[int] = []
        self._nodes = self._leaves = 0

    def add(self, tree: Tree, weights: Floats, target: int) -> None:
        """One tree; `weights` are those of its leaves, in the order of its nodes."""
        self._roots.append(self._nodes)
        inner = tree.feature != LEAF
        if inner.any():
            self._add_inner(tree, inner)
        else:
            self._add_single_leaf()
            # One leaf under both branches loses its weight in ONNX Runtime: give each its own.
            weights = np.repeat(weights, 2)
        self._weights.append(weights)
        self._targets.append(np.full(len(weights), target, np.int64))
        self._leaves += len(weights)

    def attributes(self, targets: int) -> dict[str, Any]:
        """The node's attributes, ready to be added; lists of numbers are built once."""
        joined = {name: np.concatenate(arrays) for name, arrays in self._parts.items()}
        found = {
            "aggregate_function": SUM,
            "post_transform": 0,
            "n_targets": targets,
            "tree_roots": _ints("tree_roots", self._roots),
            "nodes_splits": numpy_helper.from_array(joined["splits"].astype(self._dtype), "splits"),
            "nodes_modes": numpy_helper.from_array(joined["modes"].astype(np.uint8), "modes"),
            "leaf_weights": numpy_helper.from_array(
                np.concatenate(self._weights).astype(self._dtype), "weights"
            ),
            "leaf_targetids": _ints("leaf_targetids", np.concatenate(self._targets).tolist()),
        }
        named = {"nodes_featureids": "ids", "nodes_missing_value_tracks_true": "missing"}
        named |= {"nodes_truenodeids": "true", "nodes_trueleafs": "tl"}
        named |= {"nodes_falsenodeids": "false", "nodes_falseleafs": "fl"}
        for name, part in named.items():
            found[name] = _ints(name, joined[part].tolist())
        if self._members:
            found["membership_values"] = numpy_helper.from_array(
                np.array(self._members, self._dtype), "members"
            )
        return found

    def _add_single_leaf(self) -> None:
        parts = self._parts
        for name, number in (("ids", 0), ("modes", 0), ("missing", 0), ("tl", 1), ("fl", 1)):
            parts[name].append(np.array([number]))
        parts["splits"].append(np.zeros(1))
        parts["true"].append(np.array([self._leaves]))
        parts["false"].append(np.array([self._leaves + 1]))
        self._nodes += 1

    def _add_inner(self, tree: Tree, inner: Bools) -> None:
        parts = self._parts
        count = int(np.count_nonzero(inner))
        order = np.where(
            inner, np.cumsum(inner) - 1 + self._nodes, np.cumsum(~inner) - 1 + self._leaves
        )
        ids = tree.feature[inner]
        splits = rounded(tree.threshold[inner], tree.mode, self._dtype)
        modes = np.full(count, int(tree.mode))
        if tree.members:
            self._add_members(tree, inner, ids, splits, modes)
        parts["ids"].append(ids)
        parts["splits"].append(splits)
        parts["modes"].append(modes)
        parts["missing"].append(tree.missing_true[inner].astype(np.int64))
        for child, leaf, nodes_of in (("true", "tl", tree.true), ("false", "fl", tree.false)):
            children = nodes_of[inner]
            parts[child].append(order[children])
            parts[leaf].append((~inner[children]).astype(np.int64))
        self._nodes += count

    def _add_members(
        self, tree: Tree, inner: Bools, ids: Ints, splits: npt.NDArray[Any], modes: Ints
    ) -> None:
        """Turn some nodes into set nodes; values are told apart by a NaN after each set."""
        place = np.cumsum(inner) - 1
        for node in sorted(tree.members):
            where = int(place[node])
            ids[where] = self._places[int(tree.feature[node])]
            keys = tree.members[node]
            if len(keys):
                modes[where] = MEMBER
                self._members += [*map(float, keys), float("nan")]
            else:
                splits[where], modes[where] = NO_KEY, int(Mode.LT)


def rounded(thresholds: Floats, mode: Mode, dtype: str) -> npt.NDArray[Any]:
    """Thresholds in the nodes' dtype such that every number of that dtype goes as before."""
    if dtype == "float64":
        return thresholds.copy()
    if mode is Mode.LEQ:
        return _rounded_down(thresholds)
    return -_rounded_down(-thresholds)  # x < t for float32 x: the next float32 at or above t


def _rounded_down(thresholds: Floats) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
    above = nearest.astype(np.float64) > thresholds
    return np.where(above, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _ints(name: str, numbers: Sequence[int]) -> Any:
    """A list attribute as protobuf's own object: onnx.helper would look at each number."""
    attribute = AttributeProto(name=name, type=AttributeProto.INTS)
    attribute.ints.extend(numbers)
    return attribute
