"""Reads H2O's trees from a MOJO's bytes: float thresholds, bit sets of levels, missing's side.

The layout is that of `hex.genmodel.algos.tree.SharedTreeMojoModel.scoreTree` (MOJO 1.40).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from converters.errors import Refused
from converters.trees.form import LEAF, Bools, Category, Ensemble, Ints, Mode, Tree

NO_COLUMN = 0xFFFF
# NaSplitDir: what decides is whether a value is there; else missing goes left or right.
MISSING_VS_REST, MISSING_LEFT, LEFT = 1, 2, 4
COMPARED, SET_OF_32, SET = 0, 8, 12
LEAF_CHILD = 16
# Members of all sets together: 80 MB of numbers in the file.
MOST_MEMBERS = 10_000_000
HIGHEST = float(np.finfo(np.float64).max)


class Node(NamedTuple):
    """One node as it is written; children are places in the bytes, and whether they are leaves.

    right: of a set node, for each level from `first` on whether it goes right; else empty.
    """

    column: int
    present: bool
    missing_left: bool
    threshold: float
    right: Bools
    first: int
    left_at: tuple[int, bool]
    right_at: tuple[int, bool]


@dataclass
class _Growing:
    """The arrays of a tree under construction."""

    feature: list[int]
    threshold: list[float]
    true: list[int]
    false: list[int]
    missing: list[bool]
    values: list[float]
    members: dict[int, Ints]


def ensemble(
    trees: Mapping[tuple[int, int], bytes],
    features: int,
    targets: int,
    levels: Mapping[int, int],
    categories: Mapping[int, Category],
    letter: str,
) -> Ensemble:
    """The trees, each adding to its class, in the order in which genmodel adds them.

    Args:
        levels: feature → how many levels it has, of those that have levels.
        categories: the same features, as the row gives their codes.
        letter: the bytes' order, as struct has it.

    Raises:
        Refused: `trees_size`.
    """
    order = sorted(trees, key=lambda place: (place[1], place[0]))
    grown = tuple(read(trees[place], place[0], targets, levels, letter) for place in order)
    if sum(len(keys) for tree in grown for keys in tree.members.values()) > MOST_MEMBERS:
        raise Refused(
            "trees_size",
            "The model's trees ask columns of so many levels that their lists would fill more than "
            "80 MB. Export it to MOJO, or train it with fewer levels.",
        )
    asked = {int(tree.feature[node]) for tree in grown for node in tree.members}
    return Ensemble(grown, features, targets, categories={f: categories[f] for f in sorted(asked)})


def read(data: bytes, target: int, targets: int, levels: Mapping[int, int], order: str) -> Tree:
    """One tree. A value goes left where it is below the threshold, or where its bit is not set.

    A level without a bit goes where missing goes.
    """
    made = _Growing([], [], [], [], [], [], {})
    waiting: list[tuple[int, bool, int, bool]] = [(0, False, -1, True)]
    while waiting:
        at, is_leaf, parent, is_true = waiting.pop()
        here = len(made.feature)
        if parent >= 0:
            (made.true if is_true else made.false)[parent] = here
        node = None if is_leaf else _node(data, at, order)
        if node is None:
            _leaf(made, struct.unpack_from(order + "f", data, at if is_leaf else at + 3)[0])
            continue
        _inner(made, node, levels.get(node.column))
        waiting.append((*node.right_at, here, False))
        waiting.append((*node.left_at, here, True))
    values = np.zeros((len(made.feature), targets))
    values[:, target] = made.values
    return Tree(
        feature=np.array(made.feature, np.int64),
        threshold=np.array(made.threshold),
        mode=Mode.LEQ,
        true=np.array(made.true, np.int64),
        false=np.array(made.false, np.int64),
        missing_true=np.array(made.missing, bool),
        values=values,
        members=made.members,
    )


def _leaf(made: _Growing, value: float) -> None:
    made.feature.append(LEAF)
    made.threshold.append(0.0)
    made.true.append(LEAF)
    made.false.append(LEAF)
    made.missing.append(False)
    made.values.append(value)


def _inner(made: _Growing, node: Node, levels: int | None) -> None:
    here = len(made.feature)
    made.feature.append(node.column)
    made.true.append(LEAF)
    made.false.append(LEAF)
    made.missing.append(node.missing_left)
    made.values.append(0.0)
    # x < t is x <= the double below t; every value there is goes left of "missing or not".
    below = HIGHEST if node.present else float(np.nextafter(node.threshold, -np.inf))
    made.threshold.append(0.0 if levels is not None else below)
    if levels is not None:
        made.members[here] = _leftward(node, levels)


def _leftward(node: Node, levels: int) -> Ints:
    """The levels that go left: a bit sends right, none where missing goes."""
    codes = np.arange(levels)
    if node.present:
        return codes
    if not len(node.right):
        return codes[codes < node.threshold]
    left = np.full(levels, node.missing_left)
    known = np.arange(node.first, min(node.first + len(node.right), levels))
    left[known] = ~node.right[known - node.first]
    chosen: Ints = codes[left]
    return chosen


def _node(data: bytes, at: int, order: str) -> Node | None:
    """The node at a place; None for a tree that is one leaf."""
    kind, column, missing = struct.unpack_from(order + "BHB", data, at)
    if column == NO_COLUMN:
        return None
    at += 4
    present, asked = missing == MISSING_VS_REST, kind & 12
    threshold, right, first = 0.0, np.zeros(0, np.bool_), 0
    if not present and asked == COMPARED:
        threshold = struct.unpack_from(order + "f", data, at)[0]
        at += 4
    elif not present:
        first, bits = (0, 32) if asked == SET_OF_32 else struct.unpack_from(order + "HI", data, at)
        at += 0 if asked == SET_OF_32 else 6
        size = ((bits - 1) >> 3) + 1
        told = np.frombuffer(data, np.uint8, size, at)
        right = np.unpackbits(told, bitorder="little")[:bits].astype(np.bool_)
        at += size
    left = kind & 51
    if left & LEAF_CHILD:
        left_at, right_at = (at, True), at + 4
    else:
        size = left + 1
        skip = int.from_bytes(data[at : at + size], "little" if order == "<" else "big")
        left_at, right_at = (at + size, False), at + size + skip
    ends = bool((kind & 0xC0) >> 2 & LEAF_CHILD)
    missing_left = missing in (MISSING_LEFT, LEFT)
    return Node(column, present, missing_left, threshold, right, first, left_at, (right_at, ends))
