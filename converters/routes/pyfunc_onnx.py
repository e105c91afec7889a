"""A pyfunc to ONNX: the file of the model inside, giving what the wrapper answers and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from converters import wrapped
from converters.contract import Output, Request
from converters.onnx_refit import outputs, versions
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded
from converters.wrapped import Handed

TYPES = {
    "bool": onnx.TensorProto.BOOL,
    "int32": onnx.TensorProto.INT32,
    "int64": onnx.TensorProto.INT64,
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
    "string": onnx.TensorProto.STRING,
}


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.onnx` into `folder`.

    Raises:
        Refused: `own_python` for a wrapper that does more than hand on, and what the route of the
            model inside refuses.
    """
    made, handed = wrapped.convert(model, request, folder)
    path = folder / made.file
    document = onnx.load(str(path), load_external_data=False)
    taken = {port.name for port in document.graph.input}
    taken |= {name for node in document.graph.node for name in [*node.input, *node.output]}
    declared = []
    for one in handed:
        if one.column is None and one.name == one.output.name:
            declared.append(wrapped.declared(one, one.name))
            document.graph.output.append(_port(document, one.name))
            continue
        name = one.name
        while name in taken:
            name += "_"
        taken.add(name)
        declared.append(wrapped.declared(one, name))
        _hand_on(document, one, declared[-1])
    del document.graph.output[: len(document.graph.output) - len(declared)]
    outputs.prune(document)
    versions.tidy_imports(document)
    onnx.checker.check_model(document)
    path.write_bytes(document.SerializeToString(deterministic=True))
    return replace(made, outputs=declared)


def _hand_on(document: onnx.ModelProto, one: Handed, output: Output) -> None:
    """Add an output that is an inner one, whole or one column of it."""
    shape = [None] if output.width == 0 else [None, output.width]
    if one.column is None:
        node = helper.make_node("Identity", [one.output.name], [output.name])
        port = _port(document, one.output.name)
        port.name = output.name
    else:
        index = f"{output.name}_column"
        document.graph.initializer.append(
            numpy_helper.from_array(np.array(one.column, np.int64), index)
        )
        node = helper.make_node("Gather", [one.output.name, index], [output.name], axis=1)
        port = helper.make_tensor_value_info(output.name, TYPES[output.dtype], shape)
    document.graph.node.append(node)
    document.graph.output.append(port)


def _port(document: onnx.ModelProto, name: str) -> onnx.ValueInfoProto:
    """A copy of an output's declaration."""
    port = onnx.ValueInfoProto()
    port.CopyFrom(next(output for output in document.graph.output if output.name == name))
    return port
