"""PyTorch modules as ONNX: the exporter on torch.export first, the one on TorchScript behind it.

The second one records what one run does, so a branch that depends on the data would be lost
without a word. It is therefore given only what cannot hide one: a compiled script, which keeps its
branches, or a graph that torch.export has captured, which has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import onnx
import torch

from converters.sources.loaded import Loaded
from converters.sources.torch_files import SCRIPT
from converters.torch_export import division, scripts
from converters.torch_export.attempts import Attempt, Failure, refusal, tried
from converters.torch_export.flat import Flat, Interface


@dataclass
class Exported:
    """An ONNX model, how it was made, and what did not work before that."""

    model: Any
    exporter: str
    failed: list[Failure] = field(default_factory=list)


def export(model: Loaded, face: Interface, opset: int) -> Exported:
    """The module as an ONNX model with the interface's names and a free batch.

    Raises:
        Refused: `data_dependent` where forward chooses by its data, `not_exportable` for all else
            that no exporter takes.
    """
    flat = Flat(model.estimator, model.signature)
    failed: list[Failure] = []
    for name, attempt in _attempts(model, flat, face, opset, failed):
        made = tried(name, partial(_cleaned, attempt, face), failed)
        if made is not None:
            return Exported(made, name, failed)
    raise refusal(failed)


def _attempts(
    model: Loaded, flat: Flat, face: Interface, opset: int, failed: list[Failure]
) -> Iterator[tuple[str, Attempt]]:
    if model.estimator.kind == SCRIPT:
        division.refuse(model.estimator.module)
        yield "legacy, from TorchScript", partial(scripts.onnx_of, flat, face, opset)
        return
    for strict in (False, True):
        program = tried("torch.export", partial(_captured, flat, face, strict), failed)
        if program is not None:
            yield "dynamo", partial(_dynamo, program, face, opset)
            yield "legacy, from torch.export", partial(_legacy, program.module(), face, opset)
    scripted = tried("torch.jit.script", partial(torch.jit.script, model.estimator.module), failed)
    if scripted is not None:
        division.refuse(scripted)
        flat.inner = scripted
        yield "legacy, from torch.jit.script", partial(scripts.onnx_of, flat, face, opset)


def _captured(module: Any, face: Interface, strict: bool) -> Any:
    return division.exact(captured(module, face, strict))


def captured(module: Any, face: Interface, strict: bool = False) -> Any:
    """The module's graph as torch.export has it, with a free batch, whatever its data."""
    free = torch.export.Dim.DYNAMIC
    shapes = tuple(dict.fromkeys((0, *axes), free) for axes in face.free)
    return torch.export.export(module, tuple(face.values), dynamic_shapes=(shapes,), strict=strict)


def _dynamo(program: Any, face: Interface, opset: int) -> Any:
    made = torch.onnx.export(
        program,
        (),
        dynamo=True,
        input_names=face.input_names,
        output_names=face.output_names,
        opset_version=opset,
        verbose=False,
    )
    return made.model_proto


def _legacy(module: Any, face: Interface, opset: int) -> Any:
    axes = dict(zip(face.input_names, face.free, strict=True))
    return scripts.traced(module, face.values, axes, face.output_names, opset)


def _cleaned(attempt: Attempt, face: Interface) -> Any:
    """The model without the exporting machine's paths and code, and with every declared input."""
    made = attempt()
    for graph in [made.graph, *made.functions]:
        _strip(graph)
    made.doc_string = ""
    del made.metadata_props[:]
    _check_outputs(made, face)
    present = {value.name for value in made.graph.input}
    initial = {value.name for value in made.graph.initializer}
    for item, value in zip(face.inputs, face.values, strict=True):
        if item.name not in present and item.name not in initial:
            kind = onnx.helper.np_dtype_to_tensor_dtype(value.numpy().dtype)
            info = onnx.helper.make_tensor_value_info(
                item.name, kind, [scripts.BATCH, *list(value.shape[1:])]
            )
            made.graph.input.append(info)
    return made


def _check_outputs(made: Any, face: Interface) -> None:
    found = [value.name for value in made.graph.output]
    if found != face.output_names:
        raise ValueError(f"the exporter wrote the outputs {found}, not {face.output_names}")


def _strip(graph: Any) -> None:
    graph.doc_string = ""
    del graph.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                _strip(inner)
    for value in getattr(graph, "value_info", []):
        value.doc_string = ""
        del value.metadata_props[:]
    for side in ("input", "output"):
        for value in getattr(graph, side):
            if not isinstance(value, str):
                value.doc_string = ""
                del value.metadata_props[:]
