"""How far this host lets a child be confined, asked once a process."""

from __future__ import annotations

import functools
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

CONFINE = Path(__file__).with_name("confine.py")

_PROBE = """
import runpy, sys
confine = runpy.run_path(sys.argv[1])
confine["unshare"](confine["CLONE_NEWUSER"] | confine["CLONE_NEWNET"] | confine["CLONE_NEWIPC"]
                   | confine["CLONE_NEWPID"])
"""


class Level(StrEnum):
    """How children are confined here, in words for the log."""

    NAMESPACES = (
        "limits, and namespaces of its own: no network, no sight of other processes' secrets"
    )
    LIMITS = "limits only: this host allows no user namespaces, so the network is not cut"


@functools.cache
def level() -> Level:
    """The strongest level that works on this host for this account."""
    tried = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-S", "-c", _PROBE, str(CONFINE)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    return Level.NAMESPACES if tried.returncode == 0 else Level.LIMITS
