"""Tells, of a child that a signal ended, whether it was the model's file that broke it."""

from __future__ import annotations

import signal

from converters.contract import LOADING

# How libraries break down on what they read. SIGILL is the machine's fault, SIGKILL a limit's.
SIGNALS = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE})
CODE = "model_unreadable"


def refusal(mark: bytes, number: int) -> str:
    """What to say of a child that a signal ended in the phase of this mark, by `CODE`.

    Empty in any phase but the loading, and for any other signal: that is a crash.
    """
    if mark != LOADING.encode() or number not in SIGNALS:
        return ""
    return (
        f"The library that reads the model's file broke down on it (signal {number}): the file is "
        "damaged, or saved by another version of the library. Load it where it was trained, and "
        "log it again from there."
    )
