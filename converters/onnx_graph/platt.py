"""libsvm's class probabilities: a sigmoid a pair of classes, joined by its own iteration.

The iteration ends when it is near enough, not when it is done, so it is run step by step as libsvm
runs it, in a loop of the graph in which each row stops by itself.

Source: Wu, Lin, Weng, "Probability estimates for multi-class classification by pairwise coupling",
2004, second method; libsvm's svm.cpp, `multiclass_probability`, for the order of the steps.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from converters.errors import Refused
from converters.onnx_graph.graph import Graph, Value

LEAST = 1e-7
MOST_CLASSES = 30


def probabilities(graph: Graph, estimator: Any, pairs: Value) -> Value:
    """[N, classes] of the pairs' decision values, positive for the first class of a pair.

    Raises:
        Refused: `several_outputs` for more classes than the loop is written for.
    """
    classes = len(estimator.classes_)
    if classes > MOST_CLASSES:
        raise Refused(
            "several_outputs",
            f"This SVC has probabilities of {classes} classes, more than the {MOST_CLASSES} that "
            "are written; train it with probability=False.",
        )
    sure = _sigmoids(graph, estimator, pairs)
    own, between = _coupling(graph, sure, classes)
    return _joined(graph, own, between, classes, pairs)


def _sigmoids(graph: Graph, estimator: Any, pairs: Value) -> dict[tuple[int, int], Value]:
    """How sure each pair is of its first class, and of its second, each [N, 1]."""
    slopes = np.asarray(estimator._probA, np.float64).reshape(1, -1)
    starts = np.asarray(estimator._probB, np.float64).reshape(1, -1)
    bent = graph.binary("Add", graph.binary("Mul", pairs, slopes), starts)
    value = graph.sigmoid(graph.unary("Neg", bent))
    low = graph.binary("Max", value, np.full((1, 1), LEAST))
    first = graph.binary("Min", low, np.full((1, 1), 1 - LEAST))
    sure = {}
    for place, (i, j) in enumerate(combinations(range(len(estimator.classes_)), 2)):
        sure[i, j] = graph.take(first, [place])
        one = graph.const(np.ones((1, 1)))
        sure[j, i] = graph.op("Sub", [one, sure[i, j]], "float64", 1)
    return sure


def _coupling(
    graph: Graph, sure: dict[tuple[int, int], Value], classes: int
) -> tuple[list[Value], dict[tuple[int, int], Value]]:
    """The matrix Q of the paper: its diagonal, and what is beside it."""
    own: list[Value] = []
    between: dict[tuple[int, int], Value] = {}
    for t in range(classes):
        total: Value | None = None
        for j in range(classes):
            if j == t:
                continue
            square = graph.binary("Mul", sure[j, t], sure[j, t])
            total = square if total is None else graph.binary("Add", total, square)
            if j > t:
                product = graph.binary("Mul", graph.unary("Neg", sure[j, t]), sure[t, j])
                between[t, j] = between[j, t] = product
        if total is not None:
            own.append(total)
    return own, between


def _joined(
    graph: Graph,
    own: list[Value],
    between: dict[tuple[int, int], Value],
    classes: int,
    pairs: Value,
) -> Value:
    """The loop: probabilities start even, and each row moves until its error is small."""
    first = graph.take(pairs, [0])
    same = graph.compare("Equal", first, first)
    even = graph.const(np.full((1, 1), 1.0 / classes))
    start = graph.concat([graph.where(same, even, first, first) for _ in range(classes)])
    body = _Body(graph, own, between, classes)
    rounds = graph.const(np.array(max(100, classes)), "int64")
    go = graph.const(np.array(True), "bool")
    return graph.op("Loop", [rounds, go, start], "float64", classes, body=body.attribute())


class _Body:
    """One round of the iteration, as a graph of its own that sees the matrix around it."""

    def __init__(
        self,
        outer: Graph,
        own: list[Value],
        between: dict[tuple[int, int], Value],
        classes: int,
    ) -> None:
        self.outer, self.own, self.between, self.classes = outer, own, between, classes
        self.graph = Graph(opset=outer.opset)
        self.graph._count = outer._count

    def attribute(self) -> Any:
        """The body as an attribute of the loop; its names are new to the graph around it."""
        graph = self.graph
        before = Value(graph.fresh("before"), "float64", self.classes)
        round_, go = graph.fresh("round"), graph.fresh("go")
        moved, active = self._round(before)
        after = graph.where(active, moved, before, before)
        some = graph.op("ReduceMax", [graph.cast(active, "int64")], "int64", 0, keepdims=0)
        again = graph.cast(some, "bool")
        shape: list[str | int | None] = [None, self.classes]
        body = helper.make_graph(
            graph.nodes,
            graph.fresh("body"),
            [
                helper.make_tensor_value_info(round_, TensorProto.INT64, []),
                helper.make_tensor_value_info(go, TensorProto.BOOL, []),
                helper.make_tensor_value_info(before.name, TensorProto.DOUBLE, shape),
            ],
            [
                helper.make_tensor_value_info(again.name, TensorProto.BOOL, []),
                helper.make_tensor_value_info(after.name, TensorProto.DOUBLE, shape),
            ],
            list(graph.initializers.values()),
        )
        self.outer._count = graph._count
        attribute: onnx.AttributeProto = helper.make_attribute("body", body)
        return attribute

    def _round(self, before: Value) -> tuple[Value, Value]:
        """The probabilities after one round, and which rows, [N, 1], were not near enough."""
        graph, count = self.graph, self.classes
        p = [graph.take(before, [t]) if count > 1 else before for t in range(count)]
        pull = [self._sum([(self._q(t, j), p[j]) for j in range(count)]) for t in range(count)]
        whole = self._sum(list(zip(p, pull, strict=True)))
        errors = [graph.unary("Abs", self._minus(one, whole)) for one in pull]
        worst = graph.reduce("ReduceMax", graph.concat(errors))
        active = graph.op(
            "Not", [graph.compare("Less", worst, np.full((1, 1), 0.005 / count))], "bool", 1
        )
        for t in range(count):
            own = self.own[t]
            step = graph.binary("Div", self._minus(whole, pull[t]), own)
            p[t] = graph.binary("Add", p[t], step)
            twice = graph.binary("Add", pull[t], pull[t])
            gain = graph.binary("Add", graph.binary("Mul", step, own), twice)
            grown = graph.binary("Add", step, np.ones((1, 1)))
            whole = graph.binary("Add", whole, graph.binary("Mul", step, gain))
            whole = graph.binary("Div", graph.binary("Div", whole, grown), grown)
            for j in range(count):
                part = graph.binary("Mul", step, self._q(t, j))
                pull[j] = graph.binary("Div", graph.binary("Add", pull[j], part), grown)
                p[j] = graph.binary("Div", p[j], grown)
        return graph.concat(p), active

    def _q(self, t: int, j: int) -> Value:
        return self.own[t] if t == j else self.between[t, j]

    def _minus(self, a: Value, b: Value) -> Value:
        return self.graph.binary("Sub", a, b)

    def _sum(self, pairs: list[tuple[Value, Value]]) -> Value:
        total, *rest = [self.graph.binary("Mul", a, b) for a, b in pairs]
        for one in rest:
            total = self.graph.binary("Add", total, one)
        return total
