"""From a graph of ours to cells and tree ensembles: every emitter serves ONNX and PMML alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper

from converters.errors import Refused
from converters.onnx_graph.graph import Graph, Value
from converters.pmml_document.cells import TYPES, Cell, Cells
from converters.pmml_document.formulas import PREFIX
from converters.pmml_document.operators import OPERATORS
from converters.trees.decoded import decode
from converters.trees.form import LEAF, Ensemble

Array = npt.NDArray[Any]
# Operators that one kind of model alone brings here, told in the words of its owner.
TERMS = {
    "Loop": "A support vector machine with probability=True couples the probabilities of more than "
    "two classes in rounds until they settle, which PMML's formulas do not express; export to "
    "ONNX, or train it with probability=False.",
}


@dataclass
class Summed:
    """One tree ensemble of the document.

    Attributes:
        ensemble: its trees.
        features: [features] the cells that the trees compare.
        outputs: [targets] the cells that its sums are: fields, and constants where no tree adds.
    """

    ensemble: Ensemble
    features: list[Cell]
    outputs: list[Cell]


@dataclass
class Program:
    """What a document computes.

    Attributes:
        cells: makes the cells.
        values: each value of the graph, as an array of cells for one row.
        ensembles: in the order in which they are needed.
    """

    cells: Cells = field(default_factory=Cells)
    values: dict[str, Array] = field(default_factory=dict)
    ensembles: list[Summed] = field(default_factory=list)


def compiled(graph: Graph, inputs: dict[str, Array], program: Program) -> Program:
    """Run a graph on cells.

    Args:
        inputs: the cells of each of the graph's inputs, [1, width].

    Raises:
        Refused: `not_in_pmml` for an operator that formulas do not reach.
    """
    program.values.update(inputs)
    for tensor in graph.initializers.values():
        program.values[tensor.name] = _constants(program.cells, tensor)
    for node in graph.nodes:
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        attributes |= {"op_type": node.op_type, "null_text": graph.null_text}
        given = [program.values[name] if name else np.empty(0, object) for name in node.input]
        if node.op_type == "TreeEnsemble":
            result = _trees(program, attributes, given[0])
        elif node.op_type in OPERATORS:
            try:
                result = OPERATORS[node.op_type](program.cells, attributes, given)
            except ValueError as error:
                raise _unwritten(node.op_type) from error
        else:
            raise _unwritten(node.op_type)
        several = result if isinstance(result, tuple) else (result,)
        program.values.update(zip(node.output, several, strict=False))
    return program


def of(program: Program, value: Value) -> list[Cell]:
    """The cells of one value, one a column."""
    return list(program.values[value.name].ravel())


def _constants(cells: Cells, tensor: Any) -> Array:
    array = numpy_helper.to_array(tensor)
    dtype = TYPES["string" if array.dtype.kind in "OSU" else str(array.dtype)]
    result = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        value = array[place]
        result[place] = cells.constant(value.decode() if isinstance(value, bytes) else value, dtype)
    return result


def _trees(program: Program, attributes: dict[str, Any], row: Array) -> Array:
    ensemble = decode(attributes, row.shape[1])
    number = len(program.ensembles) + 1
    dtype = TYPES[ensemble.sums]
    outputs = []
    for target in range(ensemble.targets):
        ends = _ends(ensemble, target)
        if ends is not None and len(ends) == 1:
            outputs.append(program.cells.constant(next(iter(ends)), dtype))
            continue
        name = f"{PREFIX}trees_{number}_{target + 1}"
        outputs.append(program.cells.field(name, dtype, nullable=False))
        outputs[-1].domain = ends
    program.ensembles.append(Summed(ensemble, list(row[0]), outputs))
    result = np.empty((1, ensemble.targets), dtype=object)
    result[0] = outputs
    return result


def _ends(ensemble: Ensemble, target: int) -> frozenset[float] | None:
    """The values of a sum of one tree: those of its leaves."""
    mine = [tree for tree in ensemble.trees if tree.values[:, target].any()]
    if len(mine) > 1:
        return None
    leaves = mine[0].values[mine[0].feature == LEAF, target] if mine else np.zeros(1)
    return frozenset(leaves.tolist())


def _unwritten(operator: str) -> Refused:
    if operator in TERMS:
        return Refused("not_in_pmml", TERMS[operator])
    return Refused(
        "not_in_pmml",
        f"This model computes something ({operator}) that PMML's formulas do not express; export "
        "to ONNX.",
    )
