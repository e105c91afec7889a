"""Trees as numbers of leaves: for leaves that hold formulas, or a value for each of many targets.

A leaf of ONNX adds one number to one target. So here every tree is a target of its own, and each
leaf adds its own number; what the leaf says is then looked up in a table, [leaves, what it says].
"""

from __future__ import annotations

import numpy as np

from converters.onnx_graph.graph import ML, ML_OPSET_TREES, Graph, Value
from converters.trees.form import LEAF, Ensemble, Floats, Formula, Ints, Tree
from converters.trees.keys import keyed
from converters.trees.nodes import Nodes

# How many looked up numbers of one row are held at once.
AT_ONCE = 10_000


def worth_sharing(ensemble: Ensemble) -> bool:
    """Whether trees add to several targets, and so would have to be repeated.

    Measured on forests of 3 to 10 classes: a table takes half to a third of the bytes and, at 1024
    rows, half to a tenth of the time.
    """
    used = sum(int(np.count_nonzero(tree.values.any(axis=0))) for tree in ensemble.trees)
    return used > len(ensemble.trees)


def shared(graph: Graph, row: Value, ensemble: Ensemble, dtype: str) -> Value:
    """Each target's sum, from a table of the leaves' values; [N, targets] in this dtype.

    The looked up values of so many trees at once are added that a row takes little memory.
    """
    table = np.concatenate([tree.values[tree.feature == LEAF] for tree in ensemble.trees])
    ended = places(graph, row, ensemble)
    axes = graph.const([1], "int64")
    values = graph.const(table, dtype)
    at_once = max(1, AT_ONCE // ensemble.targets)
    total: Value | None = None
    for first in range(0, len(ensemble.trees), at_once):
        some = list(range(first, min(first + at_once, len(ensemble.trees))))
        told = graph.op(
            "Gather", [values, graph.take(ended, some)], dtype, ensemble.targets, axis=0
        )
        part = graph.op("ReduceSum", [told, axes], dtype, ensemble.targets, keepdims=0)
        total = part if total is None else graph.binary("Add", total, part)
    assert total is not None  # noqa: S101 - worth_sharing saw trees; narrows the type
    return total


def formulas(graph: Graph, row: Value, ensemble: Ensemble) -> Value:
    """Each target's sum of linear leaves, in double; [N, targets].

    A leaf's formula names at most `most` features: their places and coefficients are looked up,
    and the places behind them point at a column of zeros.
    """
    width = row.width
    constants, plain, features, factors = _tables(ensemble, width)
    ended = places(graph, row, ensemble)
    row = graph.cast(row, "float64")
    padded = graph.concat([row, _zero(graph, row)])
    most, trees = features.shape[1], len(ensemble.trees)
    chosen = graph.op("Gather", [graph.const(features), ended], "int64", most)
    flat = graph.op("Reshape", [chosen, graph.const([0, -1], "int64")], "int64", trees * most)
    seen = graph.op("GatherElements", [padded, flat], "float64", trees * most, axis=1)
    shape = graph.const([0, trees, most], "int64")
    seen = graph.op("Reshape", [seen, shape], "float64", most)
    factor = graph.op("Gather", [graph.const(factors), ended], "float64", most)
    product = graph.op("Mul", [seen, factor], "float64", most)
    last = graph.const([2], "int64")
    grown = graph.op("ReduceSum", [product, last], "float64", trees, keepdims=0)
    constant = graph.op("Gather", [graph.const(constants), ended], "float64", trees)
    value = graph.op("Add", [constant, grown], "float64", trees)
    missing = graph.cast(graph.op("IsNaN", [seen], "bool", most), "float32")
    missing = graph.op("ReduceMax", [missing, last], "float32", trees, keepdims=0)
    fallback = graph.op("Gather", [graph.const(plain), ended], "float64", trees)
    value = graph.where(graph.cast(missing, "bool"), fallback, value, value)
    return _summed(graph, value, ensemble)


def _zero(graph: Graph, row: Value) -> Value:
    """[N, 1] zeros."""
    first = graph.op("IsNaN", [graph.take(row, [0])], "bool", 1)
    return graph.cast(
        graph.op("And", [first, graph.const(np.array([[False]]))], "bool", 1), "float64"
    )


def _summed(graph: Graph, value: Value, ensemble: Ensemble) -> Value:
    """[N, trees] to [N, targets]: the trees of each target added."""
    targets = [_target(tree) for tree in ensemble.trees]
    axes = graph.const([1], "int64")
    parts = []
    for target in range(ensemble.targets):
        own = [place for place, its in enumerate(targets) if its == target]
        part = graph.take(value, own)
        parts.append(graph.op("ReduceSum", [part, axes], "float64", 1, keepdims=1))
    return graph.concat(parts)


def _target(tree: Tree) -> int:
    if tree.formulas:
        return next(iter(tree.formulas.values())).target
    used = np.flatnonzero(tree.values.any(axis=0))
    return int(used[0]) if len(used) else 0


def _tables(ensemble: Ensemble, width: int) -> tuple[Floats, Floats, Ints, Floats]:
    """Per leaf: constant, plain value, and its features and coefficients, padded."""
    told: list[Formula] = []
    plain: list[float] = []
    for tree in ensemble.trees:
        target = _target(tree)
        for leaf in np.flatnonzero(tree.feature == LEAF).tolist():
            value = float(tree.values[leaf, target])
            told.append(tree.formulas.get(leaf, Formula((), (), value)))
            plain.append(value)
    most = max(1, *(len(formula.features) for formula in told))
    features = np.full((len(told), most), width, np.int64)
    factors = np.zeros((len(told), most))
    for place, formula in enumerate(told):
        features[place, : len(formula.features)] = formula.features
        factors[place, : len(formula.features)] = formula.coefficients
    return np.array([f.constant for f in told]), np.array(plain), features, factors


def places(graph: Graph, row: Value, ensemble: Ensemble) -> Value:
    """[N, trees] the leaf at which each row ends, counted through all trees, as int64."""
    count = sum(int(np.count_nonzero(tree.feature == LEAF)) for tree in ensemble.trees)
    narrow = ensemble.compares == "float32" and count < 2**24
    dtype = "float32" if narrow else "float64"
    row, columns = keyed(graph, graph.cast(row, dtype), ensemble)
    nodes = Nodes(dtype, columns)
    first = 0
    for target, tree in enumerate(ensemble.trees):
        own = int(np.count_nonzero(tree.feature == LEAF))
        nodes.add(tree, np.arange(first, first + own, dtype=np.float64), target)
        first += own
    trees = len(ensemble.trees)
    found = graph.op("TreeEnsemble", [row], dtype, trees, domain=ML, **nodes.attributes(trees))
    graph.ml_opset = ML_OPSET_TREES
    return graph.cast(found, "int64")
