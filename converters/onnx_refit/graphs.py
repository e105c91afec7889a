"""Reads an ONNX graph without its large tensors, and what it tells about its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper

from converters.errors import Refused
from converters.quoting import named

# More operators than any network has, and deeper than any graph: a file made to be slow.
MOST_NODES = 500_000
DEEPEST = 60
# A proto of protobuf holds no more than 2 GB.
MOST_BYTES = 2**31 - 1
RESHAPING = ("Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze")
EXTERNAL = onnx.TensorProto.EXTERNAL


def read(path: Path, folder: Path) -> onnx.ModelProto:
    """The graph of a file, its external data left where it is.

    Raises:
        Refused: `model_unreadable` for what is no ONNX, `onnx_data` for data that lies outside of
            `folder` or is missing.
    """
    if path.stat().st_size > MOST_BYTES:
        raise _unreadable(path, "it is larger than 2 GB; save it with external data")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except Exception as error:
        # protobuf's DecodeError has no base of its own; RecursionError is for nested graphs.
        raise _unreadable(path, named(error)) from error
    if not model.graph.node and not model.graph.output:
        raise _unreadable(path, "it holds no graph")
    if sum(1 for _ in nodes(model.graph)) > MOST_NODES:
        raise _unreadable(path, f"it has more than {MOST_NODES} operators")
    if not model.opset_import:
        raise _unreadable(path, "it does not say which opset it is written in")
    for name in data_files(model):
        _check_data(path, folder, name)
    return model


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(
        "model_unreadable",
        f"The model's file {path.name!r} is not an ONNX model that can be read: {why}. Export it "
        "again.",
    )


def _check_data(path: Path, folder: Path, name: str) -> None:
    beside = path.parent / name
    real = beside.resolve()
    if not name or Path(name).is_absolute() or not real.is_relative_to(folder.resolve()):
        raise Refused(
            "onnx_data",
            f"The model keeps its numbers in {name!r}, outside of its folder; save it with "
            "save_as_external_data and a plain file name.",
        )
    if beside.is_symlink() or not real.is_file():
        raise Refused(
            "onnx_data",
            f"The model keeps its numbers in {name!r}, which is not among the version's files. Log "
            "the model again, with its external data beside it.",
        )


def nodes(graph: onnx.GraphProto, depth: int = 0) -> Iterator[onnx.NodeProto]:
    """All operators, those of inner graphs included."""
    if depth > DEEPEST:
        raise Refused("model_unreadable", f"The model's graphs are nested over {DEEPEST} deep.")
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                if inner.node:
                    yield from nodes(inner, depth + 1)


def graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and all inner ones."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                if inner.node or inner.initializer or inner.output:
                    yield from graphs(inner)


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every constant: initializers and attributes, inner graphs and functions included."""
    for graph in graphs(model.graph):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield sparse.values
            yield sparse.indices
        yield from _attribute_tensors(graph.node)
    for function in model.functions:
        yield from _attribute_tensors(function.node)


def _attribute_tensors(nodes: Any) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def data_files(model: onnx.ModelProto) -> list[str]:
    """The files that hold the model's external data, in order of appearance."""
    names: dict[str, None] = {}
    for tensor in tensors(model):
        if tensor.data_location == EXTERNAL:
            told = {entry.key: entry.value for entry in tensor.external_data}
            names[told.get("location", "")] = None
    return list(names)


def opset(model: onnx.ModelProto) -> int:
    """The opset of the default domain; 0 where the file uses no operator of it."""
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            return int(entry.version)
    return 0


def index_ranges(model: onnx.ModelProto) -> dict[str, tuple[float, float]]:
    """Inputs that number the rows of a constant table (a Gather's): name → (0, last row)."""
    sizes = {one.name: list(one.dims) for one in model.graph.initializer}
    aliases = {port.name: port.name for port in model.graph.input}
    ranges: dict[str, tuple[float, float]] = {}
    for node in model.graph.node:
        if node.op_type in RESHAPING and node.input and node.input[0] in aliases:
            aliases[node.output[0]] = aliases[node.input[0]]
        if node.op_type != "Gather" or len(node.input) < 2 or node.input[1] not in aliases:
            continue
        table = sizes.get(node.input[0])
        axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
        if not table or axis >= len(table):
            continue
        name = aliases[node.input[1]]
        last = table[axis] - 1
        ranges[name] = (0.0, float(min(last, ranges.get(name, (0, last))[1])))
    return ranges


def computes_in_double(model: onnx.ModelProto) -> bool:
    """Whether no operator can compute in less than double: no float type occurs at all.

    The operators of `ai.onnx.ml` compute in float32 whatever they are given, but for TreeEnsemble.
    """
    floats = (
        *(onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16),
        *(onnx.TensorProto.FLOAT8E4M3FN, onnx.TensorProto.FLOAT8E5M2),
    )
    for node in nodes(model.graph):
        if node.domain not in ("", "ai.onnx", "ai.onnx.ml"):
            return False
        if node.domain == "ai.onnx.ml" and node.op_type not in ("TreeEnsemble", "LabelEncoder"):
            return False
        if node.op_type == "Cast" and any(a.name == "to" and a.i in floats for a in node.attribute):
            return False
    if any(tensor.data_type in floats for tensor in tensors(model)):
        return False
    shown = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    return not model.functions and not any(
        one.type.tensor_type.elem_type in floats for one in shown
    )


def constant(model: onnx.ModelProto, name: str) -> Any:
    """An initializer's values, or None where there is no small one of that name."""
    for tensor in model.graph.initializer:
        if tensor.name == name and tensor.data_location != EXTERNAL:
            return numpy_helper.to_array(tensor)
    return None
