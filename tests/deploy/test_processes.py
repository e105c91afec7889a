"""What the project's scripts start ends with them, and two demos do not share a home."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import demo

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import os, sys, time
from pathlib import Path
from scripts.processes import Process
sleep = [sys.executable, "-c", "import time; time.sleep(120)"]
print(Process("sleeper", sleep, os.environ, Path(sys.argv[1])).start().pid, flush=True)
time.sleep(120)
"""


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_was_started_ends_even_when_its_starter_is_killed(tmp_path):
    command = [sys.executable, "-c", STARTER, str(tmp_path / "log")]
    starter = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert runs(pid)
    starter.kill()
    starter.communicate()
    deadline = time.monotonic() + 20
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(pid)


def test_a_second_demo_over_the_same_home_is_refused_with_what_to_do(tmp_path):
    told = pytest.raises(demo.DemoProblem, match="end that one with Ctrl-C")
    with demo.alone(tmp_path), told, demo.alone(tmp_path):
        pass
    with demo.alone(tmp_path):
        pass
