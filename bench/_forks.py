"""Steps of a job for benches over hundreds of models: done in forks, so that imports are shared.

Only for a process that imports and never computes: threads of OpenMP do not live on in a fork, and
one that computed before would hang its copies.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from converters import contract

ROOT = Path(__file__).resolve().parent.parent
SIDES = 2
SECONDS = 900
CRASHED = "crashed"


class Judge:
    """One judging process; several job directories one after another."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bench._judge_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )

    def __call__(self, job: Path) -> contract.JudgeReport:
        """The verdict on what the job's convert step left."""
        if self._child.stdin is None or self._child.stdout is None:
            raise TypeError("no pipes")
        self._child.stdin.write(f"{job}\n")
        self._child.stdin.flush()
        code = self._child.stdout.readline().strip()
        path = job / contract.JUDGE_DIR / contract.REPORT_FILE
        if not path.exists():
            return contract.JudgeReport(CRASHED, f"exit_{code}", "The judge left no report.")
        return contract.read(contract.JudgeReport, path)

    def close(self) -> None:
        """End the process."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(30)


def in_a_fork(work: Callable[[Any], None], argument: Any, seconds: float = SECONDS) -> int | None:
    """Do the work in a copy of this process; the copy's exit status, negative for a signal."""
    child = multiprocessing.get_context("fork").Process(target=_quietly, args=(work, argument))
    child.start()
    child.join(seconds)
    if child.is_alive():
        child.kill()
        child.join()
    return child.exitcode


def _quietly(work: Callable[[Any], None], argument: Any) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        work(argument)
    except BaseException:
        os._exit(3)
    os._exit(0)


def run_convert(job: Path) -> None:
    """The convert step, as the worker's child does it."""
    from converters.steps import convert

    convert.run(job)


def import_libraries() -> None:
    """Import what the forks will need, once."""
    import catboost  # noqa: F401
    import lightgbm  # noqa: F401
    import onnx  # noqa: F401
    import pandas  # noqa: F401
    import sklearn  # noqa: F401
    import xgboost  # noqa: F401

    from converters import golden, sampling, sources  # noqa: F401
    from converters.onnx_graph import compose  # noqa: F401


def side_by_side(cases: Sequence[Any], work: Callable[[Any, Judge], Any]) -> Iterator[Any]:
    """What became of each case, in their order; SIDES of them at once, each with its own judge."""
    free = [Judge() for _ in range(SIDES)]

    def one(case: Any) -> Any:
        judge = free.pop()
        try:
            return work(case, judge)
        finally:
            free.append(judge)

    with ThreadPoolExecutor(SIDES) as pool:
        yield from pool.map(one, cases)
    for judge in free:
        judge.close()
