"""Writes an ensemble as PMML: one MiningModel a target, that sums one TreeModel a tree.

A node holds one element: the branch that its comparison chooses is a child, and all else is the
next sibling, so that a missing value, for which no comparison holds, goes the other way. The last
way is the parent's own score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from converters.pmml_document.formulas import number, text
from converters.trees.form import LEAF, Ensemble, Mode, Tree

OPERATORS = {
    (Mode.LEQ, True): "lessOrEqual",
    (Mode.LEQ, False): "greaterThan",
    (Mode.LT, True): "lessThan",
    (Mode.LT, False): "greaterOrEqual",
}
DTYPES = {"float64": "double", "float32": "float"}


def used(ensemble: Ensemble) -> list[int]:
    """The features that some tree compares, sorted."""
    found = [np.unique(tree.feature[tree.feature != LEAF]) for tree in ensemble.trees]
    return [int(one) for one in np.unique(np.concatenate([np.zeros(0, np.int64), *found]))]


def model(ensemble: Ensemble, target: int, names: Mapping[int, str], output: str) -> str:
    """The MiningModel of one target, to which some tree adds.

    Args:
        names: the fields that hold the used features, of the dtype of `ensemble.compares`.
        output: the name of the field that gives the sum.
    """
    dtype = DTYPES[ensemble.sums]
    context = ' x-mathContext="float"' if dtype == "float" else ""
    mine = [tree for tree in ensemble.trees if np.any(tree.values[:, target] != 0.0)]
    needed = used(replace(ensemble, trees=tuple(mine)))
    trees = [
        f'<Segment id="{place}"><True/>{_tree_model(tree, target, names, ensemble, context)}'
        "</Segment>"
        for place, tree in enumerate(mine, 1)
    ]
    return (
        f'<MiningModel functionName="regression"{context}>{_schema(names, needed)}'
        f'<Output><OutputField name={text(output)} optype="continuous" dataType="{dtype}" '
        'feature="predictedValue"/></Output>'
        f'<Segmentation multipleModelMethod="sum">{"".join(trees)}</Segmentation></MiningModel>'
    )


def _schema(names: Mapping[int, str], needed: Sequence[int]) -> str:
    fields = dict.fromkeys(names[place] for place in needed)
    inside = "".join(
        f'<MiningField name={text(name)} invalidValueTreatment="asIs"/>' for name in fields
    )
    return f"<MiningSchema>{inside}</MiningSchema>"


def _tree_model(
    tree: Tree, target: int, names: Mapping[int, str], ensemble: Ensemble, context: str
) -> str:
    needed = np.unique(tree.feature[tree.feature != LEAF]).tolist()
    parts: list[str] = []
    scores = [number(value, DTYPES[ensemble.sums]) for value in tree.values[:, target]]
    last = _last(tree)
    parts.append(f'<Node score="{scores[last[0]]}"><True/>')
    # Children still to write, in reverse; None closes a node.
    waiting: list[int | None] = [0]
    while waiting:
        node = waiting.pop()
        if node is None:
            parts.append("</Node>")
            continue
        if tree.feature[node] == LEAF:
            continue
        chosen, other = _ways(tree, node)
        waiting += [other, None, chosen]
        name = text(names[int(tree.feature[node])])
        parts.append(
            f'<Node score="{scores[last[chosen]]}">{_predicate(tree, node, name, ensemble)}'
        )
    parts.append("</Node>")
    return (
        f'<TreeModel functionName="regression" noTrueChildStrategy="returnLastPrediction"{context}>'
        f"{_schema(names, needed)}{''.join(parts)}</TreeModel>"
    )


def _ways(tree: Tree, node: int) -> tuple[int, int]:
    """The child that the node's predicate chooses, and the other, where missing values go."""
    true, false = int(tree.true[node]), int(tree.false[node])
    return (false, true) if tree.missing_true[node] else (true, false)


def _predicate(tree: Tree, node: int, name: str, ensemble: Ensemble) -> str:
    holds = not tree.missing_true[node]
    if node in tree.members:
        keys = tree.members[node].tolist()
        told = " ".join(number(float(key), DTYPES[ensemble.compares]) for key in keys)
        return (
            f'<SimpleSetPredicate field={name} booleanOperator="{"isIn" if holds else "isNotIn"}">'
            f'<Array type="real" n="{len(keys)}">{told}</Array></SimpleSetPredicate>'
        )
    value = number(float(tree.threshold[node]), DTYPES[ensemble.compares])
    comparison = OPERATORS[tree.mode, holds]
    return f'<SimplePredicate field={name} operator="{comparison}" value="{value}"/>'


def _last(tree: Tree) -> npt.NDArray[np.int64]:
    """[nodes] the leaf at which a row ends for which no comparison below the node holds."""
    other = np.where(tree.missing_true, tree.true, tree.false)
    ends = np.where(tree.feature == LEAF, np.arange(len(tree.feature)), other)
    while True:
        further = ends[ends]
        if np.array_equal(further, ends):
            return np.asarray(ends, np.int64)
        ends = further
