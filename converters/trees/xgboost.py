"""Reads XGBoost's Booster from its JSON: numeric trees, float32 thresholds, float32 sums."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.trees.form import LEAF, Ensemble, Floats, Mode, Tree


@dataclass(frozen=True)
class Boosted:
    """A Booster as data.

    Attributes:
        ensemble: one target a class or output.
        base: [targets] what is added to the sums, before the link.
        objective: XGBoost's own name.
        classes: how many classes a multi-class objective has, else 0.
    """

    ensemble: Ensemble
    base: Floats
    objective: str
    classes: int


def read(booster: Any) -> Boosted:
    """Read a Booster; slice it before where only its best rounds answer.

    Raises:
        Refused: `gblinear`, `categories`, `vector_leaves`.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    parameters = learner["learner_model_param"]
    objective = str(learner["objective"]["name"])
    model, weights = _gradient_booster(learner["gradient_booster"])
    classes = int(parameters["num_class"])
    targets = max(classes, int(parameters.get("num_target", 1)), 1)
    trees = [
        _tree(grown, int(target), targets, np.float32(weight))
        for grown, target, weight in zip(model["trees"], model["tree_info"], weights, strict=True)
    ]
    ensemble = Ensemble(
        tuple(trees), int(parameters["num_feature"]), targets, compares="float32", sums="float32"
    )
    base = np.broadcast_to(_base_score(parameters["base_score"]), (targets,))
    return Boosted(ensemble, _margin(base, objective), objective, classes)


def _gradient_booster(booster: dict[str, Any]) -> tuple[dict[str, Any], list[float]]:
    """The trees, and dart's weight of each, 1 elsewhere."""
    if booster["name"] == "gbtree":
        return booster["model"], [1.0] * len(booster["model"]["trees"])
    if booster["name"] == "dart":
        return booster["gbtree"]["model"], booster["weight_drop"]
    raise Refused(
        "gblinear",
        f"XGBoost's booster {booster['name']} is not made of trees and converts to no target; "
        "train with booster='gbtree', or a linear model of scikit-learn.",
    )


def _tree(grown: dict[str, Any], target: int, targets: int, weight: np.float32) -> Tree:
    if int(grown["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise Refused(
            "vector_leaves",
            "This model was trained with multi_strategy='multi_output_tree', whose leaves hold "
            "vectors; train it with 'one_output_per_tree'.",
        )
    if any(grown.get("split_type", [])):
        raise Refused(
            "categories",
            "This model splits on categories of its own, which no exact route carries yet; encode "
            "them before the model, or train with enable_categorical=False.",
        )
    left = np.array(grown["left_children"], np.int64)
    is_leaf = left == -1
    numbers = np.array(grown["split_conditions"], np.float64).astype(np.float32)
    values = np.zeros((len(left), targets))
    values[:, target] = np.where(is_leaf, numbers * weight, np.float32(0))
    return Tree(
        feature=np.where(is_leaf, LEAF, np.array(grown["split_indices"], np.int64)),
        threshold=np.where(is_leaf, 0.0, numbers.astype(np.float64)),
        mode=Mode.LT,
        true=left,
        false=np.array(grown["right_children"], np.int64),
        missing_true=np.array(grown["default_left"], bool) & ~is_leaf,
        values=values,
    )


def _base_score(text: str) -> Floats:
    """XGBoost 3 writes a vector, `[5E-1]`; before, one number, `5E-1`."""
    return np.atleast_1d(np.array(json.loads(text), np.float32).astype(np.float64))


def _margin(base: Floats, objective: str) -> Floats:
    """`base_score` is kept after the link; the sums start before it (ProbToMargin in XGBoost)."""
    if objective in ("binary:logistic", "reg:logistic"):
        return np.asarray(-np.log(1.0 / base - 1.0), np.float64)
    if objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
        return np.asarray(np.log(base), np.float64)
    return base
