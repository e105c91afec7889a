"""Arithmetic on values of a graph, written as arithmetic: `a * 2.0 + b` adds a Mul and an Add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.graph import Graph, Value


@dataclass(frozen=True, eq=False)
class Formula:
    """One [N, k] value of a graph, with Python's operators.

    The other operand is a formula of the same dtype, or a constant: one number, or one a column.
    """

    graph: Graph
    value: Value

    # numpy must leave `array - formula` to the formula instead of going through the array.
    __array_ufunc__ = None

    def __add__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Add", self, other)

    def __sub__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Sub", self, other)

    def __mul__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Mul", self, other)

    def __truediv__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Div", self, other)

    def __pow__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Pow", self, other)

    def __radd__(self, other: npt.ArrayLike) -> Formula:
        return self._binary("Add", other, self)

    def __rsub__(self, other: npt.ArrayLike) -> Formula:
        return self._binary("Sub", other, self)

    def __rmul__(self, other: npt.ArrayLike) -> Formula:
        return self._binary("Mul", other, self)

    def __rtruediv__(self, other: npt.ArrayLike) -> Formula:
        return self._binary("Div", other, self)

    def __rpow__(self, other: npt.ArrayLike) -> Formula:
        return self._binary("Pow", other, self)

    def __neg__(self) -> Formula:
        return self.call("Neg")

    def __lt__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Less", self, other, "bool")

    def __le__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("LessOrEqual", self, other, "bool")

    def __gt__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Greater", self, other, "bool")

    def __ge__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("GreaterOrEqual", self, other, "bool")

    def equals(self, other: Formula | npt.ArrayLike) -> Formula:
        """Elementwise equality, a bool formula."""
        return self._binary("Equal", self, other, "bool")

    def __and__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("And", self, other, "bool")

    def __or__(self, other: Formula | npt.ArrayLike) -> Formula:
        return self._binary("Or", self, other, "bool")

    def __invert__(self) -> Formula:
        return self.call("Not")

    def call(self, kind: str) -> Formula:
        """One operator that keeps dtype and width: Exp, Log, Sqrt, Abs …"""
        return Formula(self.graph, self.graph.unary(kind, self.value))

    def is_nan(self) -> Formula:
        """Where the value is NaN."""
        return Formula(self.graph, self.graph.op("IsNaN", [self.value], "bool", self.value.width))

    def is_inf(self) -> Formula:
        """Where the value is infinite, either way."""
        return Formula(self.graph, self.graph.op("IsInf", [self.value], "bool", self.value.width))

    def where(self, yes: Formula | npt.ArrayLike, no: Formula | npt.ArrayLike) -> Formula:
        """Of a bool formula: `yes` where it holds, else `no`; one of them is a formula."""
        like = yes if isinstance(yes, Formula) else no
        if not isinstance(like, Formula):
            raise TypeError("one branch must be a formula, which tells the dtype")
        dtype = like.value.dtype
        operands = [self.value, self._operand(yes, dtype), self._operand(no, dtype)]
        width = max(self.value.width, _width(yes), _width(no))
        return Formula(self.graph, self.graph.op("Where", operands, dtype, width))

    def cast(self, dtype: str) -> Formula:
        """The same numbers in another dtype."""
        return Formula(self.graph, self.graph.cast(self.value, dtype))

    def reduce(self, kind: str) -> Formula:
        """Over the columns: [N, k] to [N, 1]."""
        return Formula(self.graph, self.graph.reduce(kind, self.value))

    def take(self, places: list[int]) -> Formula:
        """Some columns."""
        return Formula(self.graph, self.graph.take(self.value, places))

    def _operand(
        self, item: Formula | npt.ArrayLike, dtype: str, factor: bool = False
    ) -> Value | str:
        if isinstance(item, Formula):
            return item.value
        if factor and np.size(item) == 1:
            return self.graph.factor(self.value, item)
        array = np.asarray(item)
        return self.graph.const(array.reshape(1, -1) if array.ndim < 2 else array, dtype)

    def _binary(
        self,
        kind: str,
        left: Formula | npt.ArrayLike,
        right: Formula | npt.ArrayLike,
        dtype: str = "",
    ) -> Formula:
        own = self.value.dtype
        operands = [self._operand(item, own, kind in ("Mul", "Div")) for item in (left, right)]
        width = max(_width(left), _width(right))
        return Formula(self.graph, self.graph.op(kind, operands, dtype or own, width))


def _width(item: Formula | npt.ArrayLike) -> int:
    if isinstance(item, Formula):
        return item.value.width
    shape = np.shape(item)
    return shape[-1] if shape else 1
