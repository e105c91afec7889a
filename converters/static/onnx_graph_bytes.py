"""An ONNX file's versions and operators, told from its bytes (onnx.proto's field numbers)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from converters.static import wire
from converters.static.errors import Unreadable

IR_VERSION, GRAPH, OPSET_IMPORT, FUNCTIONS = 1, 7, 8, 25
NODE, NODE_OP, NODE_DOMAIN, NODE_ATTRIBUTE = 1, 4, 7, 5
ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS = 6, 11
DEEPEST = 40


@dataclass
class OnnxFacts:
    """ir: IR version. opsets: domain → version. operators: (domain, name) → how many."""

    ir: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    operators: Counter[tuple[str, str]] = field(default_factory=Counter)
    functions: int = 0


def read(content: bytes) -> OnnxFacts:
    """What an ONNX file says of itself.

    Raises:
        Unreadable: no ONNX model.
    """
    facts, graphs = OnnxFacts(), []
    for number, value in wire.fields(memoryview(content)):
        if number == IR_VERSION and isinstance(value, int):
            facts.ir = value
        elif number == GRAPH and isinstance(value, memoryview):
            graphs.append(value)
        elif number == OPSET_IMPORT and isinstance(value, memoryview):
            told = dict(wire.fields(value))
            version = told.get(2, 0)
            facts.opsets[wire.text(told.get(1, 0))] = version if isinstance(version, int) else 0
        elif number == FUNCTIONS:
            facts.functions += 1
    if len(graphs) != 1 or not 1 <= facts.ir < 100:
        raise Unreadable("it is no ONNX model: it has no graph and version")
    _count(graphs[0], facts.operators, 0)
    return facts


def _count(graph: memoryview, operators: Counter[tuple[str, str]], depth: int) -> None:
    if depth > DEEPEST:
        raise Unreadable(f"its graphs are nested more than {DEEPEST} deep")
    for node in wire.messages(graph, NODE):
        name = domain = ""
        for number, value in wire.fields(node):
            if number == NODE_OP:
                name = wire.text(value)
            elif number == NODE_DOMAIN:
                domain = wire.text(value)
            elif number == NODE_ATTRIBUTE and isinstance(value, memoryview):
                for inner in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
                    for nested in wire.messages(value, inner):
                        _count(nested, operators, depth + 1)
        operators[domain, name] += 1
