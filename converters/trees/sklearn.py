"""Reads scikit-learn's trees: `tree_`, and `_predictors` of HistGradientBoosting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.trees import links
from converters.trees.form import LEAF, Bools, Category, Ensemble, Floats, Ints, Key, Mode, Tree


def tree(grown: Any, values: Floats) -> Tree:
    """One `sklearn.tree._tree.Tree`; `values` are [nodes, targets], what each node answers.

    A row is cast to float32, then goes left where it is `<=` the double threshold; NaN goes where
    `missing_go_to_left` says (sklearn/tree/_tree.pyx, `_apply_dense`).
    """
    left = np.asarray(grown.children_left, np.int64)
    is_leaf = left == -1
    missing = np.asarray(grown.missing_go_to_left).astype(bool)
    return Tree(
        feature=np.where(is_leaf, LEAF, np.asarray(grown.feature, np.int64)),
        threshold=np.asarray(grown.threshold, np.float64),
        mode=Mode.LEQ,
        true=left,
        false=np.asarray(grown.children_right, np.int64),
        missing_true=missing & ~is_leaf,
        values=np.where(is_leaf[:, None], values, 0.0),
    )


def forest(members: list[Any], features: int, output: int | None = None) -> Ensemble:
    """Trees or the members of a forest.

    Args:
        members: fitted decision trees.
        features: how many features one row has.
        output: of a classifier with several outputs, whose probabilities; None for a regressor,
            whose outputs are the targets.
    """
    trees = []
    for member in members:
        grown = member.tree_
        if output is None:
            values = np.asarray(grown.value[:, :, 0], np.float64)
        else:
            classes = int(np.atleast_1d(member.n_classes_)[output])
            values = np.asarray(grown.value[:, output, :classes], np.float64)
        trees.append(tree(grown, values))
    return Ensemble(tuple(trees), features, trees[0].values.shape[1], compares="float32")


def gradient_boosting(estimator: Any) -> Ensemble:
    """GradientBoosting's trees, their leaves scaled by the learning rate; one target a class."""
    stages = estimator.estimators_
    trees = []
    for stage in stages:
        for target, member in enumerate(stage):
            leaves = np.asarray(member.tree_.value[:, 0, 0], np.float64) * estimator.learning_rate
            trees.append(tree(member.tree_, _at(leaves, target, stages.shape[1])))
    return Ensemble(
        tuple(trees), int(estimator.n_features_in_), stages.shape[1], compares="float32"
    )


def hist_gradient_boosting(estimator: Any) -> Ensemble:
    """HistGradientBoosting's trees, which compare doubles.

    Where it has categories, its own encoder puts them before all other features and turns them
    into codes (`_preprocessor`); the ensemble's features are the encoder's columns.
    """
    targets = int(estimator.n_trees_per_iteration_)
    trees = []
    for stage in estimator._predictors:
        for target, member in enumerate(stage):
            trees.append(_hist_tree(member, target, targets))
    remapped = estimator._is_categorical_remapped
    coded = [] if remapped is None else np.flatnonzero(remapped).tolist()
    return Ensemble(
        tuple(trees),
        int(estimator.n_features_in_),
        targets,
        categories={feature: Category(Key.SAME) for feature in coded},
    )


