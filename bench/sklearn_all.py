"""Every estimator of scikit-learn: how many become ONNX and PMML, and how many of those are wrong.

Each is fitted, saved by MLflow, converted and judged by the worker's own children. What passes is
given to a second opinion (bench/_opinion.py) that knows nothing of parity. Peers: skl2onnx and
sklearn2pmml alone on the same models, judged by the same opinion. NAMES=Ridge,PCA does only these.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench import _zoo

TARGETS = {"onnx": "skl2onnx", "pmml": "sklearn2pmml"}
SECONDS = 420


def one(name: str) -> dict[str, str]:
    """What became of one estimator: target or peer → `right`, `wrong: …`, `none: …`."""
    with tempfile.TemporaryDirectory(prefix="crossport-zoo-") as folder:
        try:
            return _one(name, Path(folder))
        except Exception:
            # The bench goes on: what it could not even try counts as crashed.
            return {"bench": f"crashed: {traceback.format_exc(limit=-2)}"}


def _one(name: str, folder: Path) -> dict[str, str]:
    from tests.converters import jobs as untyped
    from tests.real_models.folders import save

    jobs: Any = untyped
    fitted = _zoo.fitted(name)
    if fitted is None:
        return {}
    (folder / "model.pkl").write_bytes(pickle.dumps(fitted.model))
    (folder / "table.pkl").write_bytes(pickle.dumps(fitted.table))
    saved = save(
        "sklearn", fitted.model, fitted.table, folder / "saved", serialization_format="cloudpickle"
    )
    said = {}
    for target in TARGETS:
        job = jobs.make_job(folder / target, saved, target=target)
        said[target] = _state(jobs, job)
    done = subprocess.run(
        [sys.executable, "-m", "bench._second", str(folder)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    second: dict[str, str] = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    for target in TARGETS:
        if said[target] == "right" and second.get(target, "right") != "right":
            said[target] = second[target]
    crashed = f"none: the process ended with {done.returncode}"
    return said | {peer: second.get(peer, crashed) for peer in TARGETS.values()}


def _state(jobs: Any, job: Path) -> str:
    converted = jobs.convert(job)
    if converted.state == "converted":
        judged = jobs.judge(job)
        if judged.state == "proven":
            return "right"
        return f"{'none' if judged.state == 'refused' else 'crashed'}: {judged.code}"
    kind = "none" if converted.state == "refused" else "crashed"
    said = "" if converted.code and converted.sentence else " without a code or a sentence"
    return f"{kind}: {converted.code}{said}: {converted.sentence[:200]}"


def figure(name: str, value: float, peer: float | None, goal: float | None, met: Any) -> None:
    ratio = round(value / peer, 3) if peer else None
    row = {"bench": "sklearn_all", "figure": name, "value": value, "unit": "estimators"}
    print(json.dumps(row | {"peer": peer, "ratio": ratio, "goal": goal, "met": met}), flush=True)


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
    wished = [name for name in os.environ.get("NAMES", "").split(",") if name]
    names = wished or _zoo.names()
    with ProcessPoolExecutor(2) as pool:
        told = {}
        for name, said in zip(names, pool.map(one, names), strict=True):
            told[name] = said
            print(f"{len(told)} of {len(names)}: {name}", file=sys.stderr, flush=True)
    show(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
