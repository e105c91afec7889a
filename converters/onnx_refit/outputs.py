"""What a graph gives: maps of classes cut back to the tensor before them, the rest left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

CLASS_ATTRIBUTES = ("classlabels_int64s", "classlabels_strings", "classlabels_ints")
CLASSIFIERS = (
    *("TreeEnsembleClassifier", "LinearClassifier", "SVMClassifier"),
    *("ZipMap", "LabelEncoder", "ArrayFeatureExtractor", "Cast", "Identity", "Reshape"),
)


@dataclass
class Cut:
    """Outputs that stay and what is known of them.

    classes: output → the classes of its columns, in order.
    dropped: outputs that no tensor carries.
    """

    classes: dict[str, list[Any]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)


def cut(model: onnx.ModelProto) -> Cut:
    """Give each ZipMap's tensor in its place, and leave out other sequences, maps and optionals.

    The graph is changed in place; an output keeps its name.
    """
    made = Cut()
    producers = {name: node for node in model.graph.node for name in node.output}
    kept = []
    for output in model.graph.output:
        if output.type.WhichOneof("value") == "tensor_type":
            kept.append(output)
            continue
        node = producers.get(output.name)
        if node is None or node.op_type != "ZipMap":
            made.dropped.append(output.name)
            continue
        places = _sorted_places(classes_of(node))
        made.classes[output.name] = list(places)
        kept.append(_tensor_instead(model, node, output.name, list(places.values())))
    del model.graph.output[:]
    model.graph.output.extend(kept)
    if made.dropped or made.classes:
        prune(model)
    return made


def _sorted_places(classes: list[Any]) -> dict[Any, int]:
    """Class → its column, in the order of ONNX Runtime's maps: ascending, text by code points.

    Of a class that is listed twice, the last column is the map's.
    """
    places = {one: place for place, one in enumerate(classes)}
    return {one: places[one] for one in sorted(places)}


def _tensor_instead(
    model: onnx.ModelProto, node: onnx.NodeProto, name: str, places: list[int]
) -> onnx.ValueInfoProto:
    """Replace a ZipMap by these columns of the tensor that it reads.

    Returns the output's new declaration.
    """
    listed = len(classes_of(node))
    instead = helper.make_node("Identity", [node.input[0]], [name])
    if places != list(range(listed)):
        columns = f"{name}/columns"
        while any(columns == one.name for one in model.graph.initializer):
            columns += "_"
        held = numpy_helper.from_array(np.array(places, dtype=np.int64), columns)
        model.graph.initializer.append(held)
        instead = helper.make_node("Gather", [node.input[0], columns], [name], axis=-1)
    for i, other in enumerate(model.graph.node):
        if other.output[:] == node.output[:]:
            model.graph.node[i].CopyFrom(instead)
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, len(places) or None])


def classes_of(node: onnx.NodeProto) -> list[Any]:
    """The classes that an operator's attributes list, or none."""
    for attribute in node.attribute:
        if attribute.name in CLASS_ATTRIBUTES:
            values = helper.get_attribute_value(attribute)
            if values:
                return [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
    return []


def label_classes(model: onnx.ModelProto, name: str) -> list[Any]:
    """The classes behind an output that names one: those of the classifier that it comes from."""
    producers = {out: node for node in model.graph.node for out in node.output}
    for _ in range(8):
        node = producers.get(name)
        if node is None or node.op_type not in CLASSIFIERS:
            return []
        found = classes_of(node)
        if found:
            return found
        name = node.input[0] if node.input else ""
    return []


def prune(model: onnx.ModelProto) -> None:
    """Take away what no output needs any more; constants too, inputs stay."""
    wanted = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input) | _captured(node)
    nodes = list(reversed(kept))
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    for i in reversed(range(len(model.graph.initializer))):
        if model.graph.initializer[i].name not in wanted:
            del model.graph.initializer[i]


def _captured(node: onnx.NodeProto) -> set[str]:
    """Names that inner graphs may read from the outer one; too many do no harm."""
    names: set[str] = set()
    for attribute in node.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            for inner in graph.node:
                names |= set(inner.input) | _captured(inner)
            names |= {output.name for output in graph.output}
    return names