def _hist_tree(member: Any, target: int, targets: int) -> Tree:
    nodes = member.nodes
    is_leaf: Bools = nodes["is_leaf"].astype(bool)
    left: Ints = nodes["left"].astype(np.int64)
    by_set = nodes["is_categorical"].astype(bool) & ~is_leaf
    return Tree(
        feature=np.where(is_leaf, LEAF, nodes["feature_idx"].astype(np.int64)),
        threshold=np.where(by_set | is_leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
        mode=Mode.LEQ,
        true=left,
        false=nodes["right"].astype(np.int64),
        missing_true=nodes["missing_go_to_left"].astype(bool) & ~is_leaf,
        values=np.where(is_leaf[:, None], _at(nodes["value"], target, targets), 0.0),
        members={
            int(node): _bits(member.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
            for node in np.flatnonzero(by_set)
        },
    )


def _bits(words: npt.NDArray[np.uint32]) -> Ints:
    """The numbers of the bits that are set in 32-bit words, lowest first."""
    octets = np.ascontiguousarray(words, "<u4").view(np.uint8)
    return np.flatnonzero(np.unpackbits(octets, bitorder="little")).astype(np.int64)


def _at(leaves: npt.NDArray[Any], target: int, targets: int) -> Floats:
    values = np.zeros((len(leaves), targets))
    values[:, target] = leaves
    return values


def isolation(estimator: Any) -> tuple[Ensemble, float]:
    """An IsolationForest's depths as leaves, and what their sum is divided by.

    A leaf counts its depth and the average path below it, less one
    (sklearn/ensemble/_iforest.py, `_parallel_compute_tree_depths`).
    """
    from sklearn.ensemble._iforest import _average_path_length

    trees = []
    parts = zip(
        estimator.estimators_,
        estimator.estimators_features_,
        estimator._decision_path_lengths,
        estimator._average_path_length_per_tree,
        strict=True,
    )
    for member, features, depths, below in parts:
        leaves = np.asarray(depths, np.float64) + np.asarray(below, np.float64) - 1.0
        one = tree(member.tree_, leaves[:, None])
        chosen = np.asarray(features, np.int64)[np.maximum(one.feature, 0)]
        trees.append(replace(one, feature=np.where(one.feature == LEAF, LEAF, chosen)))
    average = float(_average_path_length(np.array([estimator._max_samples]))[0])
    ensemble = Ensemble(tuple(trees), int(estimator.n_features_in_), 1, compares="float32")
    return ensemble, len(trees) * average


def check(part: Any) -> None:
    """See that a tree, or an ensemble of trees, asks only for what is there.

    scikit-learn does not look: it follows a tree's links through memory, and reads as many
    features of a row as its ensemble has, whatever its trees ask for.

    Args:
        part: any object of scikit-learn's; what is no tree and has none is passed over.

    Raises:
        Refused: `model_unreadable`.
    """
    if type(part).__name__ == "Tree" and type(part).__module__ == "sklearn.tree._tree":
        left = np.asarray(part.children_left, np.int64)
        right = np.asarray(part.children_right, np.int64)
        asked = np.asarray(part.feature, np.int64)
        links.check(np.where(left == -1, LEAF, asked), left, right, int(part.n_features))
        return
    told = getattr(part, "__dict__", {})
    if "_predictors" in told and "_bin_mapper" in told:
        _check_hist(told)
        return
    width = told.get("n_features_in_")
    grown = [told["tree_"]] if "tree_" in told else _grown(told.get("estimators_", []))
    widths = [width] * len(grown)
    if len(chosen := told.get("estimators_features_", ())) == len(grown):
        widths = [len(features) for features in chosen]
    if any(
        there is not None and there != one.n_features
        for there, one in zip(widths, grown, strict=True)
    ):
        raise links.damaged("a tree asks for features that the model does not have")


def _grown(members: Any) -> list[Any]:
    """The trees of an ensemble's members, where all of them are trees."""
    # Not through numpy: a member that is an ensemble itself looks like a sequence to it.
    flat = members.ravel().tolist() if isinstance(members, np.ndarray) else members
    grown = [getattr(member, "tree_", None) for member in flat if isinstance(flat, list)]
    return [] if None in grown else grown


def _check_hist(told: dict[str, Any]) -> None:
    """The same of HistGradientBoosting, whose sets of categories lie beside its nodes."""
    features = int(told["n_features_in_"])
    by_category = np.asarray(told["_bin_mapper"].is_categorical_).astype(bool)
    for member in [member for stage in told["_predictors"] for member in stage]:
        nodes = member.nodes
        inner = ~nodes["is_leaf"].astype(bool)
        asked = np.where(inner, nodes["feature_idx"].astype(np.int64), LEAF)
        links.check(
            asked, nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), features
        )
        sets = nodes[inner & nodes["is_categorical"].astype(bool)]
        if not len(sets):
            continue
        if sets["bitset_idx"].max() >= len(member.raw_left_cat_bitsets):
            raise links.damaged("a tree names sets of categories that it does not have")
        if not by_category[sets["feature_idx"].astype(np.int64)].all():
            raise links.damaged("a tree asks for categories of a feature that has none")
