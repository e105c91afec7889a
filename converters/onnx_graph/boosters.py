"""What all boosters share: from raw sums to answers, by the link of their objective."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from converters.errors import Refused
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax

IDENTITY, SIGMOID, EXP, SOFTMAX = "identity", "sigmoid", "exp", "softmax"
# The number of the largest sum, 1 where the sum is above 0, log(1 + exp), square with the sign.
LARGEST, STEP, SOFTPLUS, SQUARE = "largest", "step", "softplus", "square"


def link_of(links: Mapping[str, str], objective: str) -> str:
    """The link of an objective.

    Raises:
        Refused: `objective_unknown`.
    """
    if objective not in links:
        raise Refused(
            "objective_unknown",
            f"The model's objective is {objective or 'its own'!r}, whose answers are not proven "
            f"here; proven ones are {', '.join(sorted(links))}.",
        )
    return links[objective]


def linked(graph: Graph, raw: Value, link: str) -> Value:
    """[N, k] sums to [N, k] answers; LARGEST is left to the caller."""
    if link == SIGMOID:
        return graph.sigmoid(raw)
    if link == EXP:
        return graph.unary("Exp", raw)
    if link == STEP:
        above = graph.compare("Greater", raw, np.zeros((1, 1)))
        return graph.cast(above, raw.dtype)
    if link == SOFTPLUS:
        grown = graph.binary("Add", graph.unary("Exp", raw), np.ones((1, 1)))
        return graph.unary("Log", grown)
    if link == SQUARE:
        squared = graph.op("Mul", [raw, raw], raw.dtype, raw.width)
        return graph.op("Mul", [squared, graph.unary("Sign", raw)], raw.dtype, raw.width)
    return softmax(graph, raw) if link == SOFTMAX else raw
