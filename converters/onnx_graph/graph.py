"""Builds one ONNX graph: named values with dtype and width, nodes, shared constants, the file.

A value is [N, width], or [N] where its width is 0. Everything is numbered in the order of calls, so
the same model gives the same bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from converters.errors import Refused

ML = "ai.onnx.ml"
OPSET = 18
IR = 10
ML_OPSET = 3
ML_OPSET_TREES = 5
BATCH = "N"
# A sparse block is written out as a table up to this width: 800 kB a row.
MOST_WIDE = 100_000

ELEMENTS = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


# No text of anyone's: the key for missing text where the file tells it from "".
NULL_TEXT = "\x00null"


@dataclass(frozen=True)
class Value:
    """One tensor in the graph; `dtype` is a numpy name or `string`."""

    name: str
    dtype: str
    width: int

    @property
    def is_float(self) -> bool:
        return self.dtype in ("float32", "float64")


@dataclass
class Graph:
    """An ONNX graph under construction.

    Attributes:
        inexact: why the graph does not compute in double throughout; empty where it does.
        notes: what the model's owner should know.
        wraps: computations of whole numbers that wrap around as numpy's do; PMML has none.
        ml_opset: the ai.onnx.ml opset that the nodes so far need, 0 for none.
        domains: opsets that merged nodes of a library need.
        empty_text: what "" is at the model: `nan` or `none`, its missing text.
        empty_values: inputs of which "" is a value of its own instead, since the model learned it.
        learned_empty: inputs that reach a table with "" among its keys, as far as it is written.
        null_text: what stands for missing text among the keys of a table: "" in ONNX, which has no
            null, NULL_TEXT in PMML, which has one.
        narrow: the numpy dtype of the model's tensor where the file carries it in a wider one.
        products: how a sparse block, by its name, is multiplied with a matrix.
        sparse: a sparse block's cells (converters.onnx_graph.text_cells), by its name.
        sparse_fed: ids of the boosters that the original feeds scipy matrices (sampling.feeding).
        shares_leaves: trees whose leaves have several values may be written as tables, which is
            smaller and faster, and which only ONNX reads.
    """

    opset: int = OPSET
    nodes: list[Any] = field(default_factory=list)
    initializers: dict[tuple[str, str, tuple[int, ...], bytes], Any] = field(default_factory=dict)
    inputs: list[Value] = field(default_factory=list)
    inexact: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wraps: list[str] = field(default_factory=list)
    ml_opset: int = 0
    domains: dict[str, int] = field(default_factory=dict)
    empty_text: str = "nan"
    empty_values: frozenset[str] = frozenset()
    learned_empty: set[str] = field(default_factory=set)
    null_text: str = ""
    narrow: str = ""
    shares_leaves: bool = False
    sparse_fed: frozenset[int] = frozenset()
    extra_initializers: list[Any] = field(default_factory=list)
    products: dict[str, Callable[[npt.NDArray[Any]], Value]] = field(default_factory=dict)
    sparse: dict[str, Any] = field(default_factory=dict)
    _count: int = 0
    _casts: dict[tuple[str, str], Value] = field(default_factory=dict)

    def fresh(self, stem: str) -> str:
        """A name that no other value has; inputs are people's names and carry no colon-prefix."""
        self._count += 1
        return f"crossport:{stem}_{self._count}"

    def input(self, name: str, dtype: str, width: int) -> Value:
        """Declare one input of the file, [N, width]."""
        value = Value(name, dtype, width)
        self.inputs.append(value)
        return value

    def const(self, values: npt.ArrayLike, dtype: str | None = None) -> str:
        """The name of a constant; equal constants are stored once."""
        array = np.asarray(values)
        if dtype == "string" or array.dtype.kind in "OU":
            texts: Any = [str(value).encode() for value in array.ravel()]
            key = ("string", "", array.shape, b"\0".join(texts))
            if key not in self.initializers:
                name = self.fresh("const")
                self.initializers[key] = helper.make_tensor(
                    name, TensorProto.STRING, array.shape, texts
                )
            return str(self.initializers[key].name)
        array = np.ascontiguousarray(array.astype(dtype or array.dtype)).reshape(array.shape)
        key = ("number", str(array.dtype), array.shape, array.tobytes())
        if key not in self.initializers:
            self.initializers[key] = numpy_helper.from_array(array, self.fresh("const"))
        return str(self.initializers[key].name)

    def op(
        self,
        kind: str,
        inputs: Sequence[Value | str],
        dtype: str,
        width: int,
        domain: str = "",
        **attributes: Any,
    ) -> Value:
        """Add a node with one output; constants are given by name."""
        (value,) = self.ops(kind, inputs, [(dtype, width)], domain, **attributes)
        return value

    def ops(
        self,
        kind: str,
        inputs: Sequence[Value | str],
        outputs: Iterable[tuple[str, int]],
        domain: str = "",
        **attributes: Any,
    ) -> list[Value]:
        """Add a node with several outputs, each given as (dtype, width)."""
        names = [item.name if isinstance(item, Value) else item for item in inputs]
        values = [Value(self.fresh(kind), dtype, width) for dtype, width in outputs]
        node = helper.make_node(kind, names, [value.name for value in values], domain=domain)
        node.name = self.fresh("node")
        for key, attribute in sorted(attributes.items()):
            ready = isinstance(attribute, onnx.AttributeProto)
            node.attribute.append(
                attribute if ready else helper.make_attribute(key, _plain(attribute))
            )
        self.nodes.append(node)
        if domain == ML:
            self.ml_opset = max(self.ml_opset, ML_OPSET)
        return values

    def empty_means(self, value: Value) -> str:
        """What "" is to the model in a text: `nan`, `none`, or `value`."""
        if self.empty_values and self.empty_values & self.reached_by(value):
            return "value"
        return self.empty_text

    def reached_by(self, value: Value) -> set[str]:
        """The inputs that a value is computed from."""
        made = {name: node for node in self.nodes for name in node.output}
        found, left = set[str](), {value.name}
        while left:
            name = left.pop()
            if name in made:
                left |= set(made[name].input) - found
            found.add(name)
        return found & {one.name for one in self.inputs}

    def cast(self, value: Value, dtype: str) -> Value:
        """The value in another dtype; itself where it already is."""
        if value.dtype == dtype:
            return value
        key = (value.name, dtype)
        if key not in self._casts:
            self._casts[key] = self.op("Cast", [value], dtype, value.width, to=int(ELEMENTS[dtype]))
        return self._casts[key]

    def flat(self, value: Value) -> Value:
        """[N, 1] as [N]."""
        shape = self.const([-1], "int64")
        return self.op("Reshape", [value, shape], value.dtype, 0)

    def column(self, value: Value) -> Value:
        """[N] as [N, 1]."""
        return self.op("Reshape", [value, self.const([-1, 1], "int64")], value.dtype, 1)

    def binary(self, kind: str, left: Value, right: Value | npt.ArrayLike) -> Value:
        """Elementwise arithmetic in the dtype of `left`; a constant is cast to it."""
        if isinstance(right, Value):
            return self.op(kind, [left, right], left.dtype, max(left.width, right.width))
        if kind in ("Mul", "Div") and np.size(right) == 1:
            return self.op(kind, [left, self.factor(left, right)], left.dtype, left.width)
        return self.op(kind, [left, self.const(right, left.dtype)], left.dtype, left.width)

    def factor(self, value: Value, number: npt.ArrayLike) -> Value | str:
        """One number by which a value is multiplied or divided, in a form that stays as it is.

        ONNX Runtime fuses a MatMul with a product or quotient by one number beside it, whatever
        the number's shape, and keeps that number as float32 (MatMulScaleFusion). So there is one a
        column; a single column that a MatMul gave is multiplied by a number that is chosen. So it
        is where the number is next to 1, which ONNX Runtime takes for 1 (NoopElimination).
        """
        one = np.reshape(np.asarray(number), (1, 1))
        if value.width > 1:
            return self.const(np.repeat(one, value.width, axis=1), value.dtype)
        plain = self.const(one if value.width else one.ravel(), value.dtype)
        from_matmul = (
            node.op_type == "MatMul" and value.name in node.output for node in self.nodes
        )
        if not (_looks_like_one(one.item()) or any(from_matmul)):
            return plain
        same = self.op("Equal", [value, value], "bool", value.width)
        return self.op("Where", [same, plain, plain], value.dtype, value.width)

    def compare(self, kind: str, left: Value, right: Value | npt.ArrayLike) -> Value:
        """Elementwise comparison, a bool value."""
        other = right if isinstance(right, Value) else self.const(right, left.dtype)
        width = left.width
        if not isinstance(right, Value):
            shape = np.shape(right)
            width = max(width, shape[-1]) if shape else width
        return self.op(kind, [left, other], "bool", width)

    def where(self, condition: Value, yes: Value | str, no: Value | str, like: Value) -> Value:
        """Elementwise choice; dtype and width as `like`."""
        return self.op("Where", [condition, yes, no], like.dtype, like.width)

    def matmul(self, value: Value, matrix: npt.ArrayLike) -> Value:
        """[N, k] @ [k, m] in the dtype of `value`.

        ONNX Runtime fuses a MatMul with a product or quotient by one number beside it, and keeps
        that number as float32 (MatMulScaleFusion): so one feature is multiplied, and callers put
        factors into the matrix.
        """
        array = np.asarray(matrix)
        if value.name in self.products:
            return self.products[value.name](array)
        if array.shape[0] == 1:
            one = array.size == 1
            factors = self.factor(value, array) if one else self.const(array, value.dtype)
            return self.op("Mul", [value, factors], value.dtype, array.shape[1])
        return self.op(
            "MatMul", [value, self.const(array, value.dtype)], value.dtype, array.shape[1]
        )

    def unary(self, kind: str, value: Value, **attributes: Any) -> Value:
        """One operator that keeps dtype and width."""
        return self.op(kind, [value], value.dtype, value.width, **attributes)

    def sigmoid(self, value: Value) -> Value:
        """1 / (1 + exp(-x)), written out: the runtime's own Sigmoid is an approximation."""
        grown = self.unary("Exp", self.unary("Neg", value))
        return self.unary("Reciprocal", self.binary("Add", grown, np.ones((1, 1))))

    def reduce(self, kind: str, value: Value) -> Value:
        """Reduce over the features: [N, k] to [N, 1]."""
        if kind == "ReduceSum":
            axes = self.const([1], "int64")
            return self.op(kind, [value, axes], value.dtype, 1, keepdims=1)
        if self.opset >= 18:
            axes = self.const([1], "int64")
            return self.op(kind, [value, axes], value.dtype, 1, keepdims=1)
        return self.op(kind, [value], value.dtype, 1, keepdims=1, axes=[1])

    def concat(self, values: Sequence[Value]) -> Value:
        """Values of one dtype side by side."""
        if len(values) == 1:
            return values[0]
        width = sum(value.width for value in values)
        whole = self.op("Concat", list(values), values[0].dtype, width, axis=1)
        if any(value.name in self.products for value in values):
            self.products[whole.name] = lambda matrix: self._by_parts(values, matrix)
        return whole

    def _by_parts(self, values: Sequence[Value], matrix: npt.NDArray[Any]) -> Value:
        """The product of blocks side by side, each with its own rows of the matrix."""
        ends = np.cumsum([value.width for value in values])
        parts = np.split(matrix, ends[:-1])
        products = [self.matmul(one, part) for one, part in zip(values, parts, strict=True)]
        return functools.reduce(lambda one, other: self.binary("Add", one, other), products)

    def take(self, value: Value, indices: Sequence[int]) -> Value:
        """Some features of [N, k], in this order; itself where that is all of them."""
        if list(indices) == list(range(value.width)):
            return value
        chosen = self.const([int(i) for i in indices], "int64")
        return self.op("Gather", [value, chosen], value.dtype, len(indices), axis=1)

    def build(self, outputs: Sequence[tuple[str, Value]]) -> Any:
        """The finished model; `outputs` are (name, value).

        Raises:
            Refused: `wide_text` where something reads a sparse block whole that is too wide for it.
            onnx.checker.ValidationError: the graph is not valid ONNX, which is our fault.
        """
        for name, value in outputs:
            node = helper.make_node("Identity", [value.name], [name], name=self.fresh("node"))
            self.nodes.append(node)
        self._prune({name for name, _ in outputs})
        graph = helper.make_graph(
            self.nodes,
            "crossport",
            [_info(value.name, value) for value in self.inputs],
            [_info(name, value) for name, value in outputs],
            self._constants(),
        )
        model = helper.make_model(graph, opset_imports=self._opsets(), ir_version=IR)
        model.producer_name = "crossport"
        onnx.checker.check_model(model)
        return model

    def _prune(self, needed: set[str]) -> None:
        """Leave out what nothing reads: a block of which only products were asked."""
        kept = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                needed.update(_reads(node))
                kept.append(node)
        self.nodes = kept[::-1]
        written = {name for node in kept for name in node.output}
        for name, cells in self.sparse.items():
            if name in written and cells.width > MOST_WIDE:
                raise Refused(
                    "wide_text",
                    f"The model's texts become {cells.width} columns, which one step needs as a "
                    f"whole table: {cells.width * 8 >> 20} MB a row. Limit them (max_features, "
                    "n_features), or put a linear model or naive Bayes straight behind them.",
                )

    def _constants(self) -> list[Any]:
        read = {name for node in self.nodes for name in _reads(node)}
        constants = [*self.initializers.values(), *self.extra_initializers]
        return [constant for constant in constants if constant.name in read]

    def _opsets(self) -> list[Any]:
        opsets = {"": self.opset} | ({ML: self.ml_opset} if self.ml_opset else {})
        for domain, version in self.domains.items():
            opsets[domain] = max(version, opsets.get(domain, 0))
        return [helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items())]


def _looks_like_one(number: float) -> bool:
    """Whether a number is 1 in float32, in which ONNX Runtime looks at it, and not in double."""
    return number != 1.0 and np.float32(number) == 1.0


def _reads(node: Any) -> set[str]:
    """What a node reads, also from within the graphs that it holds."""
    names = set(node.input)
    for attribute in node.attribute:
        for inner in (attribute.g, *attribute.graphs):
            for one in inner.node:
                names |= _reads(one)
            names.update(output.name for output in inner.output)
    return names


def _info(name: str, value: Value) -> Any:
    shape: list[str | int | None] = [BATCH] if value.width == 0 else [BATCH, value.width]
    return helper.make_tensor_value_info(name, ELEMENTS[value.dtype], shape)


def _plain(attribute: Any) -> Any:
    """Protobuf 7 refuses numpy's scalars, also inside lists."""
    if isinstance(attribute, np.generic):
        return attribute.item()
    if isinstance(attribute, list | tuple) and any(
        isinstance(one, np.generic) for one in attribute
    ):
        return [_plain(item) for item in attribute]
    return attribute
