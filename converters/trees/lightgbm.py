"""Reads LightGBM's Booster from its text: doubles, three kinds of missing, sets, linear leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.trees import links
from converters.trees.form import (
    LEAF,
    Category,
    Ensemble,
    Floats,
    Formula,
    Ints,
    Key,
    Mode,
    Tree,
)

# Bits of `decision_type` (LightGBM, include/LightGBM/tree.h).
CATEGORICAL = 1
DEFAULT_LEFT = 2
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
CATEGORICAL_COLUMNS = re.compile(r"^\[categorical_feature: ([0-9,]+)\]$", re.MULTILINE)


@dataclass(frozen=True)
class Boosted:
    """A Booster as data.

    Attributes:
        ensemble: one target a class.
        average: what the sums are divided by: the rounds of a random forest, else 1.
        objective: LightGBM's own name, empty where the model's is a function of its owner's.
        parameters: the objective's, e.g. {"sigmoid": "1"}; a bare word has the value "".
    """

    ensemble: Ensemble
    average: int
    objective: str
    parameters: dict[str, str]


def read(booster: Any) -> Boosted:
    """Read a Booster's best rounds, which are what it answers with.

    Raises:
        Refused: `mixed_missing`, `category_types`.
    """
    text = booster.model_to_string()
    head, *blocks = text.split("\nTree=")
    header = _fields(head)
    targets = int(header["num_tree_per_iteration"])
    missing: dict[int, int] = {}
    trees = []
    for number, block in enumerate(blocks):
        fields = _fields(block.split("\nend of trees")[0])
        trees.append(_tree(fields, number % targets, targets, missing))
    ensemble = Ensemble(
        tuple(trees),
        int(header["max_feature_idx"]) + 1,
        targets,
        flushes=True,
        zero_missing=tuple(f for f, kind in sorted(missing.items()) if kind == MISSING_ZERO),
        categories=_categories(trees, _learned(booster.pandas_categorical, text)),
    )
    objective, *words = header.get("objective", "").split() or [""]
    parameters = {word.partition(":")[0]: word.partition(":")[2] for word in words}
    average = len(trees) // targets if "average_output" in header else 1
    return Boosted(ensemble, average, objective, parameters)


def check(booster: Any) -> None:
    """See that a Booster's trees hold together, which LightGBM does not when it loads a file.

    Raises:
        Refused: `model_unreadable`.
        KeyError, ValueError: the text of a tree is none.
    """
    head, *blocks = booster.model_to_string().split("\nTree=")
    features = int(_fields(head)["max_feature_idx"]) + 1
    for block in blocks:
        fields = _fields(block.split("\nend of trees")[0])
        leaves = int(fields["num_leaves"])
        if leaves > 1:
            asked = np.append(_whole(fields["split_feature"]), np.full(leaves, LEAF))
            left = _children(fields, "left_child", len(asked))
            right = _children(fields, "right_child", len(asked))
            links.check(asked, left, right, features)


def learned(booster: Any) -> dict[int, Category]:
    """The categories that a Booster knows from pandas, by feature; mostly empty."""
    if not booster.pandas_categorical:
        return {}
    return _learned(booster.pandas_categorical, booster.model_to_string(num_iteration=1))


def _learned(categories: Any, text: str) -> dict[int, Category]:
    """pandas' categories belong to the model's categorical columns, in order.

    A category that is not among them is missing (LightGBM's `_data_from_pandas`).
    """
    if not categories:
        return {}
    told = CATEGORICAL_COLUMNS.search(text)
    columns = sorted(map(int, told[1].split(","))) if told else []
    if len(columns) != len(categories):
        raise Refused(
            "category_types",
            "The model was trained on pandas' category columns, and does not tell which; train it "
            "with categorical_feature='auto'.",
        )
    found = {}
    for column, values in zip(columns, categories, strict=True):
        if all(isinstance(value, str) for value in values):
            found[column] = Category(Key.WORD, words=tuple(values), unseen_missing=True)
        elif all(isinstance(value, bool | int | float) for value in values):
            numbers = tuple(float(value) for value in values)
            found[column] = Category(Key.NUMBER, numbers=numbers, unseen_missing=True)
        else:
            raise Refused(
                "category_types",
                f"The categories of column {column + 1} are neither all text nor all numbers; "
                "train the model with one kind.",
            )
    return found


def _categories(trees: list[Tree], known: dict[int, Category]) -> dict[int, Category]:
    asked = {int(tree.feature[node]) for tree in trees for node in tree.members}
    return {f: known.get(f, Category(Key.TRUNCATED)) for f in sorted(asked | set(known))}


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value for key, _, value in pairs if key}


def _floats(text: str) -> Floats:
    return np.array(text.split(), np.float64)


def _whole(text: str) -> Ints:
    return np.array(text.split(), np.int64)


def _tree(fields: dict[str, str], target: int, targets: int, missing: dict[int, int]) -> Tree:
    """One tree: inner nodes first, then leaves, which LightGBM numbers ~0, ~1 …"""
    leaves = _floats(fields["leaf_value"])
    inner = len(leaves) - 1
    values = np.zeros((inner + len(leaves), targets))
    values[inner:, target] = leaves
    feature = np.full(len(values), LEAF, np.int64)
    threshold = np.zeros(len(values))
    true = false = np.full(len(values), LEAF, np.int64)
    missing_true = np.zeros(len(values), bool)
    members: dict[int, Ints] = {}
    if inner:
        decision = _whole(fields["decision_type"])
        feature[:inner] = _whole(fields["split_feature"])
        threshold[:inner] = _floats(fields["threshold"])
        true = _children(fields, "left_child", len(values))
        false = _children(fields, "right_child", len(values))
        by_set = (decision & CATEGORICAL) != 0
        kinds = (decision >> 2) & 3
        _remember(missing, feature[:inner][~by_set], kinds[~by_set])
        # Where NaN is no missing value of its own, it counts as 0.0; it is in no set.
        default = np.where(
            kinds == MISSING_NONE, threshold[:inner] >= 0.0, (decision & DEFAULT_LEFT) != 0
        )
        missing_true[:inner] = default & ~by_set
        if by_set.any():
            members = _members(fields, np.flatnonzero(by_set), threshold)
            threshold[:inner][by_set] = 0.0
    return Tree(
        feature,
        threshold,
        Mode.LEQ,
        true,
        false,
        missing_true,
        values,
        members,
        _formulas(fields, inner, leaves, target),
    )


def _children(fields: dict[str, str], key: str, nodes: int) -> Ints:
    """[nodes] one child of each; LEAF in leaves."""
    told = _whole(fields[key])
    children = np.full(nodes, LEAF, np.int64)
    children[: len(told)] = np.where(told < 0, len(told) + ~told, told)
    return children


def _members(fields: dict[str, str], nodes: Ints, threshold: Floats) -> dict[int, Ints]:
    """Each set node's keys; its threshold is the number of its bit set."""
    words = _whole(fields["cat_threshold"]).astype("<u4")
    starts = _whole(fields["cat_boundaries"])
    found = {}
    for node in nodes.tolist():
        number = int(threshold[node])
        octets = words[starts[number] : starts[number + 1]].view(np.uint8)
        bits = np.unpackbits(octets, bitorder="little")
        found[node] = np.flatnonzero(bits).astype(np.int64)
    return found


def _formulas(
    fields: dict[str, str], inner: int, leaves: Floats, target: int
) -> dict[int, Formula]:
    """The formulas of `linear_tree`; LightGBM falls back to the leaf's value where one is NaN."""
    if fields.get("is_linear", "0") == "0":
        return {}
    constants = _floats(fields["leaf_const"]).tolist()
    counts = _whole(fields["num_features"]).tolist()
    features = _whole(fields.get("leaf_features", "")).tolist()
    factors = _floats(fields.get("leaf_coeff", "")).tolist()
    found = {}
    start = 0
    for leaf in range(len(leaves)):
        end = start + counts[leaf]
        found[inner + leaf] = Formula(
            tuple(features[start:end]), tuple(factors[start:end]), constants[leaf], target
        )
        start = end
    return found


def _remember(missing: dict[int, int], features: Any, kinds: Any) -> None:
    """Note each feature's kind of missing, which LightGBM decides once for a data set."""
    for feature, kind in zip(features.tolist(), kinds.tolist(), strict=True):
        known = missing.setdefault(feature, kind)
        if known != kind and MISSING_ZERO in (known, kind):
            raise Refused(
                "mixed_missing",
                f"Feature {feature} takes zeros for missing values in some trees only, as in a "
                "model that was trained in several goes; train it in one.",
            )
