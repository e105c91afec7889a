"""The whole test corpus against every target: what converts, what is refused, what is wrong.

Every real model of tests/real_models is converted to every target that its flavor has a route to.
What is proven is judged a second time on other and mostly more rows (another seed, four thousand)
and counts as *wrong published* where that finds a difference. Pre-flight's static answer is
compared with what happened. Writes docs/coverage.md. NAMES=… does only makers whose name holds one
of them; RESULTS=FILE keeps what became of each, and goes on from there when it is started again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench._figures import tell
from bench._forks import CRASHED, Judge, import_libraries, in_a_fork, run_convert, side_by_side
from converters import catalog, contract
from converters.environments import STANDARD

ROOT = Path(__file__).resolve().parent.parent
PROVEN, REFUSED, WRONG = "proven", "refused", "wrong"
SECOND_ROWS = 4000
SECOND_SEED = 777
# Where judging takes more seconds than this, the second opinion has as many rows as the first.
SLOW = 20


@dataclass(frozen=True)
class Outcome:
    """What became of one model and target; `claimed`: the corpus says that it converts."""

    flavor: str
    target: str
    name: str
    state: str
    code: str = ""
    sentence: str = ""
    foreseen: str = ""
    claimed: bool = False


def cases() -> Iterator[tuple[str, Any, set[str]]]:
    """Flavor, maker, and the targets that the corpus claims for it; each name once."""
    from tests.real_models import REAL_MODELS
    from tests.real_models.unconvertible import UNCONVERTIBLE

    claimed: dict[tuple[str, str], set[str]] = defaultdict(set)
    # A framework's makers are made anew for each of its targets, under the same names.
    named: dict[tuple[str, str], Any] = {}
    for (flavor, target), makers in REAL_MODELS.items():
        for make in makers:
            claimed[flavor, make.__name__].add(target)
            named.setdefault((flavor, make.__name__), make)
    named |= {("sklearn", make.__name__): make for make in UNCONVERTIBLE}
    wished = [name for name in os.environ.get("NAMES", "").split(",") if name]
    for (flavor, name), make in named.items():
        if not wished or any(part in name for part in wished):
            yield flavor, make, claimed[flavor, name]


def _convert(jobs: Sequence[Path], route: catalog.Route) -> None:
    """The convert step: forked where this process's own libraries do, else in one child.

    A framework's child takes seconds to import it; where one conversion ends the child, the others
    are done in children of their own.
    """
    if route.environment == STANDARD:
        for job in jobs:
            in_a_fork(run_convert, job)
        return
    _in_one_child("convert", jobs, route.environment, "", contract.CONVERT_DIR)


def _judge(jobs: Sequence[Path], target: catalog.Target, judge: Judge) -> None:
    """The judge step on what has been converted."""
    jobs = [job for job in jobs if _report(job).state == "converted"]
    if target.environment == STANDARD and not target.jars:
        for job in jobs:
            judge(job)
        return
    _in_one_child("judge", jobs, target.environment, target.jars, contract.JUDGE_DIR)


def _in_one_child(
    step: str, jobs: Sequence[Path], environment: str, jars: str, folder: str
) -> None:
    from tests.real_models import elsewhere

    for some in (jobs, *([job] for job in jobs)):
        left = [job for job in some if not (job / folder / contract.REPORT_FILE).exists()]
        # A child that was ended fails the assertion; what it left undone is said by _report.
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            if left:
                elsewhere.run(step, left, environment, jars)


def _report(job: Path) -> Any:
    """What the last step that ran reported."""
    kinds: dict[str, Any] = {
        contract.JUDGE_DIR: contract.JudgeReport,
        contract.CONVERT_DIR: contract.ConvertReport,
    }
    for folder, kind in kinds.items():
        path = job / folder / contract.REPORT_FILE
        if path.exists():
            return contract.read(kind, path)
    return contract.ConvertReport(CRASHED, "no_report", "The conversion left no report.")


def _make(case: tuple[Any, Path]) -> int | None:
    """Save a model; forked unless its builder has a child of its own, which saves all it has."""
    from tests.real_models import elsewhere

    if case[0] not in elsewhere.MADE_ELSEWHERE:
        return in_a_fork(_run_maker, case)
    try:
        _run_maker(case)
    except (AssertionError, OSError, subprocess.TimeoutExpired):
        traceback.print_exc()
        return None
    return 0


def _run_maker(case: tuple[Any, Path]) -> None:
    make, folder = case
    made = make(folder / "model")
    if isinstance(made, Path) and made != folder / "model":
        made.rename(folder / "model")


def _outcomes(flavor: str, name: str, model: Path, folder: Path, judge: Judge) -> Iterator[Outcome]:
    """What becomes of one model in every target of its flavor."""
    routes = [row for row in catalog.ROUTES if row.flavor == flavor]
    first = _run(routes, model, folder / "1", judge)
    slow = {t: sum(one.seconds.values()) >= SLOW for t, one in first.items()}
    proven = [row for row in routes if first[row.target].state == "proven"]
    second = _run(proven, model, folder / "2", judge, slow)
    for row in routes:
        report, again = first[row.target], second.get(row.target)
        state = report.state
        if again is not None and again.state != "proven":
            report = again
            state = WRONG if again.code == "parity_failed" else again.state
        code, sentence = ("", "") if state == PROVEN else (report.code, report.sentence)
        foreseen = _foreseen(model, row.target)
        yield Outcome(flavor, row.target, name, state, code, sentence, foreseen)


def _run(
    routes: Sequence[catalog.Route],
    model: Path,
    folder: Path,
    judge: Judge,
    slow: dict[str, bool] | None = None,
) -> dict[str, Any]:
    """The last report of each route's job. slow: of a second run, whether its rows stay few."""
    from tests.converters import jobs as untyped

    jobs: Any = untyped
    made: dict[str, Path] = {}
    for row in routes:
        more = {} if slow is None else {"seed": SECOND_SEED}
        more |= {} if slow is None or slow[row.target] else {"rows": SECOND_ROWS}
        made[row.target] = jobs.make_job(folder / row.target, model, row.flavor, row.target, **more)
    for environment in dict.fromkeys(row.environment for row in routes):
        mine = [row for row in routes if row.environment == environment]
        _convert([made[row.target] for row in mine], mine[0])
    for row in routes:
        target = catalog.target(row.target)
        if target is None:
            raise LookupError(row.target)
        _judge([made[row.target]], target, judge)
    return {target: _report(job) for target, job in made.items()}


