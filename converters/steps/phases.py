"""How far a convert child has come, marked in its folder, so that its end tells whose fault it is.

A library may end the whole process on a damaged file, by a signal and without a report. Only then
is the mark read; the model's own code may write it too, which gains it another word for its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from converters.contract import ASKING, PHASE_FILE
from converters.steps.jobdir import timed


@contextmanager
def phase(folder: Path, seconds: dict[str, float], name: str) -> Iterator[None]:
    """Mark in `folder` that this phase has begun, and record its seconds."""
    (folder / PHASE_FILE).write_text(name, encoding="ascii")
    with timed(seconds, name):
        yield


@contextmanager
def original_asked(folder: Path) -> Iterator[None]:
    """Mark that the original itself is at work, whatever the phase; then the phase's mark again."""
    path, before = folder / PHASE_FILE, b""
    with suppress(OSError):  # as in `ended`
        before = path.read_bytes()
        path.write_text(ASKING, encoding="ascii")
    try:
        yield
    finally:
        with suppress(OSError):
            path.write_bytes(before)


def ended(folder: Path) -> None:
    """Take the mark away: the step ended by itself, and its report says how."""
    with suppress(OSError):  # a folder of that name, which only the model's own code makes
        (folder / PHASE_FILE).unlink(missing_ok=True)
