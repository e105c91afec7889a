"""Reads Spark ML's trees, as Spark itself saves them: one row a node, in a table."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.trees.form import LEAF, Category, Ensemble, Floats, Key, Mode, Tree

# What a leaf adds, from its prediction and its class counts.
Leaf = Callable[[float, Floats], Floats]


def tables(model: Any) -> tuple[list[list[Any]], list[float]]:
    """The nodes of each tree in the order of their ids, and each tree's weight.

    The model is saved again, so that there is one layout whatever release saved it first.
    """
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is None:
        raise RuntimeError("no Spark session")
    with tempfile.TemporaryDirectory(prefix="trees-") as scratch:
        place = Path(scratch) / "model"
        model.write().save(str(place))
        rows = session.read.parquet(str(place / "data")).collect()
        grown: dict[int, list[Any]] = defaultdict(list)
        if "nodeData" not in rows[0].asDict():
            grown[0] = list(rows)
            weights = {0: 1.0}
        else:
            for row in rows:
                grown[int(row["treeID"])].append(row["nodeData"])
            told = session.read.parquet(str(place / "treesMetadata")).collect()
            weights = {int(row[0]): float(row[2]) for row in told}
    order = sorted(grown)
    return [sorted(grown[i], key=lambda row: row["id"]) for i in order], [weights[i] for i in order]


def ensemble(
    trees: Sequence[Sequence[Any]], leaves: Sequence[Leaf], features: int, targets: int
) -> Ensemble:
    """The trees in the common form.

    A number goes left where it is at most the threshold, so NaN goes right. A category goes by a
    set, and one that the set does not name by the set's own rule (org.apache.spark.ml.tree.Split).
    """
    categories: dict[int, Category] = {}
    read = []
    for nodes, leaf in zip(trees, leaves, strict=True):
        read.append(_tree(nodes, leaf, targets, categories))
    return Ensemble(tuple(read), features, targets, categories=categories)


def _tree(nodes: Sequence[Any], leaf: Leaf, targets: int, categories: dict[int, Category]) -> Tree:
    place = {int(node["id"]): i for i, node in enumerate(nodes)}
    count = len(nodes)
    feature = np.full(count, LEAF, np.int64)
    threshold, values = np.zeros(count), np.zeros((count, targets))
    true, false = np.zeros(count, np.int64), np.zeros(count, np.int64)
    members = {}
    for i, node in enumerate(nodes):
        if int(node["leftChild"]) < 0:
            stats = np.asarray(node["impurityStats"], np.float64)
            values[i] = leaf(float(node["prediction"]), stats)
            continue
        split = node["split"]
        told = np.asarray(split["leftCategoriesOrThreshold"], np.float64)
        number = int(split["numCategories"])
        feature[i] = int(split["featureIndex"])
        true[i], false[i] = place[int(node["leftChild"])], place[int(node["rightChild"])]
        if number < 0:
            threshold[i] = told[0]
            continue
        categories[int(feature[i])] = Category(Key.SAME)
        members[i] = np.sort(told).astype(np.int64)
        if len(told) > number / 2:
            # Spark keeps the smaller side: whoever is not among the right ones goes left.
            members[i] = np.setdiff1d(np.arange(number), told.astype(np.int64))
            true[i], false[i] = false[i], true[i]
    nowhere = np.zeros(count, np.bool_)
    return Tree(feature, threshold, Mode.LEQ, true, false, nowhere, values, members)
