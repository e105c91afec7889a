"""Reads LightGBM's Booster from its text: numeric trees, doubles, three kinds of missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.trees.form import LEAF, Ensemble, Mode, Tree

# Bits of `decision_type` (LightGBM, include/LightGBM/tree.h).
CATEGORICAL = 1
DEFAULT_LEFT = 2
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2


@dataclass(frozen=True)
class Boosted:
    """A Booster as data.

    Attributes:
        ensemble: one target a class.
        average: what the sums are divided by: the rounds of a random forest, else 1.
        objective: LightGBM's own name, empty where the model has none.
        parameters: the objective's, e.g. {"sigmoid": "1"}; a bare word has the value "".
    """

    ensemble: Ensemble
    average: int
    objective: str
    parameters: dict[str, str]


def read(booster: Any) -> Boosted:
    """Read a Booster's best rounds, which are what it answers with.

    Raises:
        Refused: `categories`, `linear_leaves`, `mixed_missing`.
    """
    head, *blocks = booster.model_to_string().split("\nTree=")
    header = _fields(head)
    targets = int(header["num_tree_per_iteration"])
    missing: dict[int, int] = {}
    trees = []
    for number, block in enumerate(blocks):
        fields = _fields(block.split("\nend of trees")[0])
        trees.append(_tree(fields, number % targets, targets, missing))
    zero = tuple(sorted(feature for feature, kind in missing.items() if kind == MISSING_ZERO))
    ensemble = Ensemble(
        tuple(trees), int(header["max_feature_idx"]) + 1, targets, flushes=True, zero_missing=zero
    )
    objective, *words = header.get("objective", "").split() or [""]
    parameters = {word.partition(":")[0]: word.partition(":")[2] for word in words}
    average = len(trees) // targets if "average_output" in header else 1
    return Boosted(ensemble, average, objective, parameters)


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value for key, _, value in pairs if key}


def _tree(fields: dict[str, str], target: int, targets: int, missing: dict[int, int]) -> Tree:
    """One tree: inner nodes first, then leaves, which LightGBM numbers ~0, ~1 …"""
    if fields.get("is_linear", "0") != "0":
        raise Refused(
            "linear_leaves",
            "LightGBM `linear_tree` leaves hold formulas that no target carries; results would be "
            "off by half. Train without linear_tree.",
        )
    leaves = np.array(fields["leaf_value"].split(), np.float64)
    inner = len(leaves) - 1
    values = np.zeros((inner + len(leaves), targets))
    values[inner:, target] = leaves
    feature = np.full(len(values), LEAF, np.int64)
    threshold = np.zeros(len(values))
    true = np.full(len(values), LEAF, np.int64)
    false = true.copy()
    missing_true = np.zeros(len(values), bool)
    if inner:
        decision = np.array(fields["decision_type"].split(), np.int64)
        if np.any(decision & CATEGORICAL):
            raise Refused(
                "categories",
                "This model splits on categories of its own, which no exact route carries yet; "
                "encode them before the model, or train without categorical_feature.",
            )
        feature[:inner] = np.array(fields["split_feature"].split(), np.int64)
        threshold[:inner] = np.array(fields["threshold"].split(), np.float64)
        for children, key in ((true, "left_child"), (false, "right_child")):
            told = np.array(fields[key].split(), np.int64)
            children[:inner] = np.where(told < 0, inner + ~told, told)
        kinds = (decision >> 2) & 3
        _remember(missing, feature[:inner], kinds)
        # Where NaN is no missing value of its own, it counts as 0.0.
        missing_true[:inner] = np.where(
            kinds == MISSING_NONE, threshold[:inner] >= 0.0, (decision & DEFAULT_LEFT) != 0
        )
    return Tree(feature, threshold, Mode.LEQ, true, false, missing_true, values)


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
