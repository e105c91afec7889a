"""The base score in XGBoost's own file, written so that XGBoost4J reads it as XGBoost does.

XGBoost writes a list since 3.1, `[1.5E0]`, of which older ones read 0 and say nothing; the newest
XGBoost4J that can be had is older. One number, `1.5E0`, is read alike by all. Where an output each
has a number of its own, it is added to the leaves of that output's first tree: every row ends in
one of them, and XGBoost adds base score and leaf first, in float32.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

# UBJSON: a key and a text, each behind its length as a big-endian int64.
_PLACE = re.compile(
    rb"learner_model_param\{L\x00{7}\x0abase_scoreSL(?P<size>.{8})\[(?P<listed>[^\[\]]*)\]",
    re.DOTALL,
)


def single(content: bytes) -> bytes | None:
    """The same file with one number for a list of equal ones; None where they differ.

    A file without a list comes back as it is.
    """
    found = list(_PLACE.finditer(content))
    if not found:
        return content
    (place,) = found if len(found) == 1 else (None,)
    if place is None:
        return None
    numbers = set(place["listed"].split(b","))
    size = int.from_bytes(place["size"], "big")
    if len(numbers) != 1 or size != len(place["listed"]) + 2:
        return None
    (number,) = numbers
    text: bytes = len(number).to_bytes(8, "big") + number
    return content[: place.start("size")] + text + content[place.end() :]


def folded(booster: Any) -> Any | None:
    """The same booster with one base score, the others' part in the leaves; None if that is not so.

    A base score is given as the objective answers: as it is, as a mean or as a probability. What
    of it is added to leaves, and which one adds nothing, XGBoost says itself: the booster is kept
    that gives the very same sums.
    """
    import xgboost

    raw = json.loads(bytes(booster.save_raw("json")))
    booster_of = raw["learner"]["gradient_booster"]
    # Dropped trees have weights, linear models no leaves.
    trees = booster_of["model"]["trees"] if booster_of["name"] == "gbtree" else []
    if not trees or any(one["tree_param"]["size_leaf_vector"] != "1" for one in trees):
        return None
    probe = np.random.default_rng(0).normal(size=(64, booster.num_features())).astype(np.float32)
    matrix = xgboost.DMatrix(probe)
    wanted = booster.predict(matrix, output_margin=True)
    margins = _with_leaves(raw, lambda leaf, *where: 0.0).predict(matrix, output_margin=True)[0]

    def added(leaf: float, group: int, first: bool) -> float:
        # As few digits as tell it apart: XGBoost's reader takes no more than nine.
        return float(str(np.float32(leaf) + margins[group])) if first else leaf

    for neutral in (0.0, 1.0, 0.5):
        listed = [neutral] * len(margins)
        with contextlib.suppress(xgboost.core.XGBoostError):  # no base score of this objective
            made = _with_leaves(raw, added, listed)
            if np.array_equal(made.predict(matrix, output_margin=True), wanted):
                return made
    return None


def _with_leaves(
    raw: dict[str, Any],
    change: Callable[[float, int, bool], float],
    listed: list[float] | None = None,
) -> Any:
    """A booster of this JSON with other leaves, and with other base scores where they are listed.

    change: from a leaf, its tree's output, and whether the tree is that output's first.
    """
    import xgboost

    changed = copy.deepcopy(raw)
    learner = changed["learner"]
    if listed is not None:
        learner["learner_model_param"]["base_score"] = json.dumps(listed)
    model = learner["gradient_booster"]["model"]
    met: set[int] = set()
    for tree, group in zip(model["trees"], model["tree_info"], strict=True):
        leaves = tree["split_conditions"]
        for node, child in enumerate(tree["left_children"]):
            if child == -1:
                leaves[node] = change(leaves[node], group, group not in met)
        met.add(group)
    made = xgboost.Booster()
    made.load_model(bytearray(json.dumps(changed), "utf-8"))
    return made
