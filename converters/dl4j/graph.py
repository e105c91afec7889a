"""A Keras 3 configuration, as `.keras` files and `to_json` hold it, as a graph of Keras 2's layers.

Nothing but the configuration is read, so that pre-flight and conversion say the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from converters.dl4j import VERSION
from converters.dl4j.layers import part
from converters.dl4j.parts import Config, Flow, Part, Shape, Weight
from converters.errors import Refused

# DL4J takes a layer's name out of its weights' names; a name that is part of one would spoil it.
WEIGHT_NAMES = (
    *("kernel", "bias", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel", "embeddings"),
    *("gamma", "beta", "moving_mean", "moving_variance", "forward_lstm", "backward_lstm"),
    *("forward_simple_rnn", "backward_simple_rnn", "lstm_cell", "simple_rnn_cell"),
)
RESERVED = ("top_level_model_weights", "optimizer_weights")
# An answer that one of these gives needs a layer behind it: DL4J leaves out what prepares the
# input of the last one, or hands its answer out of memory that it has closed.
NEED_END = ("Flatten", "Reshape", "BatchNormalization", "InputLayer")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
# At inference DL4J computes these in the memory of what they are given …
IN_PLACE = ("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax")
# … and these hand on what they are given, or a view of it.
PASSING = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "AlphaDropout"),
    *("GaussianNoise", "Flatten", "Reshape", "Cropping2D"),
)
# For who asks before a signature has settled the free lengths: no rule minds how long they are.
STANDING_IN = 64
# Arguments of a layer's call that change no answer.
IDLE = ("training", "mask")


@dataclass(frozen=True)
class Node:
    """One layer of the file.

    name: in the file. original: the model's layer of which it is made; empty for one of ours.
    inbound: names in the file.
    """

    name: str
    kind: str
    config: Config
    flow: Flow
    inbound: list[str]
    original: str = ""
    weights: list[Weight] = field(default_factory=list)


@dataclass(frozen=True)
class Graph:
    """Layers in the order of the model; inputs and outputs by their names in the file.

    originals: the model's own names of its inputs. keys: of outputs where they are a mapping.
    """

    name: str
    nodes: list[Node]
    inputs: list[str]
    originals: list[str]
    outputs: list[str]
    keys: list[str]


@dataclass(frozen=True)
class _Layer:
    """One entry of the configuration, and the layers that flow into it."""

    name: str
    kind: str
    config: Config
    inbound: list[str]


def read(document: Any, lengths: Mapping[str, Sequence[int]] | int) -> Graph:
    """The graph of a model's configuration.

    lengths: input → shape of one row, where the model leaves some free; or a number for them all.

    Raises:
        Refused: `dl4j_layer`, `dl4j_graph`, `dl4j_precision`.
    """
    kind, config = document.get("class_name"), document.get("config")
    if kind == "Sequential" and isinstance(config, dict):
        layers, inputs, outputs = _sequential(config)
    elif kind in ("Functional", "Model") and isinstance(config, dict) and "layers" in config:
        layers = [_called(entry) for entry in config["layers"]]
        inputs, outputs = list(_ends(config["input_layers"])), list(_ends(config["output_layers"]))
    else:
        raise _graph(
            f"The model is a class of its own ({kind}), whose Python no HDF5 file for "
            "Deeplearning4j carries"
        )
    return _Builder(str(config.get("name") or "model"), layers, lengths).build(inputs, outputs)


def _sequential(config: Config) -> tuple[list[_Layer], list[tuple[str, str]], list[Any]]:
    entries = list(config["layers"])
    if not entries or entries[0].get("class_name") != "InputLayer":
        shape = config.get("build_input_shape")
        if not isinstance(shape, list):
            raise _graph("The model does not tell the shape of its input")
        own = {"name": "input_layer", "batch_shape": shape, "dtype": "float32"}
        entries.insert(0, {"class_name": "InputLayer", "config": own})
    layers: list[_Layer] = []
    for entry in entries:
        _check_module(entry)
        before = [layers[-1].name] if layers else []
        layers.append(
            _Layer(str(entry["config"]["name"]), entry["class_name"], entry["config"], before)
        )
    return layers, [("", layers[0].name)], [("", layers[-1].name)]


def _called(entry: Config) -> _Layer:
    """A layer of a functional model, which is called once, on tensors alone."""
    _check_module(entry)
    name, nodes = str(entry.get("name") or entry["config"]["name"]), entry["inbound_nodes"]
    if len(nodes) > 1:
        raise _graph(
            f"The layer {name!r} is called {len(nodes)} times, which DL4J takes for a loop"
        )
    inbound: list[str] = []
    for node in nodes:
        found, rest = list(_tensors(node["args"])), list(_tensors(node.get("kwargs") or {}))
        idle = all(
            value is None or value is False or key in IDLE
            for key, value in (node.get("kwargs") or {}).items()
        )
        if rest or not idle or any(index for _, index, _ in found):
            raise _graph(f"The layer {name!r} is called with more than the tensors before it")
        inbound += [source for source, _, _ in found]
    if len(set(inbound)) < len(inbound):
        raise _graph(f"The layer {name!r} is given one tensor twice")
    return _Layer(name, entry["class_name"], entry["config"], inbound)


def _check_module(entry: Config) -> None:
    """See that a class is one of Keras' own layers, not one of its operations or of its owner."""
    module, kind = str(entry.get("module") or "keras.layers"), str(entry.get("class_name"))
    if entry.get("registered_name") or not module.startswith("keras.layers"):
        own = f"a layer of your own ({entry.get('registered_name')})"
        what = own if entry.get("registered_name") else f"{kind} of {module}"
        if kind in ("Sequential", "Functional", "Model"):
            what = "a model inside the model"
        name = entry.get("name") or (entry.get("config") or {}).get("name")
        raise _graph(f"{name!r} is {what}, no layer of Keras that DL4J reads")


