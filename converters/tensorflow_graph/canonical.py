"""One order and one set of names for an ONNX graph's inner values, so that equal graphs are equal.

tf2onnx keeps nodes and constants as sets do, in another order in every process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def settle(graph: Any) -> None:
    """Order nodes as the outputs need them, and number what is inside; inputs and outputs stay.

    Nodes that no output needs are left out.
    """
    _order(graph)
    fixed = {value.name for value in [*graph.input, *graph.output]}
    names: dict[str, str] = {}
    for name in _defined(graph):
        if name and name not in fixed and name not in names:
            fresh = f"v{len(names)}"
            while fresh in fixed:
                fresh += "_"
            names[name] = fresh
    _rename(graph, names)


def _order(graph: Any) -> None:
    """Nodes in the order of a walk back from the outputs, constants in that of their first use."""
    makers = {name: node for node in graph.node for name in node.output if name}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    ordered: list[Any] = []
    used: list[str] = []
    done: set[str] = set()
    waiting = [(value.name, False) for value in reversed(graph.output)]
    while waiting:
        name, ready = waiting.pop()
        if ready:
            node = makers[name]
            if not done.intersection(filter(None, node.output)):
                ordered.append(node)
            done.update(filter(None, node.output))
        elif name in makers and name not in done:
            waiting.append((name, True))
            waiting += [(one, False) for one in reversed(list(_needs(makers[name])))]
        elif name in constants and name not in done:
            done.add(name)
            used.append(name)
    kept = [node.__class__.FromString(node.SerializeToString()) for node in ordered]
    tensors = [
        constants[name].__class__.FromString(constants[name].SerializeToString()) for name in used
    ]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
    for node in graph.node:
        for inner in _inner(node):
            _order(inner)


def _inner(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            if graph.output:
                yield graph


def _needs(node: Any) -> Iterator[str]:
    """What a node reads, what its inner graphs read from outside included."""
    yield from node.input
    for graph in _inner(node):
        for inner in graph.node:
            yield from _needs(inner)
        yield from (value.name for value in graph.output)


def _defined(graph: Any) -> Iterator[str]:
    """Every value's name, in order, those of inner graphs after what comes before them."""
    yield from (value.name for value in graph.input)
    yield from (tensor.name for tensor in graph.initializer)
    for node in graph.node:
        for inner in _inner(node):
            yield from _defined(inner)
        yield from node.output


def _rename(graph: Any, names: dict[str, str], place: str = "") -> None:
    for value in [*graph.input, *graph.output, *graph.initializer, *graph.value_info]:
        value.name = names.get(value.name, value.name)
    graph.name = f"graph{place}"
    for number, node in enumerate(graph.node):
        node.name = f"n{place}_{number}"
        node.doc_string = ""
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        attributes = sorted(node.attribute, key=lambda one: one.name)
        kept = [one.__class__.FromString(one.SerializeToString()) for one in attributes]
        del node.attribute[:]
        node.attribute.extend(kept)
        for inner in _inner(node):
            _rename(inner, names, f"{place}_{number}")
