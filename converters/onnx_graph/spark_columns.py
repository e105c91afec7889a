"""The columns of a Spark table inside a graph, and what its stages reveal about the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.graph import Graph, Value

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """Where a number comes from: `slope` times the input `source`, and `shift`.

    source: a signature column's name, or the place in the tensor as text.
    """

    source: str
    slope: float = 1.0
    shift: float = 0.0

    def back(self, points: npt.ArrayLike) -> Floats:
        """The input's values at which this number has these values."""
        with np.errstate(all="ignore"):
            found: Floats = (np.asarray(points, np.float64) - self.shift) / self.slope
        return found[np.isfinite(found)]


Traces = tuple[Trace | None, ...]


@dataclass
class Hints:
    """What is known of each input: where the model changes its mind, and its categories.

    unseen: the inputs whose stages answer categories that they have not learned.
    """

    points: dict[str, list[Floats]] = field(default_factory=dict)
    categories: dict[str, list[str]] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)

    def add(self, traces: Traces, points: Sequence[npt.ArrayLike]) -> None:
        """Note points of some slots, one list a slot."""
        for trace, values in zip(traces, points, strict=False):
            if trace is not None and np.size(values):
                self.points.setdefault(trace.source, []).append(trace.back(values))


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        value: [N, k]; a vector's slots and computed numbers are double, an input has its own dtype.
        is_vector: a vector to Spark, even of one slot.
        traces: where each slot comes from.
        labels: of an index, the texts that it stands for; empty where nobody knows.
        kind: what a model's output is: label, probabilities, scores, values; empty for features.
        classes: of a model's output.
    """

    value: Value
    is_vector: bool = False
    traces: Traces = ()
    labels: tuple[str, ...] = ()
    kind: str = ""
    classes: tuple[Any, ...] = ()

    @property
    def width(self) -> int:
        return self.value.width

    def traced(self) -> Traces:
        """The traces, one a slot."""
        return self.traces if len(self.traces) == self.width else (None,) * self.width


@dataclass
class Table:
    """The table as the stages so far left it.

    Attributes:
        columns: by name.
        broken: [N, 1] each: rows that Spark refuses or leaves out, for which there is no answer.
        hints: what the stages reveal.
    """

    graph: Graph
    columns: dict[str, Column] = field(default_factory=dict)
    broken: list[Value] = field(default_factory=list)
    hints: Hints = field(default_factory=Hints)

    def column(self, name: str) -> Column:
        """A column by its name, as Spark finds it: letters' case does not count.

        Raises:
            Refused: `column_missing`.
        """
        if name in self.columns:
            return self.columns[name]
        alike = [one for one in self.columns if one.lower() == name.lower()]
        if len(alike) != 1:
            raise Refused(
                "column_missing",
                f"The pipeline reads a column {name!r} that its signature does not have; log it "
                "again with a signature of all columns that it was trained on.",
            )
        return self.columns[alike[0]]

    def number(self, name: str) -> Column:
        """A column of numbers as double, [N, 1]; a vector as it is.

        Raises:
            Refused: `column_missing`; `strings_not_encoded` for text.
        """
        column = self.column(name)
        if column.value.dtype == "string":
            raise Refused(
                "strings_not_encoded",
                f"The pipeline computes with column {name!r}, which holds text in its signature; "
                "log it with the signature of its training data.",
            )
        return replace(column, value=self.graph.cast(column.value, "float64"))

    def formula(self, name: str) -> Formula:
        """`number` as a formula."""
        return Formula(self.graph, self.number(name).value)

    def refuse_where(self, condition: Value) -> None:
        """Note rows that Spark has no answer for, [N, k] bool: where any column holds."""
        if condition.width > 1:
            count = self.graph.reduce("ReduceMax", self.graph.cast(condition, "float64"))
            condition = self.graph.compare("Greater", count, np.zeros((1, 1)))
        self.broken.append(condition)

    def is_broken(self) -> Value | None:
        """[N, 1] bool: rows without an answer; None where there are none."""
        whole = None
        for one in self.broken:
            whole = one if whole is None else self.graph.op("Or", [whole, one], "bool", 1)
        return whole


def vector(value: Value, traces: Traces = ()) -> Column:
    """A vector column."""
    return Column(value, is_vector=True, traces=traces)
