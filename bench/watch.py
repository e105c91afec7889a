"""Converter watch: does another version of a converter or runtime change what models answer?

`make bench NAME=watch OLD=… NEW=…`: each is requirements that take the place of pinned ones, such
as `onnxruntime==1.28.0`, or a file of them; empty stands for what is installed. Every real model of
tests/real_models is converted in both, both converted files answer the same rows, and where their
answers or fates differ is listed. NAMES=… does only makers whose name holds one of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import _watch_environments as environments
from bench._figures import tell
from converters import catalog, contract, golden, parity
from converters.environments import STANDARD

ROOT = Path(__file__).resolve().parent.parent
ROWS = Path(contract.CONVERT_DIR) / "rows"
EQUAL, WITHIN, BEYOND, STATE, SHAPE = "equal", "within tolerance", "beyond", "state", "outputs"
KINDS = (EQUAL, WITHIN, BEYOND, STATE, SHAPE)


@dataclass(frozen=True)
class Difference:
    """What two sides made of one model and target.

    kind: one of KINDS; `equal` where both refuse too. rows: how many answers differ, of `of`.
    largest: the largest absolute difference of numbers.
    """

    where: str
    kind: str
    said: str = ""
    rows: int = 0
    of: int = 0
    largest: float = 0.0


class Server:
    """One step of one side: a Python that takes job after job."""

    def __init__(self, python: Path, step: str) -> None:
        self._child = subprocess.Popen(
            [str(python), "-m", "bench._watch_server", step],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self.versions: dict[str, str] = json.loads(self._line())

    def __call__(self, line: str) -> int:
        """Exit code of one job."""
        if self._child.stdin is None:
            raise TypeError("no pipe")
        self._child.stdin.write(f"{line}\n")
        self._child.stdin.flush()
        return int(self._line())

    def close(self) -> None:
        """End the process."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(30)

    def _line(self) -> str:
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            raise RuntimeError(f"a side's Python ended with {self._child.wait(30)}")
        return line.strip()


class Side:
    """One set of versions: what converts and what scores in it."""

    def __init__(self, python: Path) -> None:
        self.convert, self.score = Server(python, "convert"), Server(python, "score")
        self.versions = self.convert.versions

    def close(self) -> None:
        """End its processes."""
        self.convert.close()
        self.score.close()


def state(job: Path) -> tuple[str, str, str]:
    """State, code and sentence that a job ended with."""
    for folder, kind in (
        (contract.JUDGE_DIR, contract.JudgeReport),
        (contract.CONVERT_DIR, contract.ConvertReport),
    ):
        path = job / folder / contract.REPORT_FILE
        if path.exists():
            report: Any = contract.read(kind, path)
            return report.state, report.code, report.sentence
    return "crashed", "no_report", "It left no report."


def converted(job: Path) -> bool:
    """Whether the convert step left a file to score."""
    return state(job)[0] == "converted"


def compare(where: str, old: Path, new: Path) -> list[Difference]:
    """The differences between two jobs of one model; one of kind `equal` where there is none."""
    before, after = state(old), state(new)
    found = []
    if before[:2] != after[:2]:
        said = f"{_short(before)} → {_short(after)}: {after[2] or before[2]}"
        found.append(Difference(where, STATE, " ".join(said.split())[:300]))
    scores = [job / "scores" for job in (old, new)]
    if all((folder / golden.INDEX_FILE).exists() for folder in scores):
        found += _scores(where, old, new)
    return found or [Difference(where, EQUAL)]


def _short(told: tuple[str, str, str]) -> str:
    return f"{told[0]} {told[1]}".strip()


def _scores(where: str, old: Path, new: Path) -> Iterator[Difference]:
    (_, before), (_, after) = golden.read(old / "scores"), golden.read(new / "scores")
    rows, _ = golden.read(old / ROWS)
    report = contract.read(
        contract.ConvertReport, old / contract.CONVERT_DIR / contract.REPORT_FILE
    )
    for name in sorted(set(before) ^ set(after)):
        yield Difference(where, SHAPE, f"only one side has the output {name}")
    both = [output for output in report.outputs if output.name in before and output.name in after]
    for verdict in parity.judge(rows, before, after, both, report.exact):
        want, have = before[verdict.name], after[verdict.name]
        if want.dtype != have.dtype or want.shape != have.shape:
            yield Difference(
                where,
                SHAPE,
                f"{verdict.name} is {have.dtype} {list(have.shape[1:])}, "
                f"was {want.dtype} {list(want.shape[1:])}",
            )
            continue
        number = changed(want, have)
        if number:
            kind = WITHIN if verdict.verdict == parity.PASSED else BEYOND
            said = verdict.sentence or f"{verdict.name} differs within its tolerance"
            yield Difference(where, kind, said, number, len(want), verdict.max_abs)


