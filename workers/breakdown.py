"""Tells, of a child that a signal ended, whether it was the model that broke it."""

from __future__ import annotations

import signal

from converters.contract import ASKING, LOADING

# How libraries break down on what they read. SIGILL is the machine's fault, SIGKILL a limit's.
SIGNALS = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE})
CODE = "model_unreadable"


def refusal(mark: bytes, number: int) -> str:
    """What to say of a child that a signal ended while it was marked so, by `CODE`.

    Empty where neither the model's file was read nor the model itself asked, and for any other
    signal: that is a crash.
    """
    if number not in SIGNALS:
        return ""
    if mark == LOADING.encode():
        return (
            f"The library that reads the model's file broke down on it (signal {number}): the file "
            "is damaged, or saved by another version of the library. Load it where it was trained, "
            "and log it again from there."
        )
    if mark == ASKING.encode():
        return (
            f"The model's own library broke down when the model was asked (signal {number}): what "
            "it learned does not hold together, or was saved by another version of the library. "
            "Call predict on a few rows where it was trained, and log it again from there."
        )
    return ""
