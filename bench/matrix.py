"""The whole test corpus against every target: what converts, what is refused, what is wrong.

Every real model of tests/real_models is converted to every target that its flavor has a route to.
What is proven is judged a second time on other and mostly more rows (another seed, four thousand)
and counts as *wrong published* where that finds a difference. Pre-flight's static answer is
compared with what happened. Writes docs/coverage.md. NAMES=… does only makers whose name holds one
of them; RESULTS=FILE keeps what became of each, and goes on from there when it is started again.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

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
    """Flavor, maker, and the targets that the corpus claims for it; each maker once."""
    from tests.real_models import REAL_MODELS
    from tests.real_models.unconvertible import UNCONVERTIBLE

    claimed: dict[tuple[str, Any], set[str]] = defaultdict(set)
    for (flavor, target), makers in REAL_MODELS.items():
        for make in makers:
            claimed[flavor, make].add(target)
    wished = [name for name in os.environ.get("NAMES", "").split(",") if name]
    for (flavor, make), targets in [*claimed.items()] + [
        (("sklearn", make), set()) for make in UNCONVERTIBLE
    ]:
        if not wished or any(part in make.__name__ for part in wished):
            yield flavor, make, targets


def _targets(flavor: str) -> list[str]:
    return [row.target for row in catalog.ROUTES if row.flavor == flavor]


def _convert(job: Path, route: catalog.Route) -> contract.ConvertReport:
    """The convert step: forked where this process's own libraries do, else the worker's child."""
    path = job / contract.CONVERT_DIR / contract.REPORT_FILE
    if route.environment == STANDARD:
        code = in_a_fork(run_convert, job)
    else:
        from tests.converters import jobs as untyped

        jobs: Any = untyped
        code = jobs.call("convert", job).returncode
    if not path.exists():
        return contract.ConvertReport(CRASHED, f"exit_{code}", "The conversion left no report.")
    return contract.read(contract.ConvertReport, path)


def _run_maker(case: tuple[Any, Path]) -> None:
    make, folder = case
    made = make(folder / "model")
    if isinstance(made, Path) and made != folder / "model":
        made.rename(folder / "model")


def _judged(job: Path, target: catalog.Target, judge: Judge) -> contract.JudgeReport:
    if target.environment == STANDARD and not target.jars:
        return judge(job)
    from tests.converters import jobs

    return jobs.judge(job)


def _outcome(
    flavor: str, name: str, target: str, model: Path, folder: Path, judge: Judge
) -> Outcome:
    from tests.converters import jobs as untyped

    jobs: Any = untyped
    route, row = catalog.route(flavor, target), catalog.target(target)
    if route is None or row is None:
        raise LookupError(target)
    foreseen = _foreseen(model, target)
    job = jobs.make_job(folder / f"{target}-1", model, flavor, target)
    blank = Outcome(flavor, target, name, PROVEN, foreseen=foreseen)
    report: Any = _convert(job, route)
    if report.state == "converted":
        report = _judged(job, row, judge)
    if report.state != "proven":
        return replace(blank, state=report.state, code=report.code, sentence=report.sentence)
    more = {"rows": SECOND_ROWS} if sum(report.seconds.values()) < SLOW else {}
    again = jobs.make_job(folder / f"{target}-2", model, flavor, target, seed=SECOND_SEED, **more)
    second: Any = _convert(again, route)
    if second.state == "converted":
        second = _judged(again, row, judge)
    if second.state != "proven":
        state = WRONG if second.code == "parity_failed" else second.state
        return replace(blank, state=state, code=second.code, sentence=second.sentence)
    return blank


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
        code = in_a_fork(_run_maker, (make, folder))
        if not (model / "MLmodel").exists():
            said = f"The model was not made; its maker ended with {code}."
            return [Outcome(flavor, "", name, CRASHED, "maker", said)]
        for target in _targets(flavor):
            outcome = _outcome(flavor, name, target, model, folder, judge)
            found.append(replace(outcome, claimed=target in claimed))
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
    known: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    if results is not None and results.exists():
        for line in results.read_text(encoding="utf-8").splitlines():
            row = Outcome(**json.loads(line))
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


def figure(name: str, value: float, goal: float | None, met: bool | None) -> None:
    """One figure as a JSON line."""
    row = {"bench": "matrix", "figure": name, "value": value, "unit": "models", "peer": None}
    print(json.dumps(row | {"ratio": None, "goal": goal, "met": met}), flush=True)


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
    figure("wrong published", states[WRONG], 0, states[WRONG] == 0)
    figure("crashed", states[CRASHED], 0, states[CRASHED] == 0)
    claimed = [row for row in outcomes if row.claimed]
    share = sum(row.state == PROVEN for row in claimed) / max(len(claimed), 1)
    figure(f"convertible ones converted, of {len(claimed)}", round(share, 4), 0.97, share >= 0.97)
    silent = sum(row.state == REFUSED and not (row.code and row.sentence) for row in outcomes)
    figure("refusals without a code or a sentence", silent, 0, silent == 0)
    right = sum((row.foreseen in ("can", "caveat")) == (row.state == PROVEN) for row in outcomes)
    agreed = right / max(len(outcomes), 1)
    figure(f"pre-flight agrees, of {len(outcomes)}", round(agreed, 4), 0.95, agreed >= 0.95)
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
