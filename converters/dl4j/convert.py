"""A Keras model as `model.h5` in Keras 2's layout, which Deeplearning4j imports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from converters.contract import Input, Output, Request, Signature
from converters.dl4j import VERSION, graph, hdf5, variables
from converters.dl4j.graph import Graph
from converters.errors import Refused
from converters.preflight import NO_LAYERS
from converters.routes.converted import Converted
from converters.sources.loaded import TENSOR, Loaded
from converters.sources.tensorflow_model import TensorFlowModel
from converters.tensorflow_graph.serving import Serving, trace

FILE = "model.h5"
# The one type that DL4J takes and gives.
DTYPE = "float32"


def write(model: Loaded, request: Request, folder: Path) -> Converted:
    """Convert a model to `model.h5` in `folder`.

    Raises:
        Refused: `dl4j_layer`, `dl4j_graph`, `dl4j_precision`, and what `serving.trace` refuses.
    """
    estimator: TensorFlowModel = model.estimator
    whole = graph.read(_document(estimator), _lengths(estimator, model.signature))
    serving = trace(model, request.options)
    inputs = _inputs(estimator, model.signature, whole)
    outputs = _outputs(serving, whole)
    looked_up = _settle_indices(estimator, inputs, whole)
    hdf5.write(whole, variables.of_model(estimator.holder), folder / FILE)
    import keras

    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=inputs,
        outputs=outputs,
        facts={
            "converter": f"keras {keras.__version__}",
            "layout": f"keras {hdf5.KERAS.decode()}",
            "importer": f"deeplearning4j {VERSION}",
        },
        notes=_notes(whole, looked_up),
    )


def _document(estimator: TensorFlowModel) -> Any:
    """The model's configuration as JSON.

    Raises:
        Refused: `dl4j_graph` where it has none.
    """
    holder = estimator.holder
    if estimator.keras:
        try:
            return json.loads(holder.to_json())
        except (NotImplementedError, TypeError, ValueError):
            pass  # a class of its owner's, which does not tell what it is made of
    raise Refused("dl4j_graph", NO_LAYERS)


def _lengths(estimator: TensorFlowModel, signature: Signature) -> dict[str, list[int]]:
    """Input → the shape of one row that the signature settled."""
    tensors = signature.all_tensors
    if len(tensors) == 1 and len(estimator.ports) == 1:
        return {estimator.ports[0].name: list(tensors[0].shape[1:])} if _free(estimator) else {}
    return {tensor.name: list(tensor.shape[1:]) for tensor in tensors} if _free(estimator) else {}


def _free(estimator: TensorFlowModel) -> bool:
    return any(None in port.shape[1:] for port in estimator.ports)


def _inputs(estimator: TensorFlowModel, signature: Signature, whole: Graph) -> list[Input]:
    """The file's inputs, each with what of the signature goes into it.

    Raises:
        Refused: `dl4j_graph` where columns would go into several inputs.
    """
    shapes = {node.name: node.flow.shape for node in whole.nodes}
    tensors = [tensor.name or TENSOR for tensor in signature.all_tensors]
    names = tensors or [column.name for column in signature.columns]
    if len(whole.inputs) == 1:
        return [_input(whole.inputs[0], shapes, names if not tensors else names[:1])]
    found = []
    for port, original, name in zip(estimator.ports, whole.originals, whole.inputs, strict=True):
        fed = [one for one in tensors if one in (port.name, original)]
        if not fed:
            raise Refused(
                "dl4j_graph",
                f"The signature has no tensor for the input {original!r}; log the model with a "
                "signature of one named tensor an input.",
            )
        found.append(_input(name, shapes, fed[:1]))
    return found


def _input(name: str, shapes: Any, columns: Sequence[str]) -> Input:
    shape = list(shapes[name])
    if None in shape:
        raise Refused(
            "dl4j_graph",
            f"Nothing tells how long the free axes of the input {name!r} are; log the model with "
            "a signature whose tensors have the names of the model's inputs.",
        )
    return Input(name, DTYPE, list(columns), shape=shape if len(shape) > 1 else [])


def _outputs(serving: Serving, whole: Graph) -> list[Output]:
    """The outputs of the original in the file's order, named by the layers that give them."""
    told = list(serving.outputs)
    if any(whole.keys):
        by_key = {one.source: one for one in told}
        told = [by_key[key] for key in whole.keys]
    return [replace(one, name=name) for one, name in zip(told, whole.outputs, strict=True)]


def _settle_indices(estimator: TensorFlowModel, inputs: Sequence[Input], whole: Graph) -> int:
    """Bound the inputs that are looked up, as DL4J does; the highest number, or -1 for none.

    Keras counts numbers below nought from the end; DL4J takes none of them.
    """
    most = -1
    for node in whole.nodes:
        if node.kind == "Embedding":
            most = int(node.config["input_dim"]) - 1
            (column,) = [item.columns[0] for item in inputs if item.name == node.inbound[0]]
            _, told = estimator.input_ranges.get(column, (0, most))
            estimator.input_ranges[column] = (0, min(most, told))
    return most


def _notes(whole: Graph, looked_up: int) -> list[str]:
    changed = [node for node in whole.nodes if node.original and node.original != node.name]
    notes = [
        f"DL4J takes no layer's name {node.original!r}: it is {node.name!r} here."
        for node in changed
    ]
    if any(weight.lead for node in whole.nodes for weight in node.weights):
        notes.append("Dense layers over steps or pixels are convolutions of width one here.")
    if looked_up >= 0:
        notes.append("DL4J takes no number below nought where one is looked up in an embedding.")
    return notes
