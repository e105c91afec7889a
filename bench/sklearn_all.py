"""Every estimator of scikit-learn: how many become ONNX and PMML, and how many of those are wrong.

Each is fitted, saved by MLflow, converted and judged as a worker does it. What passes is given to a
second opinion (bench/_opinion.py) that knows nothing of parity. Peers: skl2onnx and sklearn2pmml
alone on the same models, judged by the same opinion. NAMES=Ridge,PCA does only these; RESULTS=FILE
keeps what became of each, and goes on from there when it is started again.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from bench import _second, _zoo
from bench._figures import tell
from bench._forks import CRASHED, Judge, import_libraries, in_a_fork, run_convert, side_by_side
from converters import contract

TARGETS = {"onnx": "skl2onnx", "pmml": "sklearn2pmml"}
SECONDS = 420
MADE = "table.pkl"


def one(name: str, judge: Judge) -> dict[str, str]:
    """What became of one estimator: target or peer → `right`, `wrong: …`, `none: …`.

    Empty where scikit-learn's estimator cannot be fitted by itself.
    """
    with tempfile.TemporaryDirectory(prefix="crossport-zoo-") as place:
        folder = Path(place)
        code = in_a_fork(_make, (name, folder), SECONDS)
        if not (folder / MADE).exists():
            return {} if code == 0 else {"bench": f"crashed: making it ended with {code}"}
        said = {target: _state(folder, target, judge) for target in TARGETS}
        code = in_a_fork(_second.write, folder, SECONDS)
        path = folder / _second.SAID
        second: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        for target in TARGETS:
            if said[target] == "right" and second.get(target, "right") != "right":
                said[target] = second[target]
        ended = f"none: the process ended with {code}"
        return said | {peer: second.get(peer, ended) for peer in TARGETS.values()}


def _make(case: tuple[str, Path]) -> None:
    from tests.real_models.folders import save

    name, folder = case
    fitted = _zoo.fitted(name)
    if fitted is None:
        return
    saved = folder / "saved"
    save("sklearn", fitted.model, fitted.table, saved, serialization_format="cloudpickle")
    (folder / "model.pkl").write_bytes(pickle.dumps(fitted.model))
    (folder / MADE).write_bytes(pickle.dumps(fitted.table))


def _state(folder: Path, target: str, judge: Judge) -> str:
    from tests.converters import jobs as untyped

    jobs: Any = untyped
    job = jobs.make_job(folder / target, folder / "saved", target=target)
    code = in_a_fork(run_convert, job)
    path = job / contract.CONVERT_DIR / contract.REPORT_FILE
    if not path.exists():
        return f"crashed: the conversion ended with {code}"
    converted = contract.read(contract.ConvertReport, path)
    if converted.state == "converted":
        judged = judge(job)
        if judged.state == "proven":
            return "right"
        return f"{'none' if judged.state == 'refused' else CRASHED}: {judged.code}"
    kind = "none" if converted.state == "refused" else CRASHED
    said = "" if converted.code and converted.sentence else " without a code or a sentence"
    return f"{kind}: {converted.code}{said}: {converted.sentence[:200]}"


def figure(name: str, value: float, peer: float | None, goal: float | None, met: Any) -> None:
    ratio = value / peer if peer else None
    tell("sklearn_all", name, value, "estimators", peer=peer, ratio=ratio, goal=goal, met=met)


def show(told: dict[str, dict[str, str]]) -> None:
    """The table for people on stderr, the figures on stdout."""
    for name, said in told.items():
        line = "  ".join(f"{who}={verdict[:110]}" for who, verdict in said.items())
        print(f"{name:32} {line}", file=sys.stderr)
    tried = [said for said in told.values() if said]
    for target, peer in TARGETS.items():
        ours = Counter(said.get(target, "crashed").partition(":")[0] for said in tried)
        theirs = Counter(said.get(peer, "none").partition(":")[0] for said in tried)
        print(f"{target}: {dict(ours)}; {peer} alone: {dict(theirs)}", file=sys.stderr)
        figure(f"{target}: right, of {len(tried)}", ours["right"], theirs["right"], None, None)
        wrong = ours["wrong"]
        figure(f"{target}: wrong and published", wrong, theirs["wrong"], 0, wrong == 0)
        figure(f"{target}: crashed", ours["crashed"], None, 0, ours["crashed"] == 0)


def main() -> int:
    warnings.simplefilter("ignore")
    import_libraries()
    wished = [name for name in os.environ.get("NAMES", "").split(",") if name]
    names = wished or _zoo.names()
    results = Path(os.environ["RESULTS"]) if os.environ.get("RESULTS") else None
    told: dict[str, dict[str, str]] = {}
    if results is not None and results.exists():
        for line in results.read_text(encoding="utf-8").splitlines():
            told |= json.loads(line)
    left = [name for name in names if name not in told]
    for name, said in zip(left, side_by_side(left, one), strict=True):
        told[name] = said
        brief = ", ".join(f"{who} {verdict[:60]}" for who, verdict in said.items())
        print(f"{len(told)} of {len(names)}: {name}: {brief}", file=sys.stderr, flush=True)
        if results is not None:
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({name: said}) + "\n")
    show({name: told[name] for name in names})
    return 0


if __name__ == "__main__":
    sys.exit(main())
