"""How a PMML document of ours names its fields; standard library only, for judge and Java alike."""

from __future__ import annotations

from converters.contract import Output, OutputKind


def probability_field(value: str | int | float | bool) -> str:
    """The name under which JPMML gives the probability of one class, as sklearn2pmml writes it."""
    return f"probability({_spelt(value)})"


def answer_fields(output: Output) -> list[str]:
    """The document's fields that one output is made of, in order.

    An output of width 0 is one field of its name; probabilities are one a class; other scores of
    several classes are `scores(class)`; other values are numbered from 1.
    """
    a_class_each = len(output.classes) == max(output.width, 1)
    if output.kind is OutputKind.PROBABILITIES and a_class_each:
        if output.name.rstrip("_") == "probabilities":
            return [probability_field(value) for value in output.classes]
        return [f"{output.name}({_spelt(value)})" for value in output.classes]
    if output.width == 0:
        return [output.name]
    if output.kind is OutputKind.SCORES and a_class_each:
        return [f"{output.name}({_spelt(value)})" for value in output.classes]
    return [f"{output.name}_{place + 1}" for place in range(output.width)]


def tensor_fields(width: int) -> list[str]:
    """The fields of a tensor signature: x1 … xk, as PMML has no tensors."""
    return [f"x{i + 1}" for i in range(width)]


def _spelt(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