def _tensors(value: Any) -> Iterator[tuple[str, int, int]]:
    """The tensors inside a call's arguments: layer, call, place among its answers."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            source, call, place = value["config"]["keras_history"]
            yield str(source), int(call), int(place)
        else:
            for one in value.values():
                yield from _tensors(one)
    elif isinstance(value, list):
        for one in value:
            yield from _tensors(one)


def _ends(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """The layers at one end, each with its key where they are a mapping."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from _ends(value[name], name)
    elif len(value) == 3 and isinstance(value[0], str):
        if value[2]:
            raise _graph(f"The layer {value[0]!r} gives several tensors")
        yield key, value[0]
    else:
        for one in value:
            yield from _ends(one, key)


class _Builder:
    def __init__(
        self, name: str, layers: list[_Layer], lengths: Mapping[str, Sequence[int]] | int
    ) -> None:
        self.name, self.layers, self.lengths = name, layers, lengths
        self.names = _names(layers)
        self.nodes: dict[str, Node] = {}

    def build(self, inputs: list[tuple[str, str]], outputs: list[tuple[str, str]]) -> Graph:
        for layer in _in_order(self.layers):
            self.nodes[layer.name] = self._node(layer)
        answers = [name for _, name in outputs]
        if len(set(answers)) < len(answers):
            raise _graph("The model gives one tensor twice")
        self._check_memory(answers)
        ends = [self._end(name) for name in answers]
        return Graph(
            self.name,
            list(self.nodes.values()),
            [self.names[name] for _, name in inputs],
            [name for _, name in inputs],
            ends,
            [key for key, _ in outputs],
        )

    def _node(self, layer: _Layer) -> Node:
        name = self.names[layer.name]
        _check_precision(layer)
        if layer.kind == "InputLayer":
            made = self._input(layer)
        else:
            made = part(
                layer.name,
                layer.kind,
                layer.config,
                [self.nodes[one].flow for one in layer.inbound],
            )
        config = {"name": name, "trainable": True, "dtype": "float32", **made.config}
        inbound = [self.names[one] for one in layer.inbound]
        return Node(name, made.kind, config, made.flow, inbound, layer.name, made.weights)

    def _input(self, layer: _Layer) -> Part:
        told = layer.config.get("batch_shape") or layer.config.get("batch_input_shape") or [None]
        if isinstance(self.lengths, int):
            shape: Shape = tuple(self.lengths if size is None else size for size in told[1:])
        else:
            shape = tuple(self.lengths.get(layer.name, told[1:]))
        if not 1 <= len(shape) <= 3:
            raise _graph(
                f"The input {layer.name!r} has {len(shape)} axes beside the rows; DL4J "
                "is proven for one, two and three"
            )
        own = {"batch_input_shape": [None, *shape], "sparse": False, "ragged": False}
        return Part("InputLayer", own, Flow(shape, source="InputLayer"))

    def _check_memory(self, answers: Sequence[str]) -> None:
        """See that no layer overwrites what another one still reads, or what is an answer.

        Raises:
            Refused: `dl4j_graph`.
        """
        read = Counter(one for layer in self.layers for one in layer.inbound)
        read.update(answers)
        before = {layer.name: layer.inbound for layer in self.layers}
        for layer in self.layers:
            if self.nodes[layer.name].kind not in IN_PLACE or _idle(self.nodes[layer.name]):
                continue
            (given,) = before[layer.name]
            while read[given] == 1 and self.nodes[given].kind in (*IN_PLACE, *PASSING):
                (given,) = before[given]
            if read[given] > 1:
                raise _graph(
                    f"The layer {layer.name!r} would overwrite the answer of {given!r}, which "
                    "something else reads too"
                )

    def _end(self, original: str) -> str:
        """The layer that gives an answer and nothing else; one is put there where there is none."""
        node = self.nodes[original]
        feeds = any(original in layer.inbound for layer in self.layers)
        if node.kind not in NEED_END and not feeds:
            return node.name
        name = _unlike(f"{node.name}_answer", [one.name for one in self.nodes.values()])
        config = {"name": name, "trainable": True, "dtype": "float32", "activation": "linear"}
        self.nodes[f"{original} "] = Node(name, "Activation", config, node.flow, [node.name])
        return name


