"""A graph's inputs and outputs as a bundle can feed them: a free batch, types that Java has."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from onnx import TensorProto as Type
from onnx import helper

# Element types that rows and Java do not have → the wider one that carries them exactly.
WIDER = {
    Type.FLOAT16: Type.FLOAT,
    Type.BFLOAT16: Type.FLOAT,
    Type.INT8: Type.INT32,
    Type.INT16: Type.INT32,
    Type.UINT8: Type.INT32,
    Type.UINT16: Type.INT32,
    Type.UINT32: Type.INT64,
}
BATCH = "N"


def free_batch(model: onnx.ModelProto) -> None:
    """Let the first axis of every input and output be any number of rows."""
    constants = {one.name for one in model.graph.initializer}
    for port in [*model.graph.input, *model.graph.output]:
        shape = port.type.tensor_type.shape
        if port.name not in constants and shape.dim:
            shape.dim[0].Clear()
            shape.dim[0].dim_param = BATCH
    del model.graph.value_info[:]


def name_batch(model: onnx.ModelProto) -> None:
    """Call the free first axis of every input and output alike."""
    constants = {one.name for one in model.graph.initializer}
    for port in [*model.graph.input, *model.graph.output]:
        shape = port.type.tensor_type.shape
        if port.name in constants or not shape.dim or shape.dim[0].HasField("dim_value"):
            continue
        shape.dim[0].dim_param = BATCH


def widen(model: onnx.ModelProto) -> list[str]:
    """Put casts behind inputs and outputs of types that rows do not have; the names of those."""
    changed = []
    constants = {one.name for one in model.graph.initializer}
    for port in model.graph.input:
        kind = port.type.tensor_type.elem_type
        if port.name in constants or kind not in WIDER:
            continue
        inner = _fresh(model, port.name)
        _rename_reads(model.graph, port.name, inner)
        _first(model, helper.make_node("Cast", [port.name], [inner], to=kind))
        port.type.tensor_type.elem_type = WIDER[kind]
        changed.append(port.name)
    for port in model.graph.output:
        kind = port.type.tensor_type.elem_type
        if kind not in WIDER:
            continue
        inner = _fresh(model, port.name)
        _rename_writes(model.graph, port.name, inner)
        model.graph.node.append(helper.make_node("Cast", [inner], [port.name], to=WIDER[kind]))
        port.type.tensor_type.elem_type = WIDER[kind]
        changed.append(port.name)
    return changed


def columns(model: onnx.ModelProto, names: Iterable[str]) -> None:
    """Let inputs that take one number a row, [N], be fed as columns, [N, 1]."""
    for port in model.graph.input:
        if port.name not in names:
            continue
        inner = _fresh(model, port.name)
        _rename_reads(model.graph, port.name, inner)
        flat = _fresh(model, f"{port.name}_shape")
        model.graph.initializer.append(helper.make_tensor(flat, Type.INT64, [1], [-1]))
        _first(model, helper.make_node("Reshape", [port.name, flat], [inner]))
        port.type.tensor_type.shape.dim.add().dim_value = 1


def _first(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    """Put a node before all others: graphs are written in the order of computation."""
    rest = list(model.graph.node)
    copies = [onnx.NodeProto.FromString(one.SerializeToString()) for one in rest]
    del model.graph.node[:]
    model.graph.node.extend([node, *copies])


def _fresh(model: onnx.ModelProto, name: str) -> str:
    taken = {port.name for port in [*model.graph.input, *model.graph.output]}
    taken |= {out for node in model.graph.node for out in [*node.output, *node.input]}
    taken |= {one.name for one in model.graph.initializer}
    made = f"{name}_as_given"
    while made in taken:
        made += "_"
    return made


def _rename_reads(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                if old not in {port.name for port in inner.input}:
                    _rename_reads(inner, old, new)


def _rename_writes(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for i, name in enumerate(node.output):
            if name == old:
                node.output[i] = new
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
