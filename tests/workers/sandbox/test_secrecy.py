"""A worker's environment is its own, whatever its children try."""

import subprocess
import sys

import pytest

WORKER = """
import os, subprocess, sys
from workers.sandbox.secrecy import hide_process
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
    # Changing the account hides a process already; started as it, as in a container, it is not.
    import ctypes; ctypes.CDLL(None).prctl(4, ctypes.c_ulong(1), 0, 0, 0)
if sys.argv[1] == "hidden":
    hide_process()
look = f"cat /proc/{os.getpid()}/environ"
sys.exit(subprocess.run(["sh", "-c", look], env={}, capture_output=True).returncode)
"""


@pytest.mark.parametrize("how", ["hidden", "open"])
def test_a_child_of_the_same_account_cannot_read_a_hidden_workers_environment(how):
    done = subprocess.run([sys.executable, "-c", WORKER, how], env={"SECRET_KEY": "hush"})
    assert (done.returncode == 0) == (how == "open")