def _idle(node: Node) -> bool:
    """Whether a layer gives what it is given."""
    return node.kind == "Activation" and node.config["activation"] == "linear"


def _in_order(layers: list[_Layer]) -> Iterator[_Layer]:
    """Every layer after those that flow into it."""
    done: set[str] = set()
    waiting = list(layers)
    while waiting:
        ready = [layer for layer in waiting if done.issuperset(layer.inbound)]
        if not ready:
            raise _graph(f"The layer {waiting[0].name!r} is fed by what the model does not hold")
        yield from ready
        done.update(layer.name for layer in ready)
        waiting = [layer for layer in waiting if layer.name not in done]


def _check_precision(layer: _Layer) -> None:
    """See that a layer computes in float32, the one precision that DL4J imports."""
    told = layer.config.get("dtype", "float32")
    if isinstance(told, dict):
        told = (told.get("config") or {}).get("name", told.get("class_name"))
    if told in (None, "float32") or (layer.kind == "InputLayer" and told in INTEGERS):
        return
    raise Refused(
        "dl4j_precision",
        f"The layer {layer.name!r} computes in {told}, and DL4J {VERSION} imports float32 alone; "
        "build the model in float32, or export to ONNX or SavedModel.",
    )


def _names(layers: Sequence[_Layer]) -> dict[str, str]:
    """The model's names as DL4J can read them, each once."""
    found: dict[str, str] = {}
    for layer in layers:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", layer.name) or "layer"
        directed = layer.kind == "Bidirectional" and ("forward" in name or "backward" in name)
        if directed or name in RESERVED or any(name in one for one in WEIGHT_NAMES):
            name = f"{layer.kind}_{len(found)}"
        found[layer.name] = _unlike(name, found.values())
    return found


def _unlike(name: str, taken: Any) -> str:
    while name in set(taken):
        name += "_"
    return name


def _graph(why: str) -> Refused:
    return Refused(
        "dl4j_graph", f"{why}; DL4J {VERSION} cannot import that. Export to ONNX or SavedModel."
    )
