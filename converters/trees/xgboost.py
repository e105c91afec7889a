"""Reads XGBoost from its binary JSON: float32 thresholds, sets of categories, float32 sums."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.trees import links, ubjson
from converters.trees.form import LEAF, Category, Ensemble, Floats, Ints, Key, Mode, Tree


@dataclass(frozen=True)
class Boosted:
    """A Booster as data.

    Attributes:
        ensemble: one target a class or output; without trees where the model is linear.
        base: [targets] what is added to the sums, before the link.
        objective: XGBoost's own name.
        weights: [features + 1, targets] of a linear model, its intercepts last; None for trees.
    """

    ensemble: Ensemble
    base: Floats
    objective: str
    weights: Floats | None = None


def read(booster: Any, rounds: int = 0) -> Boosted:
    """Read a Booster's first `rounds`, or all of them where that is 0.

    Raises:
        Refused: `vector_leaves`, `booster_unknown`.
    """
    learner = ubjson.loads(booster.save_raw("ubj"))["learner"]
    parameters = learner["learner_model_param"]
    objective = str(learner["objective"]["name"])
    features = int(parameters["num_feature"])
    targets = max(int(parameters["num_class"]), int(parameters.get("num_target", 1)), 1)
    base = np.broadcast_to(_base_score(parameters["base_score"]), (targets,))
    base = _margin(base, objective)
    if learner["gradient_booster"]["name"] == "gblinear":
        raw = np.array(learner["gradient_booster"]["model"]["weights"], np.float32)
        nothing = Ensemble((), features, targets, compares="float32", sums="float32")
        weights = raw.astype(np.float64).reshape(features + 1, targets)
        # Of several targets' base scores XGBoost's linear models add the first one's to every sum
        # (src/gbm/gblinear.cc, PredictBatchInternal).
        return Boosted(nothing, np.full_like(base, base[0]), objective, weights)
    model, weights_of = _gradient_booster(learner["gradient_booster"])
    count = _trees_in(model, rounds)
    parts = zip(model["trees"], model["tree_info"], weights_of, strict=True)
    trees = [
        _tree(grown, int(target), targets, np.float32(weight))
        for grown, target, weight in list(parts)[:count]
    ]
    ensemble = Ensemble(
        tuple(trees),
        features,
        targets,
        compares="float32",
        sums="float32",
        categories=_categories(trees, model.get("cats")),
    )
    return Boosted(ensemble, base, objective)


def check(booster: Any) -> None:
    """See that a Booster's trees hold together, which XGBoost does not when it loads a file.

    Raises:
        Refused: `model_unreadable`.
        KeyError, ValueError: its own file is no such document.
    """
    learner = ubjson.loads(booster.save_raw("ubj"))["learner"]
    told = learner["gradient_booster"]
    if told["name"] == "gblinear":
        return
    features = int(learner["learner_model_param"]["num_feature"])
    for grown in told.get("gbtree", told)["model"]["trees"]:
        left = np.asarray(grown["left_children"], np.int64)
        right = np.asarray(grown["right_children"], np.int64)
        asked = np.asarray(grown["split_indices"], np.int64)
        links.check(np.where(left == -1, LEAF, asked), left, right, features)


def learned(booster: Any) -> dict[int, Category]:
    """The categories that a Booster knows by name or number, by feature; mostly empty."""
    if "c" not in (booster.feature_types or ()):
        return {}
    told = ubjson.loads(booster.save_raw("ubj"))["learner"]["gradient_booster"]
    return _learned(told.get("gbtree", told)["model"].get("cats"))


def _trees_in(model: dict[str, Any], rounds: int) -> int:
    starts = model.get("iteration_indptr")
    if not rounds or starts is None or rounds >= len(starts):
        return len(model["trees"])
    return int(starts[rounds])


def _gradient_booster(booster: dict[str, Any]) -> tuple[dict[str, Any], list[float]]:
    """The trees, and dart's weight of each, 1 elsewhere."""
    if booster["name"] == "gbtree":
        return booster["model"], [1.0] * len(booster["model"]["trees"])
    if booster["name"] == "dart":
        return booster["gbtree"]["model"], booster["weight_drop"]
    raise Refused(
        "booster_unknown",
        f"XGBoost's booster {booster['name']} is none that is known here; train with gbtree, dart "
        "or gblinear.",
    )


