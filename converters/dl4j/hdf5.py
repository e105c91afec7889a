"""Writes a graph and its weights as Keras 2's `model.save("model.h5")` does.

The layout: attributes `model_config`, `keras_version`, `backend`; a group `model_weights` with one
group a layer, whose attribute `weight_names` lists its datasets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.dl4j.graph import Graph, Node
from converters.dl4j.parts import Weight

KERAS = b"2.15.0"
BACKEND = b"tensorflow"
Array = npt.NDArray[Any]


def write(graph: Graph, variables: Mapping[str, Mapping[str, Array]], path: Path) -> None:
    """Write the file.

    variables: layer → variable → array, by the model's own names.
    """
    import h5py

    with h5py.File(path, "w") as file:
        for place in (file, file.create_group("model_weights")):
            place.attrs["keras_version"] = KERAS
            place.attrs["backend"] = BACKEND
        # Of any length: what is longer than 64 kB stands outside of the object's own header.
        file.attrs.create("model_config", json.dumps(_config(graph)), dtype=h5py.string_dtype())
        weights = file["model_weights"]
        weights.attrs["layer_names"] = np.array([node.name.encode() for node in graph.nodes])
        for node in graph.nodes:
            group = weights.create_group(node.name)
            paths = [f"{node.name}/{weight.path}" for weight in node.weights]
            group.attrs["weight_names"] = np.array([p.encode() for p in paths] or [], dtype="S")
            for inside, weight in zip(paths, node.weights, strict=True):
                own = variables.get(node.original, {})
                group.create_dataset(inside, data=_array(weight, own))


def _array(weight: Weight, variables: Mapping[str, Array]) -> Array:
    if not weight.variable:
        return np.full(weight.shape, weight.fill, dtype=np.float32)
    values = np.asarray(variables[weight.variable], dtype=np.float32)
    return values.reshape(*(1,) * weight.lead, *values.shape)


def _config(graph: Graph) -> dict[str, Any]:
    return {
        "class_name": "Functional",
        "config": {
            "name": graph.name,
            "trainable": True,
            "layers": [_layer(node) for node in graph.nodes],
            "input_layers": [[name, 0, 0] for name in graph.inputs],
            "output_layers": [[name, 0, 0] for name in graph.outputs],
        },
    }


def _layer(node: Node) -> dict[str, Any]:
    calls = [[[name, 0, 0, {}] for name in node.inbound]] if node.inbound else []
    return {
        "class_name": node.kind,
        "config": node.config,
        "name": node.name,
        "inbound_nodes": calls,
    }