def changed(want: golden.Array, have: golden.Array) -> int:
    """In how many rows two answers differ at all; NaN is like NaN, 0.0 is not like -0.0."""
    if want.dtype.kind == "f":
        both = np.isnan(want) & np.isnan(have)
        differ = ((want != have) | (np.signbit(want) != np.signbit(have))) & ~both
    else:
        differ = np.asarray(want != have)
    return int(differ.reshape(len(want), -1).any(axis=1).sum())


def watch(old: Side, new: Side, chosen: Iterator[tuple[str, Any, set[str]]]) -> list[Difference]:
    """Every model with a route in this very environment, in both sides."""
    found: list[Difference] = []
    for flavor, make, _ in chosen:
        routes = [row for row in catalog.ROUTES if row.flavor == flavor]
        targets = [row.target for row in routes if row.environment == STANDARD]
        if not targets:
            continue
        name = make.__name__.removeprefix("make_")
        print(f"{flavor} {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="crossport-watch-") as place:
            made = make(Path(place) / "model")
            model = made if isinstance(made, Path) else Path(place) / "model"
            for target in targets:
                jobs = _jobs(Path(place), model, flavor, target)
                found += _both(old, new, *jobs, f"{flavor} {name} → {target}")
    return found


def _jobs(place: Path, model: Path, flavor: str, target: str) -> tuple[Path, Path]:
    from tests.converters import jobs as untyped

    jobs: Any = untyped
    return tuple(jobs.make_job(place / f"{target}-{i}", model, flavor, target) for i in "ab")


def _both(old: Side, new: Side, first: Path, second: Path, where: str) -> list[Difference]:
    steps: list[tuple[Callable[[str], int], Path]] = [(old.convert, first), (new.convert, second)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda step: step[0](str(step[1])), steps))
    # Both answer the rows of the old side; where that has none, of their own.
    rows = (first if converted(first) else second) / ROWS
    for side, job in ((old, first), (new, second)):
        if converted(job):
            side.score(json.dumps({"job": str(job), "rows": str(rows)}))
    return compare(where, first, second)


def figure(name: str, value: float, unit: str, peer: str, goal: float | None = None) -> None:
    """One figure as a JSON line."""
    met = None if goal is None else value <= goal
    tell("watch", name, value, unit, peer=peer, goal=goal, met=met)


def report(found: list[Difference], old: Side, new: Side) -> None:
    """What differs, as a table on stderr and as figures on stdout."""
    names = sorted(set(old.versions) | set(new.versions))
    upgraded = [
        f"{name} {old.versions.get(name, 'none')} → {new.versions.get(name, 'none')}"
        for name in names
        if old.versions.get(name) != new.versions.get(name)
    ]
    peer = ", ".join(upgraded) or "the same versions"
    print(f"\n{peer}\n", file=sys.stderr)
    for kind in KINDS[1:]:
        for row in (row for row in found if row.kind == kind):
            rows = f"{row.rows} of {row.of}" if row.of else ""
            print(f"{row.kind:16} {row.where:52} {rows:14} {row.said}", file=sys.stderr)
            figure(f"{row.kind}: {row.where}: {row.said}", row.rows, "rows", peer)
    counts = Counter(row.kind for row in found)
    print(f"\n{', '.join(f'{counts[kind]} {kind}' for kind in KINDS)}", file=sys.stderr)
    figure("models and targets compared", len({row.where for row in found}), "exports", peer)
    figure("answers equal to the bit, or refused alike", counts[EQUAL], "exports", peer)
    figure("outputs that differ within tolerance", counts[WITHIN], "outputs", peer)
    figure("outputs that differ beyond tolerance", counts[BEYOND], "outputs", peer, 0)
    figure("exports of another state or code", counts[STATE], "exports", peer, 0)
    figure("outputs of another name, type or shape", counts[SHAPE], "outputs", peer, 0)


def main() -> int:
    """Build both sides, take the corpus through them, report."""
    from bench.matrix import cases

    with contextlib.ExitStack() as open_sides:
        try:
            old = Side(environments.python(environments.overrides(os.environ.get("OLD", ""))))
            open_sides.callback(old.close)
            new = Side(environments.python(environments.overrides(os.environ.get("NEW", ""))))
            open_sides.callback(new.close)
        except environments.Unbuildable as problem:
            print(f"{problem}", file=sys.stderr)
            return 1
        report(watch(old, new, cases()), old, new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
