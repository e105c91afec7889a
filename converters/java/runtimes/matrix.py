"""A booster's own library: rows go in as one array of numbers, answers come as one of doubles."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from string import Template
from typing import ClassVar

from converters.java.inputs import fed, value_of
from converters.java.plan import Answer, Plan
from converters.java.runtimes.runtime import Pinned, Source

# What one call's rows may take, and the most that are scored in one call.
BUFFER_BYTES = 8 << 20
MOST_ROWS = 4096
_IMPORTS = (
    "java.io.IOException",
    "java.nio.file.Files",
    "java.nio.file.Path",
    "java.util.ArrayList",
    "java.util.List",
    "java.util.concurrent.locks.ReadWriteLock",
    "java.util.concurrent.locks.ReentrantReadWriteLock",
)
_WIDTH = """\
  private static final int WIDTH = $width;
"""
_PUT = """\
  /** Writes this row's values from a place on, in the model's order; NaN where missing. */
  void put({kind}[] to, int at) {{"""
_MANY = Template("""\
$head
    int next = at;
    for (int position : POSITIONS) {
      boolean real = TYPES.charAt(position) == 'd' || TYPES.charAt(position) == 'f';
      to[next++] = real ? ${real}reals[position] : ($kind) wholes[position];
    }
  }

""")


class Native(Pinned):
    """A booster's library with code of its own for each platform, pinned with our other jars.

    It may read less than the library that judges; then a bundle comes without Java.
    """

    def output_imports(self) -> set[str]:
        """An array is read."""
        return set()

    def read(self, plan: Plan) -> str:
        """One row of the answers of many, row after row."""
        name = f"{plan.prefix}Output"
        (answer,) = plan.answers
        return (
            f"  static {name} read(double[] answers, int row) {{\n"
            f"    return new {name}({_read(answer)});\n  }}\n"
        )

    def model(
        self,
        plan: Plan,
        row_bytes: int,
        imports: Sequence[str],
        parts: Mapping[str, str],
        names: Mapping[str, str],
    ) -> list[Source]:
        """The model's class.

        row_bytes: what a row takes. imports: this library's classes. parts: what it does itself,
        in which `names` are filled in.
        """
        rows = max(1, min(MOST_ROWS, BUFFER_BYTES // max(1, row_bytes)))
        own = {"prefix": plan.prefix, **names}
        filled = {name: Template(code).substitute(own) for name, code in parts.items()}
        needed = sorted([*_IMPORTS, *imports])
        filled["imports"] = "".join(f"import {name};\n" for name in needed)
        return [Source("Model", "NativeModel.java", filled | {"most_rows": str(rows)})]


class Matrix(Native):
    """A library that takes one matrix of numbers.

    kind: the Java type of one number, of `cell` bytes. parts: what the model's class does by the
    library: parts of its template.
    """

    kind: str
    cell: int
    parts: ClassVar[Mapping[str, str]]

    def input_imports(self, shape: str) -> list[str]:
        """An array is filled."""
        return []

    def record_put(self, plan: Plan) -> tuple[str, list[str]]:
        """Each component at its place."""
        (feed,) = plan.feeds
        lines = [
            f"to[{f'at + {place}' if place else 'at'}] = {fed(field, feed.dtype)};"
            for place, field in enumerate(feed.fields)
        ]
        return self._head(), lines

    def many_put(self, plan: Plan) -> str:
        """One loop over the columns."""
        real = "" if self.kind == "double" else f"({self.kind}) "
        return _MANY.substitute(head=self._head(), kind=self.kind, real=real)

    def tensor_put(self, plan: Plan) -> str:
        """One loop over the values."""
        (feed,) = plan.feeds
        (field,) = feed.fields
        value = value_of(f"{field.name}[i]", field, feed.dtype)
        return (
            f"{self._head()}\n    for (int i = 0; i < WIDTH; i++) {{\n"
            f"      to[at + i] = {value};\n    }}\n  }}\n"
        )

    def sources(self, plan: Plan) -> list[Source]:
        """The model's class."""
        width = sum(feed.width for feed in plan.feeds)
        names = {"width": str(width), **self.fills(plan)}
        parts = {"constants": _WIDTH, **self.parts}
        return self.model(plan, self.cell * width, self.classes(plan), parts, names)

    @abstractmethod
    def classes(self, plan: Plan) -> tuple[str, ...]:
        """Those of the library that the model's class names."""

    def fills(self, plan: Plan) -> dict[str, str]:
        """What else is filled into the parts."""
        return {}

    def _head(self) -> str:
        return _PUT.format(kind=self.kind)


def _read(answer: Answer) -> str:
    width = answer.output.width
    if answer.array:
        return f"Arrays.copyOfRange(answers, row * {width}, row * {width} + {width})"
    return "answers[row]" if answer.type == "double" else f"({answer.type}) answers[row]"
