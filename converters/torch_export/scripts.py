"""TorchScript to ONNX: the script itself, with the file's inputs put before it.

A script keeps its branches and loops only where the exporter is given the script and nothing
around it, so what joins and casts the inputs is written into the ONNX graph afterwards.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import onnx
import torch

from converters.torch_export.flat import Flat, Interface

BATCH = "batch"


def traced(
    module: Any,
    values: Sequence[Any],
    inputs: Mapping[str, Sequence[int]],
    outputs: Sequence[str],
    opset: int,
) -> Any:
    """What PyTorch's older exporter makes of a module or script, with a free batch.

    inputs: name → its axes, beside the batch, that are free too.
    """
    free = {
        name: {0: BATCH, **{axis: f"length {axis}" for axis in axes}}
        for name, axes in inputs.items()
    }
    content = io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(
            module,
            tuple(values),
            content,
            dynamo=False,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=opset,
            dynamic_axes={**free, **{name: {0: BATCH} for name in outputs}},
            training=torch.onnx.TrainingMode.PRESERVE,
        )
    return onnx.load_from_string(content.getvalue())


def onnx_of(flat: Flat, face: Interface, opset: int) -> Any:
    """The script inside `flat` as ONNX, with the interface's inputs and outputs."""
    tensors = flat.tensors(face.values)
    same = len(tensors) == len(face.values) and all(
        inner.dtype == outer.dtype for inner, outer in zip(tensors, face.values, strict=True)
    )
    names = face.input_names if same else [f"module input {i}" for i in range(len(tensors))]
    order = _order(flat, len(tensors))
    made = traced(
        flat.inner,
        [tensors[i] for i in order],
        {names[i]: face.free[i] if same else [] for i in order},
        face.output_names,
        opset,
    )
    if not same:
        _put_before(made, flat, face, names, tensors)
    return made


def _order(flat: Flat, count: int) -> list[int]:
    """Which tensor is passed at which place: by name in forward's order, else as they come."""
    if not flat.keywords:
        return list(range(count))
    known = [one.name for one in flat.inner.forward.schema.arguments if one.name != "self"]
    return sorted(range(count), key=lambda i: known.index(flat.keywords[i]))


def _put_before(
    made: Any, flat: Flat, face: Interface, names: Sequence[str], tensors: Sequence[Any]
) -> None:
    """Cast the file's inputs to the script's, and join columns to one tensor, as `flat` does."""
    nodes, infos = [], []
    cast: list[str] = []
    for item, value in zip(face.inputs, face.values, strict=True):
        inner = tensors[0] if flat.columns else tensors[len(cast)]
        cast.append(f"{item.name} for the module")
        to = onnx.helper.np_dtype_to_tensor_dtype(inner.numpy().dtype)
        nodes.append(onnx.helper.make_node("Cast", [item.name], [cast[-1]], to=to))
        kind = onnx.helper.np_dtype_to_tensor_dtype(value.numpy().dtype)
        shape = [BATCH, *list(value.shape[1:])]
        infos.append(onnx.helper.make_tensor_value_info(item.name, kind, shape))
    if flat.columns:
        nodes.append(onnx.helper.make_node("Concat", cast, [names[0]], axis=1))
    else:
        for node, name in zip(nodes, names, strict=True):
            node.output[0] = name
    after = list(made.graph.node)
    del made.graph.node[:]
    made.graph.node.extend([*nodes, *after])
    kept = [value for value in made.graph.input if value.name not in names]
    del made.graph.input[:]
    made.graph.input.extend([*infos, *kept])
