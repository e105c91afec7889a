"""What one layer of the file is made of, and the refusal of what Deeplearning4j cannot read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from converters.dl4j import VERSION
from converters.errors import Refused

Config = dict[str, Any]
Shape = tuple[int | None, ...]
# The importer asks every layer how its weights once began; what it began with changes no answer.
INITIAL: Config = {"class_name": "Zeros", "config": {}}
# The same function in both, by Keras 3's name. hard_sigmoid is another function in Keras 2, and
# DL4J's softplus overflows above 88.
ACTIVATIONS = {
    **{name: name for name in ("relu", "relu6", "elu", "selu", "tanh", "sigmoid", "softsign")},
    **{"softmax": "softmax", "linear": "linear", "silu": "swish", "swish": "swish"},
}


@dataclass(frozen=True)
class Flow:
    """What passes between two layers.

    shape: of one row, None where a length is free.
    lost: DL4J no longer knows how many steps it has, as after both directions of a recurrence.
    source: the class of the layer that it comes from.
    channels: whether the importer finds its number of channels when it walks back from it.
    """

    shape: Shape
    lost: bool = False
    source: str = ""
    channels: bool = False

    @property
    def last(self) -> int:
        """The number of features, which is never free where a layer has weights."""
        return self.shape[-1] or 0


@dataclass(frozen=True)
class Weight:
    """One array of the file.

    path: below the layer's group. variable: the original's; empty where `fill` stands for it.
    lead: how many axes of length one go before the original's own.
    """

    path: str
    variable: str = ""
    lead: int = 0
    fill: float = 0.0
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Part:
    """One layer of the file, in Keras 2's words, and what flows out of it."""

    kind: str
    config: Config
    flow: Flow
    weights: list[Weight] = field(default_factory=list)


def no(name: str, kind: str, why: str) -> Refused:
    """The refusal of a layer, by name."""
    return Refused(
        "dl4j_layer",
        f"The layer {name!r} ({kind}) has no HDF5 for Deeplearning4j: DL4J {VERSION} {why}. Export "
        "to ONNX or SavedModel.",
    )


def activation(config: Config, name: str, kind: str, key: str = "activation") -> str:
    """Keras 2's name of a layer's activation.

    Raises:
        Refused: `dl4j_layer`.
    """
    told = config.get(key)
    if isinstance(told, str) and told in ACTIVATIONS:
        return ACTIVATIONS[told]
    shown = told if isinstance(told, str) else "an activation that is a layer or a class"
    if told == "softplus":
        raise no(name, kind, "answers infinity where softplus is asked for a number above 88")
    if told == "hard_sigmoid":
        raise no(name, kind, "computes Keras 2's hard_sigmoid, which is another function")
    raise no(name, kind, f"has no activation {shown}")


def expect(holds: bool, name: str, kind: str, why: str) -> None:
    """See that a layer is one that was found right.

    Raises:
        Refused: `dl4j_layer`.
    """
    if not holds:
        raise no(name, kind, why)


def numbers(value: Any, count: int) -> list[int]:
    """One whole number an axis, as Keras 2 writes them."""
    if isinstance(value, int):
        return [value] * count
    return [int(one) for one in value]