def _tree(grown: dict[str, Any], target: int, targets: int, weight: np.float32) -> Tree:
    left = np.array(grown["left_children"], np.int64)
    right = np.array(grown["right_children"], np.int64)
    is_leaf = left == -1
    numbers = np.array(grown["split_conditions"], np.float64).astype(np.float32)
    missing = np.array(grown["default_left"], bool) & ~is_leaf
    values = np.zeros((len(left), targets))
    if int(grown["tree_param"].get("size_leaf_vector", 1)) > 1:
        values[is_leaf] = _vectors(grown, targets)[right[is_leaf]] * weight
        right = np.where(is_leaf, -1, right)
    else:
        values[:, target] = np.where(is_leaf, numbers * weight, np.float32(0))
    members = _members(grown)
    by_set = np.zeros(len(left), bool)
    by_set[list(members)] = True
    # A category in the set goes right, all others (no category, too large, negative) left.
    return Tree(
        feature=np.where(is_leaf, LEAF, np.array(grown["split_indices"], np.int64)),
        threshold=np.where(is_leaf | by_set, 0.0, numbers.astype(np.float64)),
        mode=Mode.LT,
        true=np.where(by_set, right, left),
        false=np.where(by_set, left, right),
        missing_true=np.where(by_set, ~missing, missing) & ~is_leaf,
        values=values,
        members=members,
    )


def _vectors(grown: dict[str, Any], targets: int) -> Floats:
    """[leaves, targets] of a tree whose leaves hold vectors."""
    if "leaf_weights" not in grown:
        raise Refused(
            "vector_leaves",
            "This model was trained with multi_strategy='multi_output_tree' by an XGBoost that "
            "keeps its leaves in another way; train it again with XGBoost 3.2, or with "
            "'one_output_per_tree'.",
        )
    flat = np.array(grown["leaf_weights"], np.float64).astype(np.float32)
    return flat.astype(np.float64).reshape(-1, targets)


def _members(grown: dict[str, Any]) -> dict[int, Ints]:
    sets = zip(
        grown.get("categories_nodes", []),
        grown.get("categories_segments", []),
        grown.get("categories_sizes", []),
        strict=True,
    )
    codes = np.array(grown.get("categories", []), np.int64)
    return {int(node): np.unique(codes[start : start + size]) for node, start, size in sets}


def _categories(trees: list[Tree], cats: Any) -> dict[int, Category]:
    """Each feature that some tree splits by sets."""
    known = _learned(cats)
    asked = {int(tree.feature[node]) for tree in trees for node in tree.members}
    return {f: known.get(f, Category(Key.NOT_NEGATIVE)) for f in sorted(asked | set(known))}


def _learned(cats: Any) -> dict[int, Category]:
    """Words, as offsets into their bytes, or numbers, as XGBoost 3 keeps them since 3.1."""
    found = {}
    for feature, told in enumerate((cats or {}).get("enc", [])):
        values = list(told.get("values", ()))
        if not values:
            continue
        if "offsets" in told:
            words = _words(list(told["offsets"]), bytes(int(value) % 256 for value in values))
            found[feature] = Category(Key.WORD, words=words, unseen_missing=True)
        else:
            numbers = tuple(float(value) for value in values)
            found[feature] = Category(Key.NUMBER, numbers=numbers, unseen_missing=True)
    return found


def _words(ends: list[int], octets: bytes) -> tuple[str, ...]:
    """The names of categories; XGBoost counts letters and keeps as many bytes, so only ASCII."""
    if not octets.isascii() or ends[-1] != len(octets):
        raise Refused(
            "category_types",
            "The names of this model's categories are not plain ASCII, and XGBoost keeps such "
            "names garbled; train it with ASCII names, or with an encoder before it.",
        )
    return tuple(octets[start:end].decode() for start, end in pairwise(ends))


def _base_score(text: str) -> Floats:
    """XGBoost 3 writes a vector, `[5E-1]`; before, one number, `5E-1`."""
    return np.atleast_1d(np.array(json.loads(text), np.float32).astype(np.float64))


def _margin(base: Floats, objective: str) -> Floats:
    """`base_score` is kept after the link; the sums start before it (ProbToMargin in XGBoost)."""
    if objective in ("binary:logistic", "reg:logistic"):
        return np.asarray(-np.log(1.0 / base - 1.0), np.float64)
    logs = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
    return np.asarray(np.log(base), np.float64) if objective in logs else base
