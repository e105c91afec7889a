"""Scalar formulas of one row: what a PMML document computes, as a graph that shares its parts.

NaN has no place in PMML: a missing value stands for it. So every cell knows whether it may be
missing, and formulas that JPMML does not answer for missing values are guarded where it may.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from converters.errors import Refused

DOUBLE, FLOAT, BOOLEAN, STRING = "double", "float", "boolean", "string"
# numpy's dtypes and what carries them; JPMML's integers are of 32 bits, doubles hold 53.
TYPES = {
    "float64": DOUBLE,
    "float32": FLOAT,
    "int64": DOUBLE,
    "int32": DOUBLE,
    "bool": BOOLEAN,
    "string": STRING,
}
# How many terms one document may hold: JPMML evaluates some million of them in a second, and the
# rows of a proof are a thousand and more.
MOST_TERMS = 200_000

# How many values a domain may have, and how far below a cell it is looked for.
MOST_VALUES = 5000
DEEPEST = 30

Key = tuple[Any, ...]


@dataclass(eq=False)
class Cell:
    """One scalar.

    Attributes:
        op: `constant`, `field`, a PMML function, or one of `dot`, `map`, `cast`.
        dtype: double, float, boolean or string.
        args: the cells that it is computed from.
        value: a constant's value, a field's name, a dot's coefficients, a map's table.
        nullable: whether it may be missing.
        domain: all values that it may have, where they are few and known.
    """

    op: str
    dtype: str
    args: tuple[Cell, ...] = ()
    value: Any = None
    nullable: bool = False
    domain: frozenset[float] | None = None

    @property
    def is_constant(self) -> bool:
        return self.op == "constant"


@dataclass(frozen=True)
class Table:
    """A lookup: `rows` maps texts or numbers to values.

    Attributes:
        rows: key and value; a value of None is a missing one.
        default: the value for keys that are not in `rows`, None for a missing one.
        missing: the value for a missing key.
    """

    rows: tuple[tuple[Any, Any], ...]
    default: Any
    missing: Any


@dataclass
class Cells:
    """Makes cells; equal ones are made once."""

    known: dict[Key, Cell] = field(default_factory=dict)
    terms: int = 0
    domains: dict[int, frozenset[float] | None] = field(default_factory=dict)

    def _made(
        self, op: str, dtype: str, args: Sequence[Cell], value: Any, nullable: bool, key: Key
    ) -> Cell:
        whole = (op, dtype, *(id(one) for one in args), *key)
        found = self.known.get(whole)
        if found is None:
            rows = len(value.rows) if isinstance(value, Table) else 0
            self.terms += 0 if op == "constant" else 1 + len(args) + rows
            if self.terms > MOST_TERMS:
                raise Refused(
                    "pmml_size",
                    f"This model's formulas have more than {MOST_TERMS} terms, which no PMML "
                    "engine answers in time; make the model smaller, for instance with fewer "
                    "features, training rows, neighbours or support vectors.",
                )
            found = self.known[whole] = Cell(op, dtype, tuple(args), value, nullable)
        return found

    def constant(self, value: Any, dtype: str) -> Cell:
        """A constant; NaN is a constant that is missing."""
        if dtype == STRING:
            return self._made("constant", dtype, (), str(value), False, (str(value),))
        if dtype == BOOLEAN:
            return self._made("constant", dtype, (), bool(value), False, (bool(value),))
        number = float(np.float32(value)) if dtype == FLOAT else float(value)
        key = (number.hex(),)
        return self._made("constant", dtype, (), number, math.isnan(number), key)

    def field(self, name: str, dtype: str, nullable: bool) -> Cell:
        """A field of the data, or one that a segment gives."""
        return self._made("field", dtype, (), name, nullable, (name,))

    def domain(self, cell: Cell, depth: int = 0) -> frozenset[float] | None:
        """All values that a number may have, where they are few and known."""
        if cell.dtype not in (DOUBLE, FLOAT) or cell.domain is not None:
            return cell.domain
        if id(cell) not in self.domains:
            if depth >= DEEPEST:
                return None
            self.domains[id(cell)] = self._domain(cell, depth + 1)
        return self.domains[id(cell)]

    def _domain(self, cell: Cell, depth: int) -> frozenset[float] | None:
        if cell.is_constant:
            return frozenset([cell.value])
        if cell.op == "map":
            values = [value for _, value in cell.value.rows] + [cell.value.default]
            values += [cell.value.missing] if cell.args[0].nullable else []
            return frozenset(values) if None not in values and not cell.nullable else None
        known = [self.domain(one, depth) for one in cell.args if one.dtype in (DOUBLE, FLOAT)]
        found = [one for one in known if one is not None]
        if len(found) < len(known) or cell.nullable:
            return None
        if cell.op == "cast" and cell.dtype == DOUBLE:
            return found[0]
        if cell.op in ("if", "min", "max"):
            return frozenset().union(*found)
        if cell.op == "+" and len(found[0]) * len(found[1]) <= MOST_VALUES:
            return frozenset(a + b for a in found[0] for b in found[1])
        if cell.op == "dot" and len(found) <= MOST_VALUES and _counts(cell, found):
            return frozenset(float(count) for count in range(len(found) + 1))
        return None

    def whole(self, cell: Cell, depth: int = 0) -> bool:
        """Whether a number is known to have no fraction."""
        if cell.op == "rint" or depth >= DEEPEST:
            return cell.op == "rint"
        domain = self.domain(cell)
        if domain is not None:
            return all(float(value).is_integer() for value in domain)
        if cell.op == "if":
            # What `pmml_document.operators.floored` makes, and little else.
            return all(self.whole(one, DEEPEST) or _less_one(one) for one in cell.args[1:])
        return cell.op == "cast" and self.whole(cell.args[0], depth + 1)

    def cast(self, cell: Cell, dtype: str) -> Cell:
        """The same value in another type."""
        if cell.dtype == dtype:
            return cell
        if cell.is_constant and STRING not in (cell.dtype, dtype):
            return self.constant(cell.value, dtype)
        if cell.dtype == BOOLEAN:
            return self.choose(cell, self.constant(1, dtype), self.constant(0, dtype))
        if dtype == BOOLEAN:
            zero = self.constant(0, cell.dtype)
            return self.opposite(self.compare("equal", cell, zero))
        return self._made("cast", dtype, (cell,), None, cell.nullable, ())

    def apply(self, function: str, dtype: str, *args: Cell, nullable: bool = False) -> Cell:
        """A PMML function of numbers; missing where an argument is.

        nullable: the function itself may give NaN, as a logarithm does.
        """
        if all(one.is_constant for one in args) and (folded := _folded(function, args)) is not None:
            return self.constant(folded, dtype)
        missing = nullable or any(one.nullable for one in args)
        return self._made(function, dtype, args, None, missing, ())

    def compare(self, function: str, left: Cell, right: Cell) -> Cell:
        """A comparison; false where a side is missing, as with NaN."""
        if left.dtype == STRING and left.is_constant:
            left, right = right, left
        if left.is_constant and right.is_constant:
            return self.constant(_compared(function, left.value, right.value), BOOLEAN)
        if any(one.is_constant and one.nullable for one in (left, right)):
            return self.constant(False, BOOLEAN)
        return self._made(function, BOOLEAN, (left, right), None, False, ())

    def missing(self, cell: Cell) -> Cell:
        """Whether a value is missing."""
        if cell.is_constant or not cell.nullable:
            return self.constant(cell.nullable, BOOLEAN)
        return self._made("isMissing", BOOLEAN, (cell,), None, False, ())

    def both(self, left: Cell, right: Cell) -> Cell:
        """Logical and."""
        for one, other in ((left, right), (right, left)):
            if one.is_constant:
                return other if one.value else one
        return self._made("and", BOOLEAN, (left, right), None, False, ())

    def either(self, left: Cell, right: Cell) -> Cell:
        """Logical or."""
        for one, other in ((left, right), (right, left)):
            if one.is_constant:
                return one if one.value else other
        return self._made("or", BOOLEAN, (left, right), None, False, ())

    def opposite(self, cell: Cell) -> Cell:
        """Logical not."""
        if cell.is_constant:
            return self.constant(not cell.value, BOOLEAN)
        if cell.op == "not":
            return cell.args[0]
        return self._made("not", BOOLEAN, (cell,), None, False, ())

    def choose(self, condition: Cell, yes: Cell, no: Cell) -> Cell:
        """`yes` where the condition holds, else `no`."""
        if condition.is_constant:
            return yes if condition.value else no
        if yes is no:
            return yes
        filled = condition.op == "isMissing" and condition.args[0] is no
        nullable = yes.nullable or (no.nullable and not filled)
        return self._made("if", yes.dtype, (condition, yes, no), None, nullable, ())

    def dot(self, cells: Sequence[Cell], factors: Sequence[float], dtype: str) -> Cell:
        """The sum of products; factors of zero are left out."""
        pairs = [(c, float(f)) for c, f in zip(cells, factors, strict=True) if float(f) != 0.0]
        if not pairs:
            return self.constant(0.0, dtype)
        kept, numbers = zip(*pairs, strict=True)
        key = tuple(number.hex() for number in numbers)
        missing = any(one.nullable for one in kept)
        return self._made("dot", dtype, kept, numbers, missing, key)

    def total(self, cells: Sequence[Cell], dtype: str) -> Cell:
        """The sum of cells."""
        if len(cells) == 1:
            return cells[0]
        return self.dot(cells, [1.0] * len(cells), dtype)

    def lookup(self, cell: Cell, table: Table, dtype: str) -> Cell:
        """The value that a table has for a text or a whole number."""
        values = [value for _, value in table.rows] + [table.default]
        nullable = any(value is None for value in values) or (
            cell.nullable and table.missing is None
        )
        key = (table.rows, table.default, table.missing)
        return self._made("map", dtype, (cell,), table, nullable, key)


def _less_one(cell: Cell) -> bool:
    """Whether a cell is a rounded number less a whole one."""
    if cell.op != "-":
        return False
    number, less = cell.args
    return number.op == "rint" and less.is_constant and float(less.value).is_integer()


def _counts(cell: Cell, domains: Sequence[frozenset[float]]) -> bool:
    """Whether a sum adds ones and zeros."""
    return all(one <= {0.0, 1.0} for one in domains) and set(cell.value) == {1.0}


def _folded(function: str, args: Sequence[Cell]) -> float | None:
    """What a function of constants gives, where that is worth knowing."""
    ways: dict[str, Any] = {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "max": np.maximum,
        "min": np.minimum,
        "exp": np.exp,
        "ln": np.log,
        "sqrt": np.sqrt,
        "abs": np.abs,
        "pow": np.power,
    }
    if function not in ways or (len(args) > 2):
        return None
    kind = np.float32 if args[0].dtype == FLOAT else np.float64
    with np.errstate(all="ignore"):
        return float(ways[function](*(kind(one.value) for one in args)))


def _compared(function: str, left: Any, right: Any) -> bool:
    ways: dict[str, Any] = {
        "equal": lambda a, b: a == b,
        "lessThan": lambda a, b: a < b,
        "lessOrEqual": lambda a, b: a <= b,
        "greaterThan": lambda a, b: a > b,
        "greaterOrEqual": lambda a, b: a >= b,
    }
    return bool(ways[function](left, right))
