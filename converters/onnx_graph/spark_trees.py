"""Spark ML's trees, forests and boosted trees, on our exact ensembles."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph.formula import Formula
from converters.onnx_graph.graph import Value
from converters.onnx_graph.spark_columns import Table
from converters.onnx_graph.spark_models import classified, features, model, regressed, two
from converters.trees import spark as reader
from converters.trees.form import Ensemble, Floats, keys, thresholds
from converters.trees.onnx import emit


def _emitted(
    table: Table, stage: Any, leaves: list[reader.Leaf], nodes: Any, targets: int
) -> Value:
    column = features(table, stage)
    ensemble = reader.ensemble(nodes, leaves, column.width, targets)
    _tell(table, column.traced(), ensemble)
    return emit(table.graph, column.value, ensemble)


def _tell(table: Table, traces: Any, ensemble: Ensemble) -> None:
    points: list[Any] = [()] * ensemble.features
    for feature, values in thresholds(ensemble).items():
        points[feature] = values
    for feature, numbers in keys(ensemble).items():
        points[feature] = np.concatenate([numbers, numbers + 0.5])
    table.hints.add(traces, points)


def _predicted(weight: float) -> reader.Leaf:
    """A regression tree's leaf, times the tree's weight."""
    return lambda prediction, stats: np.array([prediction * weight])


def _counts(prediction: float, stats: Floats) -> Floats:
    """How many training rows of each class ended in a leaf."""
    return stats


def _shares(prediction: float, stats: Floats) -> Floats:
    """Each class's share of a leaf."""
    total = stats.sum()
    return stats / total if total != 0.0 else stats


def _over_sum(table: Table, raw: Value) -> Value:
    """Divided by the sum of the row; as it is where that is 0."""
    value = Formula(table.graph, raw)
    total = value.reduce("ReduceSum")
    return (value / total.equals(0.0).where(1.0, total)).value


@model("DecisionTreeClassificationModel", "RandomForestClassificationModel")
def forest_classifier(table: Table, stage: Any) -> None:
    """A tree's counts, or the sum of the trees' shares; over their sum they are probabilities."""
    nodes, _ = reader.tables(stage)
    leaf = _shares if hasattr(stage, "treeWeights") else _counts
    raw = _emitted(table, stage, [leaf] * len(nodes), nodes, int(stage.numClasses))
    classified(table, stage, raw, _over_sum(table, raw))


@model("DecisionTreeRegressionModel")
def tree_regressor(table: Table, stage: Any) -> None:
    """The leaf's prediction."""
    nodes, _ = reader.tables(stage)
    regressed(table, stage, _emitted(table, stage, [_predicted(1.0)], nodes, 1))


@model("RandomForestRegressionModel")
def forest_regressor(table: Table, stage: Any) -> None:
    """The mean of the trees."""
    nodes, _ = reader.tables(stage)
    total = _emitted(table, stage, [_predicted(1.0)] * len(nodes), nodes, 1)
    regressed(table, stage, (Formula(table.graph, total) / float(len(nodes))).value)


@model("GBTRegressionModel")
def boosted_regressor(table: Table, stage: Any) -> None:
    """The trees' weighted sum."""
    nodes, weights = reader.tables(stage)
    leaves = [_predicted(weight) for weight in weights]
    regressed(table, stage, _emitted(table, stage, leaves, nodes, 1))


@model("GBTClassificationModel")
def boosted_classifier(table: Table, stage: Any) -> None:
    """The sign of the trees' weighted sum; logistic of twice the sum."""
    graph = table.graph
    nodes, weights = reader.tables(stage)
    leaves = [_predicted(weight) for weight in weights]
    score = Formula(graph, _emitted(table, stage, leaves, nodes, 1))
    below = 1.0 / ((score * 2.0).call("Exp") + 1.0)
    probability = graph.concat([below.value, (1.0 - below).value])
    classified(table, stage, two(graph, score), probability)