def _foreseen(model: Path, target: str) -> str:
    """Pre-flight's answer for this target, from the files' static content."""
    from converters.steps import preflight

    try:
        told = json.loads(preflight.run(model))
    except Exception as error:
        return f"crashed: {error}"
    verdicts = [row for row in told.get("verdicts", []) if row["target"] == target]
    return str(verdicts[0]["answer"]) if verdicts else "cannot"


def _try(case: tuple[str, Any, set[str]], judge: Judge) -> list[Outcome]:
    flavor, make, claimed = case
    name = make.__name__.removeprefix("make_")
    found = []
    with tempfile.TemporaryDirectory(prefix="crossport-matrix-") as place:
        folder = Path(place)
        model = folder / "model"
        code = _make((make, folder))
        if not (model / "MLmodel").exists():
            said = f"The model was not made; its maker ended with {code}."
            return [Outcome(flavor, "", name, CRASHED, "maker", said)]
        for outcome in _outcomes(flavor, name, model, folder, judge):
            found.append(replace(outcome, claimed=outcome.target in claimed))
    return found


def run(results: Path | None) -> list[Outcome]:
    """All cases, some side by side; those that `results` holds are taken from there."""
    known = _known(results)
    wanted = [(flavor, make.__name__.removeprefix("make_")) for flavor, make, _ in cases()]
    left = [case for case, key in zip(cases(), wanted, strict=True) if key not in known]
    begun = time.monotonic()
    for done, (case, found) in enumerate(zip(left, side_by_side(left, _try), strict=True), 1):
        flavor, make, _ = case
        known[flavor, make.__name__.removeprefix("make_")] = found
        said = ", ".join(f"{row.target} {row.state} {row.code}".strip() for row in found)
        took = time.monotonic() - begun
        print(f"{done} of {len(left)}, {took:.0f} s: {make.__name__}: {said}", file=sys.stderr)
        if results is not None:
            with results.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(asdict(row)) + "\n" for row in found)
    return [row for key in wanted for row in known[key]]


