"""Seconds of a JVM check of a model of 50 columns, warm: compile, run on golden rows, judge.

The peer is what people would do: `mvn verify` on the same project, its repository warm.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench._figures import tell
from converters import contract
from converters.bundle.build import build
from converters.steps import jvm as judging
from workers import environments, jvm

BENCH = "jvm_check"
COLUMNS = 50
RUNS = 9
MOST_SECONDS = 1.0


def main() -> int:
    """Time both in turn, and print the figures."""
    from tests.converters.bundle import jobs as untyped

    jobs: Any = untyped

    with tempfile.TemporaryDirectory(prefix="crossport-bench-") as place:
        folder = Path(place)
        job = jobs.wide_job(folder / "job", [f"column {i}" for i in range(COLUMNS)])
        build(job)
        checker = jvm.Checker(folder / "servers", checks_per_server=1000)
        checker.ready(environments.default_folder(), _say, lambda: False)
        try:
            cold, _ = timed(lambda: check(checker, job))
            maven(job)
            ours, peers, last = [], [], None
            for _ in range(RUNS):
                seconds, last = timed(lambda: check(checker, job))
                ours.append(seconds)
                begun = time.monotonic()
                maven(job)
                peers.append(time.monotonic() - begun)
        finally:
            checker.close()
    warm, peer = statistics.median(ours), statistics.median(peers)
    ratio, met = warm / peer, warm <= MOST_SECONDS
    tell(BENCH, "warm", warm, "s", peer=peer, ratio=ratio, goal=MOST_SECONDS, met=met)
    tell(BENCH, "first check of a worker", cold, "s")
    tell(BENCH, "memory of the server", last.resident_mb if last else 0, "MB")
    return 0


def check(checker: jvm.Checker, job: Path) -> contract.JvmRun:
    """One whole check, as the pipeline does it but for the start of the judging child."""
    answers = job / contract.JVM_DIR
    shutil.rmtree(answers, ignore_errors=True)
    answers.mkdir()
    bundle = job / contract.BUNDLE_DIR
    ran = checker.check(bundle, answers, 60, lambda: False)
    contract.write(ran, answers / contract.RUN_FILE)
    if not judging.run(job) or ran.state != "ran":
        raise RuntimeError(ran.message)
    return ran


def _say(text: str) -> None:
    sys.stderr.write(text)


def maven(job: Path) -> None:
    """The project's own JUnit test."""
    command = ["mvn", "--batch-mode", "--quiet", "verify"]
    subprocess.run(command, cwd=job / "bundle" / "java", check=True, stdout=subprocess.DEVNULL)


def timed(call: Callable[[], contract.JvmRun]) -> tuple[float, contract.JvmRun]:
    begun = time.monotonic()
    told = call()
    return time.monotonic() - begun, told


if __name__ == "__main__":
    raise SystemExit(main())
