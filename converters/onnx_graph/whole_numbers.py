"""Arithmetic of whole numbers as numpy does it (NEP 50): it stays whole, and wraps around."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.graph import Graph, Value

DTYPES = ("int32", "int64")
WORDS = {"+": "Add", "-": "Sub", "*": "Mul"}
# What gives whole numbers of whole numbers; a quotient is a real number.
KINDS = frozenset({*WORDS, "**", "abs"})


def is_whole(part: Any) -> bool:
    """Whether a part of a formula is a whole number: a constant's, or a column's."""
    return part.value.dtype in DTYPES if isinstance(part, Formula) else isinstance(part, int)


def computed(graph: Graph, kind: str, parts: Sequence[Any]) -> Formula:
    """One operation of KINDS on one part or two, at least one of them of the graph.

    Raises:
        Refused: `formula` for a power that is no constant, and for a constant that is too large.
    """
    found = {part.value.dtype for part in parts if isinstance(part, Formula)}
    dtype = "int64" if "int64" in found else "int32"
    graph.wraps.append(kind)
    if kind == "**":
        return _power(graph, parts[0], parts[1], dtype)
    if kind == "abs":
        return Formula(graph, graph.op("Abs", [_operand(graph, parts[0], dtype)], dtype, 1))
    # With a sign in front, it is added to nothing, or taken away from it.
    values = [_operand(graph, part, dtype) for part in (parts if len(parts) > 1 else [0, *parts])]
    return Formula(graph, graph.op(WORDS[kind], values, dtype, 1))


def _operand(graph: Graph, part: Any, dtype: str) -> Value | str:
    if isinstance(part, Formula):
        return graph.cast(part.value, dtype)
    bounds = np.iinfo(dtype)
    if not bounds.min <= part <= bounds.max:
        raise Refused(
            "formula",
            f"The model's formula computes with {part}, which is too large for its column of whole "
            "numbers; write it as a real number, with a point.",
        )
    return graph.const(np.full((1, 1), part), dtype)


def _power(graph: Graph, base: Any, power: Any, dtype: str) -> Formula:
    """By squaring: whole products wrap around alike in whatever order they are made."""
    if not isinstance(base, Formula) or isinstance(power, Formula) or power < 0:
        raise Refused(
            "formula",
            "The model's formula raises whole numbers to a power that is no constant, or less than "
            "nothing; compute it before the model, as a column of its own.",
        )
    square, made = graph.cast(base.value, dtype), None
    while power:
        if power % 2:
            made = square if made is None else graph.op("Mul", [made, square], dtype, 1)
        power //= 2
        if power:
            square = graph.op("Mul", [square, square], dtype, 1)
    if made is None:
        return computed(graph, "+", [computed(graph, "*", [base, 0]), 1])
    return Formula(graph, made)
