"""H2O's gradient boosting, random and isolation forests, as genmodel adds and links their trees."""

from __future__ import annotations

import numpy as np

from converters.onnx_graph.formula import Formula
from converters.onnx_graph.h2o import (
    Row,
    algorithm,
    classified,
    exponential,
    scored,
    unwritten,
    valued,
)
from converters.onnx_graph.linear import softmax
from converters.onnx_graph.registry import Predicted
from converters.trees import h2o as reader
from converters.trees.onnx import emit

BINARY = ("bernoulli", "quasibinomial", "modified_huber")


def _sums(row: Row) -> Formula:
    """Each target's sum of leaves, [N, trees a round]."""
    archive = row.archive
    ensemble = reader.ensemble(
        archive.trees,
        len(archive.columns),
        int(archive.number("n_trees_per_class")),
        row.levels,
        row.categories,
        archive.order,
    )
    return Formula(row.graph, emit(row.graph, row.block, ensemble))


def _mean(row: Row, total: Formula) -> Formula:
    return total / np.full((1, total.value.width), row.archive.number("n_trees"))


def _unlinked(row: Row, margin: Formula) -> Formula:
    link = row.archive.info.get("link_function", "identity")
    if link == "identity":
        return margin
    if link == "log":
        return exponential(margin)
    if link == "logit":
        return 1.0 / (exponential(-margin) + 1.0)
    raise unwritten(f"the link {link}")


@algorithm("gbm")
def boosted(row: Row) -> Predicted:
    """Gradient boosting.

    Raises:
        Refused: `no_converter` for a distribution of the owner's own.
    """
    family = row.archive.info["distribution"]
    if family == "custom":
        raise unwritten("a distribution of your own", "Train it with one of H2O's.")
    total, first = _sums(row), row.archive.number("init_f")
    if family in BINARY:
        second = _unlinked(row, total + first)
        return classified(row, _two(row, 1.0 - second, second))
    if family != "multinomial":
        return valued(row, _unlinked(row, total + first).value)
    if len(row.classes) == 2:
        total = total + first
        total = _two(row, total, -total)
    return classified(row, Formula(row.graph, softmax(row.graph, total.value)))


@algorithm("drf")
def forest(row: Row) -> Predicted:
    """A random forest: the mean of its trees, or each class's share of the votes."""
    total = _sums(row)
    if not row.classes:
        return valued(row, _mean(row, total).value)
    if len(row.classes) == 2 and not row.archive.flag("binomial_double_trees"):
        first = _mean(row, total)
        return classified(row, _two(row, first, 1.0 - first))
    votes = total.reduce("ReduceSum")
    return classified(row, total / (votes > 0.0).where(votes, np.ones((1, 1))))


@algorithm("isolationforest")
def isolation(row: Row) -> Predicted:
    """An anomaly's score between the shortest and the longest path, and the mean path."""
    total = _sums(row)
    shortest, longest = (row.archive.number(f"{end}_path_length") for end in ("min", "max"))
    score = total * 0.0 + 1.0
    if longest > shortest:
        score = (longest - total) / np.full((1, 1), longest - shortest)
    return scored(row, score, _mean(row, total))


def _two(row: Row, first: Formula, second: Formula) -> Formula:
    return Formula(row.graph, row.graph.concat([first.value, second.value]))
