"""The base score in XGBoost's own file, written so that XGBoost4J reads it as XGBoost does.

XGBoost writes a list since 3.1, `[1.5E0]`, of which older ones read 0 and say nothing; the newest
XGBoost4J that can be had is older. One number, `1.5E0`, is read alike by all. Where an output each
has a number of its own, it is added to the leaves of that output's first tree: every row ends in
one of them, and XGBoost adds base score and leaf first, in float32.
"""

from __future__ import annotations

import contextlib
import json
import re
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

    A base score is given as the objective answers: as it is, as a mean or as a probability. Which
    of them, XGBoost says itself: the booster is kept that gives the very same sums.
    """
    import xgboost

    raw = json.loads(bytes(booster.save_raw("json")))
    learner = raw["learner"]
    model = learner["gradient_booster"].get("model")
    scores = np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float32)
    if model is None or any(
        tree["tree_param"]["size_leaf_vector"] != "1" for tree in model["trees"]
    ):
        return None
    probe = np.random.default_rng(0).normal(size=(64, booster.num_features())).astype(np.float32)
    wanted = booster.predict(xgboost.DMatrix(probe), output_margin=True)
    with np.errstate(all="ignore"):
        ways = ((scores, 0.0), (np.log(scores), 1.0), (-np.log(1 / scores - np.float32(1)), 0.5))
    for margins, neutral in ways:
        with contextlib.suppress(xgboost.core.XGBoostError):  # no numbers, where it is not that way
            made = _with_leaves(raw, margins, neutral)
            if np.array_equal(made.predict(xgboost.DMatrix(probe), output_margin=True), wanted):
                return made
    return None


def _with_leaves(raw: dict[str, Any], margins: Any, neutral: float) -> Any:
    """A booster of this JSON with `margins` in its leaves. neutral: the base score of margin 0."""
    import xgboost

    changed = json.loads(json.dumps(raw))
    learner = changed["learner"]
    listed = json.dumps([neutral] * len(margins))
    learner["learner_model_param"]["base_score"] = listed
    model = learner["gradient_booster"]["model"]
    first: set[int] = set()
    for tree, group in zip(model["trees"], model["tree_info"], strict=True):
        if group in first:
            continue
        first.add(group)
        for node, child in enumerate(tree["left_children"]):
            if child == -1:
                leaf = np.float32(tree["split_conditions"][node]) + margins[group]
                # As few digits as tell it apart: XGBoost's reader takes no more than nine.
                tree["split_conditions"][node] = float(str(leaf))
    made = xgboost.Booster()
    made.load_model(bytearray(json.dumps(changed), "utf-8"))
    return made
