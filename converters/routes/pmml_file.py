"""What our own PMML routes share: from a loaded model, through the emitters, to a document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.catalog import TARGETS
from converters.contract import Options, Output, OutputKind, Request
from converters.errors import Refused
from converters.onnx_graph import compose, inputs, nullable
from converters.onnx_graph.graph import NULL_TEXT, Graph, Value
from converters.onnx_graph.outputs import outputs_of
from converters.pmml_document import compile as compiler
from converters.pmml_document.cells import TYPES, Cell
from converters.pmml_document.compile import Program
from converters.pmml_document.document import DataField, OutputField, written
from converters.routes.converted import Converted
from converters.sampling import feeding
from converters.sources.loaded import Loaded
from converters.targets.pmml_fields import answer_fields, tensor_fields

FILE = next(target.file for target in TARGETS if target.name == "pmml")
# JPMML's integers are Java's.
LARGEST_INTEGER = 2**31 - 1


def write(model: Loaded, request: Request, folder: Path) -> Converted:
    """Convert a model to `model.pmml` in `folder`.

    Raises:
        Refused: by name, for what no emitter writes, and what `pmml_document` refuses.
    """
    graph = Graph(empty_text=nullable.null_text(model), null_text=NULL_TEXT)
    graph.sparse_fed = feeding.sparse_fed(model)
    declared, frame = inputs.declare(graph, model.signature, Options(inputs="columns"))
    if model.signature.tensor is None:
        inputs.check_width(model.estimator, frame)
    try:
        answer = compose.predicted(graph, model.estimator, frame)
    except Refused as refusal:
        raise _for_pmml(refusal) from refusal
    if borrowed := [reason for reason in graph.inexact if "skl2onnx" in reason]:
        name = borrowed[0].partition(" ")[0]
        raise Refused("not_in_pmml", f"{name} cannot be written in PMML; export to ONNX.")
    if graph.wraps:
        raise Refused(
            "not_in_pmml",
            f"The model computes with `{graph.wraps[0]}` in whole numbers, which wrap around where "
            "they get too large; PMML's do not. Train it with such columns as doubles "
            '(`astype("float64")`), or export to ONNX.',
        )
    program = Program()
    fields, given = _fields(program, graph, model)
    compiler.compiled(graph, given, program)
    outputs = outputs_of(answer, [field.name for field in fields])
    _check_labels(outputs)
    told = [
        field
        for output, one in zip(outputs, answer.answers, strict=True)
        for field in _answered(output, compiler.of(program, one.value))
    ]
    document = written(fields, told, program)
    (folder / FILE).write_text(document, encoding="utf-8", newline="\n")
    if any(value.dtype == "float32" for value in graph.inputs):
        graph.inexact.append("the model takes float32 inputs")
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=nullable.probed(model, declared, outputs),
        outputs=outputs,
        exact=not graph.inexact,
        facts={
            "converter": "crossport",
            "pmml": "4.4",
            "precision": "float32" if graph.inexact else "float64",
        },
        notes=list(dict.fromkeys(graph.notes)),
    )


def _check_labels(outputs: list[Output]) -> None:
    """See that a double holds each label, since PMML's own integers are of 32 bits.

    Raises:
        Refused: `not_in_pmml`.
    """
    for output in outputs:
        large = [v for v in output.classes if isinstance(v, int) and int(float(v)) != v]
        if large:
            raise Refused(
                "not_in_pmml",
                f"The class {large[0]} is a whole number that no double holds, and PMML would "
                "round it; export to ONNX, or name the classes by text or smaller numbers.",
            )


def _for_pmml(refusal: Refused) -> Refused:
    """An emitter's refusal, in whose sentence ONNX is named and a library's reason quoted."""
    sentence = refusal.sentence
    if refusal.code == "no_converter":
        sentence = re.sub(r" \(.*\)", "", sentence)
    return Refused(refusal.code, sentence.replace("ONNX", "PMML"))


def _fields(
    program: Program, graph: Graph, model: Loaded
) -> tuple[list[DataField], dict[str, npt.NDArray[Any]]]:
    """The document's fields, and the cells of each of the graph's inputs."""
    fields: list[DataField] = []
    given: dict[str, npt.NDArray[Any]] = {}
    for value in graph.inputs:
        names = [value.name] if model.signature.tensor is None else tensor_fields(value.width)
        row = np.empty((1, value.width), dtype=object)
        row[0] = [_field(program, value, name) for name in names]
        given[value.name] = row
        fields += [DataField(name, TYPES[value.dtype]) for name in names]
    return fields, given


def _field(program: Program, value: Value, name: str) -> Cell:
    may_miss = value.dtype in ("float32", "float64", "string")
    return program.cells.field(name, TYPES[value.dtype], may_miss)


def _answered(output: Output, cells: list[Cell]) -> list[OutputField]:
    dtype = TYPES[output.dtype]
    whole = [value for value in output.classes if isinstance(value, int)]
    small = all(abs(value) <= LARGEST_INTEGER for value in whole)
    if output.kind is OutputKind.LABEL and output.dtype == "int64" and small:
        dtype = "integer"
    return [
        OutputField(name, cell, dtype)
        for name, cell in zip(answer_fields(output), cells, strict=True)
    ]
