"""How far a convert child has come, marked in its folder, so that its end tells whose fault it is.

A library may end the whole process on a damaged file, by a signal and without a report. Only then
is the mark read; the model's own code may write it too, which gains it another word for its end.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from converters.errors import Refused
from converters.steps.jobdir import timed

FILE = "phase"
LOAD = "load"
# How libraries break down on what they read. SIGILL is the machine's fault, SIGKILL a limit's.
BROKE_DOWN = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE})


@contextmanager
def phase(folder: Path, seconds: dict[str, float], name: str) -> Iterator[None]:
    """Mark in `folder` that this phase has begun, and record its seconds."""
    (folder / FILE).write_text(name, encoding="ascii")
    with timed(seconds, name):
        yield


def ended(folder: Path) -> None:
    """Take the mark away: the step ended by itself, and its report says how."""
    with suppress(OSError):  # a folder of that name, which only the model's own code makes
        (folder / FILE).unlink(missing_ok=True)


def refusal(mark: bytes, number: int) -> Refused | None:
    """What to say of a child that a signal ended in the phase of this mark.

    Returns:
        `model_unreadable` where a library broke down while it read the model; None for any other
        phase or signal, which is a crash.
    """
    if mark != LOAD.encode() or number not in BROKE_DOWN:
        return None
    return Refused(
        "model_unreadable",
        f"The library that reads the model's file broke down on it (signal {number}): the file is "
        "damaged, or saved by another version of the library. Load it where it was trained, and "
        "log it again from there.",
    )
