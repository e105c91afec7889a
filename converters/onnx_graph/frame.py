"""What flows between estimators: columns with names, spread over values of several dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converters.onnx_graph.graph import Graph, Value


@dataclass(frozen=True)
class Frame:
    """A table inside the graph.

    Attributes:
        values: [N, k] blocks, side by side.
        names: one a column; empty where columns have none.
    """

    values: tuple[Value, ...]
    names: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return sum(value.width for value in self.values)

    @property
    def dtypes(self) -> list[str]:
        """One a column."""
        return [value.dtype for value in self.values for _ in range(value.width)]

    @property
    def has_strings(self) -> bool:
        return any(value.dtype == "string" for value in self.values)

    def place(self, index: int) -> tuple[Value, int]:
        """The block that holds a column, and its place there."""
        for value in self.values:
            if index < value.width:
                return value, index
            index -= value.width
        raise IndexError(f"column {index} of {self.width}")

    def take(self, graph: Graph, indices: Sequence[int]) -> Frame:
        """Some columns, in this order; neighbours of one block stay one block."""
        groups: list[tuple[Value, list[int]]] = []
        for index in indices:
            value, place = self.place(index)
            if groups and groups[-1][0] == value:
                groups[-1][1].append(place)
            else:
                groups.append((value, [place]))
        names = tuple(self.names[index] for index in indices) if self.names else ()
        return Frame(tuple(graph.take(value, places) for value, places in groups), names)

    def column(self, graph: Graph, index: int) -> Value:
        """One column as [N, 1]."""
        value, place = self.place(index)
        return graph.take(value, [place])

    def numbers(self, graph: Graph, dtype: str = "") -> Value:
        """All columns as one block of floats.

        Without a dtype, the one that scikit-learn's check_array gives: what numpy promotes the
        columns to where that is float32 or float64, else float64.
        """
        wanted = dtype or self.float_dtype
        return graph.concat([graph.cast(value, wanted) for value in self.values])

    def promoted(self, graph: Graph) -> Value:
        """All columns as one block of the dtype that numpy promotes them to: whole stays whole.

        A DataFrame of booleans beside other numbers is an array of objects, which scikit-learn
        reads as doubles.
        """
        kinds = set(self.dtypes)
        mixed = "bool" in kinds and len(kinds) > 1
        found = "float64" if mixed else str(np.result_type(*(np.dtype(kind) for kind in kinds)))
        return graph.concat([graph.cast(value, found) for value in self.values])

    @property
    def float_dtype(self) -> str:
        found = np.result_type(*(np.dtype(value.dtype) for value in self.values))
        return "float32" if found == np.float32 else "float64"