def _known(results: Path | None) -> dict[tuple[str, str], list[Outcome]]:
    """What is in the file; of a model and target that is in it twice, the later one."""
    rows: dict[tuple[str, str, str], Outcome] = {}
    if results is not None and results.exists():
        for line in results.read_text(encoding="utf-8").splitlines():
            row = Outcome(**json.loads(line))
            rows[row.flavor, row.name, row.target] = row
    known: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for row in rows.values():
        known[row.flavor, row.name].append(row)
    return dict(known)


def table(outcomes: list[Outcome]) -> str:
    """Flavor by target as Markdown: proven of tried, and what is wrong or crashed."""
    targets = [row.name for row in catalog.TARGETS]
    flavors = sorted({row.flavor for row in outcomes})
    lines = [f"| flavor | {' | '.join(targets)} |", "|---" * (len(targets) + 1) + "|"]
    for flavor in flavors:
        cells = []
        for target in targets:
            mine = [row for row in outcomes if (row.flavor, row.target) == (flavor, target)]
            states = Counter(row.state for row in mine)
            bad = "".join(f", {states[s]} {s}" for s in (WRONG, CRASHED) if states[s])
            cells.append(f"{states[PROVEN]} of {len(mine)}{bad}" if mine else "")
        lines.append(f"| {flavor} | {' | '.join(cells)} |")
    return "\n".join(lines)


def refusals(outcomes: list[Outcome]) -> str:
    """Every refusal with its code and its sentence, as Markdown."""
    lines = ["| model | target | code | sentence |", "|---|---|---|---|"]
    for row in sorted(outcomes, key=lambda row: (row.flavor, row.target, row.name)):
        if row.state == REFUSED:
            said = " ".join(row.sentence.split()).replace("|", "\\|")
            lines.append(f"| {row.flavor}: {row.name} | {row.target} | `{row.code}` | {said} |")
    return "\n".join(lines)


def write(outcomes: list[Outcome]) -> None:
    """docs/coverage.md."""
    text = (
        "# What converts\n\nWritten by `make bench NAME=matrix`, which converts every real model "
        "of the test corpus to every target that its flavor has a route to, and judges what is "
        "proven a second time on other rows. A cell says how many of the tried models are proven; "
        "the others are refused, by name.\n\n"
        f"{table(outcomes)}\n\n## Refused\n\n{refusals(outcomes)}\n"
    )
    (ROOT / "docs" / "coverage.md").write_text(text, encoding="utf-8")


def report(outcomes: list[Outcome]) -> None:
    """Table and troubles on stderr, figures on stdout."""
    print(table(outcomes), file=sys.stderr)
    for row in outcomes:
        missed = row.claimed and row.state == REFUSED
        if row.state in (WRONG, CRASHED) or missed:
            where = f"{row.flavor} {row.name} → {row.target}"
            print(
                f"{row.state.upper()}: {where}: {row.code}: {row.sentence[:300]}", file=sys.stderr
            )
    states = Counter(row.state for row in outcomes)
    for what, wanted in (("wrong published", WRONG), ("crashed", CRASHED)):
        tell("matrix", what, states[wanted], "exports", goal=0, met=states[wanted] == 0)
    claimed = [row for row in outcomes if row.claimed]
    share = sum(row.state == PROVEN for row in claimed) / max(len(claimed), 1)
    what = f"share of the {len(claimed)} convertible ones converted"
    tell("matrix", what, share, "", goal=0.97, met=share >= 0.97)
    silent = sum(row.state == REFUSED and not (row.code and row.sentence) for row in outcomes)
    what = "refusals without a code or a sentence"
    tell("matrix", what, silent, "exports", goal=0, met=silent == 0)
    right = sum((row.foreseen in ("can", "caveat")) == (row.state == PROVEN) for row in outcomes)
    agreed = right / max(len(outcomes), 1)
    what = f"share of the {len(outcomes)} on which pre-flight agrees"
    tell("matrix", what, agreed, "", goal=0.95, met=agreed >= 0.95)
    for row in outcomes:
        if (row.foreseen in ("can", "caveat")) != (row.state == PROVEN):
            where = f"{row.flavor} {row.name} → {row.target}"
            print(
                f"pre-flight said {row.foreseen}: {where}: {row.state} {row.code}", file=sys.stderr
            )


def main() -> int:
    import_libraries()
    told = os.environ.get("RESULTS")
    outcomes = run(Path(told) if told else None)
    report(outcomes)
    if not os.environ.get("NAMES"):
        write(outcomes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
