"""Keeps a worker's own environment and memory from the children that run under its account."""

from __future__ import annotations

import ctypes
import os

PR_SET_DUMPABLE = 4  # linux/prctl.h


def hide_process() -> None:
    """Close `/proc/PID/environ` and `mem` of this process, and ptrace, to its own account.

    DATABASE_URL and SECRET_KEY stand in the environment; where the host allows no namespaces,
    nothing else keeps a model from reading them there. Root is not held by it (prctl(2), proc(5)).

    Raises:
        OSError: the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
