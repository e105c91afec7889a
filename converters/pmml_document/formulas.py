"""Writes cells as PMML: derived fields for what is used twice or must be rounded, else in place."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from converters.errors import Refused
from converters.pmml_document.cells import BOOLEAN, DOUBLE, FLOAT, STRING, Cell, Table

# Elements inside one another, beyond which a part becomes a field of its own.
DEEPEST = 12
# JPMML answers these for missing arguments by a missing result; all others it refuses.
PASSES_MISSING = frozenset({"+", "-", "*", "/"})
# These may give NaN, which JPMML takes for an invalid result and ends the row with.
MAY_FAIL = frozenset({"/", "ln", "sqrt", "pow"})
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
PREFIX = "crossport:"


def number(value: float, dtype: str = DOUBLE) -> str:
    """A number that Java reads back to the same bits."""
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return str(np.float32(value)) if dtype == FLOAT else repr(float(value))


def text(value: str) -> str:
    """A text as an attribute, quotes included.

    Raises:
        Refused: `pmml_text` for characters that XML cannot carry.
    """
    if FORBIDDEN.search(value):
        raise Refused(
            "pmml_text",
            f"The text {value!r} holds a control character, which XML, and so PMML, cannot carry; "
            "clean the training data of it.",
        )
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def inside(value: str) -> str:
    """A text between two tags; see `text`."""
    text(value)
    return escape(value, {"\r": "&#13;"})


def spelt(value: Any, dtype: str) -> str:
    """A constant as PMML spells it, not yet escaped."""
    if dtype == BOOLEAN:
        return "true" if value else "false"
    return str(value) if dtype == STRING else number(float(value), dtype)


@dataclass
class Formulas:
    """The derived fields of a document, in an order in which each needs only earlier ones."""

    roots: Iterable[Cell]
    fields: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    uses: Counter[int] = field(default_factory=Counter)
    taken: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._count()

    def _count(self) -> None:
        """How often each cell is referred to; what guards a missing argument refers twice."""
        seen: set[int] = set()
        waiting = list(self.roots)
        for cell in waiting:
            self.uses[id(cell)] += 1
        while waiting:
            cell = waiting.pop()
            if id(cell) in seen:
                continue
            seen.add(id(cell))
            twice = _guards(cell)
            for one in cell.args:
                self.uses[id(one)] += 2 if twice and one.nullable else 1
                waiting.append(one)

    def expression(self, cell: Cell) -> str:
        """The cell as one element, after whatever fields it needs."""
        self._prepare(cell)
        return self._inline(cell, 0)

    def name(self, cell: Cell) -> str:
        """The name of a field that holds the cell."""
        self._prepare(cell)
        if cell.op == "field":
            return str(cell.value)
        if id(cell) not in self.names:
            self._define(cell)
        return self.names[id(cell)]

    def _prepare(self, root: Cell) -> None:
        """Define the fields below a cell, deepest first, without recursion into the whole graph."""
        stack: list[tuple[Cell, bool]] = [(root, False)]
        done: set[int] = set()
        while stack:
            cell, ready = stack.pop()
            if id(cell) in self.names or (id(cell) in done and not ready):
                continue
            if ready:
                if self._stands_alone(cell) and cell is not root:
                    self._define(cell)
                continue
            done.add(id(cell))
            stack.append((cell, True))
            stack += [(one, False) for one in reversed(cell.args)]

    def _stands_alone(self, cell: Cell) -> bool:
        if cell.op in ("field", "constant"):
            return False
        if cell.op in ("cast", "map") or cell.dtype == FLOAT:
            return True
        return self.uses[id(cell)] > 1 or self._height(cell) >= DEEPEST

    def _height(self, cell: Cell) -> int:
        """How deep the element would be, up to the fields that are already defined."""
        highest, level = 0, [cell]
        while level and highest < DEEPEST:
            highest += 1
            level = [
                one
                for parent in level
                for one in parent.args
                if id(one) not in self.names and one.op not in ("field", "constant")
            ]
        return highest

    def _define(self, cell: Cell) -> None:
        content = self._inline(cell, 0, top=True)
        place = len(self.names) + 1
        while (name := f"{PREFIX}{place}") in self.taken:
            place += 1
        self.names[id(cell)] = name
        kind = "continuous" if cell.dtype in (DOUBLE, FLOAT) else "categorical"
        self.fields.append(
            f'<DerivedField name="{name}" optype="{kind}" dataType="{cell.dtype}">'
            f"{content}</DerivedField>"
        )

    def _inline(self, cell: Cell, depth: int, top: bool = False) -> str:
        if cell.op == "field":
            return f"<FieldRef field={text(cell.value)}/>"
        if cell.op == "constant":
            return _constant(cell)
        if id(cell) in self.names and not top:
            return f'<FieldRef field="{self.names[id(cell)]}"/>'
        parts = [self._inline(one, depth + 1) for one in cell.args]
        if cell.op == "cast":
            return parts[0]
        if cell.op == "map":
            return _map_values(cell.value, self.name(cell.args[0]), cell.dtype)
        return _guarded(cell, parts, _element(cell, parts))


def _guards(cell: Cell) -> bool:
    return cell.op not in PASSES_MISSING | {"if", "isMissing", "map", "cast"}


def _apply(function: str, *parts: str) -> str:
    extra = ' invalidValueTreatment="asMissing"' if function in MAY_FAIL else ""
    return f'<Apply function="{escape(function)}"{extra}>{"".join(parts)}</Apply>'


def _constant(cell: Cell) -> str:
    if cell.nullable:
        return f'<Constant dataType="{cell.dtype}" missing="true"/>'
    spelling = spelt(cell.value, cell.dtype)
    return f'<Constant dataType="{cell.dtype}">{inside(spelling)}</Constant>'


def _element(cell: Cell, parts: list[str]) -> str:
    if cell.op != "dot":
        return _apply(cell.op, *parts)
    terms = [
        part if factor == 1.0 else _apply("*", part, _factor(factor, cell.dtype))
        for part, factor in zip(parts, cell.value, strict=True)
    ]
    return terms[0] if len(terms) == 1 else _apply("sum", *terms)


def _factor(factor: float, dtype: str) -> str:
    return f'<Constant dataType="{dtype}">{number(factor, dtype)}</Constant>'


def _guarded(cell: Cell, parts: list[str], element: str) -> str:
    """The element where no argument is missing, else nothing, or false for a comparison."""
    if not _guards(cell):
        return element
    unsure = [part for one, part in zip(cell.args, parts, strict=True) if one.nullable]
    if not unsure:
        return element
    if cell.dtype == BOOLEAN:
        gone = [_apply("isMissing", part) for part in dict.fromkeys(unsure)]
        condition = gone[0] if len(gone) == 1 else _apply("or", *gone)
        no = f'<Constant dataType="{BOOLEAN}">false</Constant>'
        return _apply("if", condition, no, element)
    there = [_apply("isNotMissing", part) for part in dict.fromkeys(unsure)]
    condition = there[0] if len(there) == 1 else _apply("and", *there)
    return _apply("if", condition, element)


def _map_values(table: Table, name: str, dtype: str) -> str:
    attributes = f'outputColumn="data:output" dataType="{dtype}"'
    if table.missing is not None:
        attributes += f" mapMissingTo={text(spelt(table.missing, dtype))}"
    if table.default is not None:
        attributes += f" defaultValue={text(spelt(table.default, dtype))}"
    rows = []
    for key, value in table.rows:
        if value is None:
            continue
        told = key if isinstance(key, str) else number(float(key))
        rows.append(
            f"<row><data:input>{inside(told)}</data:input>"
            f"<data:output>{inside(spelt(value, dtype))}</data:output></row>"
        )
    pair = f'<FieldColumnPair field={text(name)} column="data:input"/>'
    return f"<MapValues {attributes}>{pair}<InlineTable>{''.join(rows)}</InlineTable></MapValues>"
