"""What a command prints: JSON or aligned tables on stdout, progress and sentences on stderr."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

# A column narrower than this is better left to the terminal.
ROOM_LEAST = 20


def say(text: str) -> None:
    """One line for people, on stderr."""
    print(clean(text), file=sys.stderr, flush=True)


def emit(document: Any) -> None:
    """The command's result for programs: one JSON document on stdout."""
    print(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=False))


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under their heads, aligned, on stdout.

    The last column is not padded; on a terminal its words go on under its head.
    """
    cells = [[clean(str("" if cell is None else cell)) for cell in row] for row in rows]
    lines = [list(heads), *cells]
    widths = [max(width(line[i]) for line in lines) for i in range(len(heads))]
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = shutil.get_terminal_size().columns - before if sys.stdout.isatty() else 0
    for line in lines:
        padded = [cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(line[:-1])]
        for at, part in enumerate(_folded(line[-1], room)):
            start = "  ".join([*padded, ""]) if at == 0 else " " * before
            print(f"{start}{part}".rstrip())


def _folded(text: str, room: int) -> list[str]:
    """The lines of a cell; one line where there is no terminal, or too little room to fold in."""
    return (textwrap.wrap(text, room) if room >= ROOM_LEAST else []) or [text]


def facts(pairs: Sequence[tuple[str, object]]) -> None:
    """Names and values, one a line, on stdout; empty values are left out."""
    shown = [(name, clean(str(value))) for name, value in pairs if value not in (None, "")]
    wide = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        print(f"{name.ljust(wide)}  {value}")


def size(count: int) -> str:
    """Bytes for people: `1.2 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def clean(text: str) -> str:
    """`text` on one line and without control characters: names come from strangers' registries."""
    return "".join(
        " " if char in "\n\r\t" else char
        for char in text
        if char in "\n\r\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )


def width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    wide = sum(1 for char in text if unicodedata.east_asian_width(char) in "WF")
    narrow = sum(1 for char in text if unicodedata.combining(char))
    return len(text) + wide - narrow
