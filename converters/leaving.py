"""What a verb has started and must not outlive it: its process leaves without Python's own end."""

from __future__ import annotations

import traceback
from collections.abc import Callable

_ends: list[Callable[[], object]] = []


def at_end(end: Callable[[], object]) -> None:
    """Have `end` called before this process leaves; the last one told is called first."""
    _ends.append(end)


def run() -> None:
    """Call all that was told, each once; what one of them raises is printed."""
    while _ends:
        try:
            _ends.pop()()
        except Exception:
            traceback.print_exc()
