"""One step of the converter watch, in the Python of one side: job directories, one a line on stdin.

`convert` runs the convert step; `score` judges what it left and keeps the converted file's own
answers. Each job is taken in a forked copy of a process that has only imported what all of them
need, and the scoring one never imports what loads a model.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from converters import contract

SECONDS = 600
SCORES = "scores"
LOG = "watch.log"
LIBRARIES = (
    *("numpy", "pandas", "scipy", "scikit-learn", "xgboost-cpu", "lightgbm", "catboost", "onnx"),
    *("onnxruntime", "skl2onnx", "onnxmltools", "sklearn2pmml", "jpmml-evaluator", "jpype1"),
)


def convert(line: str) -> bool:
    """The convert step of the job directory."""
    from converters.steps import convert as step

    return step.run(Path(line))


def score(line: str) -> bool:
    """Judge `job`, then answer the rows that `rows` holds into `job`/scores."""
    from converters import golden
    from converters.steps import judge

    told = json.loads(line)
    job = Path(told["job"])
    if not judge.run(job):
        return False
    report = contract.read(
        contract.ConvertReport, job / contract.CONVERT_DIR / contract.REPORT_FILE
    )
    rows, _ = golden.read(Path(told["rows"]))
    request = contract.read(contract.Request, job / contract.REQUEST_FILE)
    target = importlib.import_module(f"converters.targets.{request.target}")
    file = job / contract.CONVERT_DIR / report.file
    data_files = list(report.data_files)
    scorer = target.open(file, data_files) if data_files else target.open(file)
    golden.write(job / SCORES, {}, scorer.score(rows, report.inputs, report.outputs))
    return True


def versions() -> dict[str, str]:
    """What of the libraries that decide about answers is installed here."""
    found = {}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _warm(step: Callable[[str], bool]) -> None:
    names = [
        "onnxruntime",
        "converters.parity",
        "converters.steps.judge",
        "converters.targets.onnx",
    ]
    if step is convert:
        names = ["sklearn", "xgboost", "lightgbm", "catboost", "onnx", "pandas"]
        names += ["converters.sampling", "converters.sources", "converters.onnx_graph.compose"]
    for name in names:
        importlib.import_module(name)


def _forked(step: Callable[[str], bool], line: str, answers: int) -> None:
    """Take one job and end the process; what it prints goes beside the job."""
    job = Path(json.loads(line)["job"] if line.startswith("{") else line)
    with (job / LOG).open("a") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
        os.close(answers)
        signal.alarm(SECONDS)
        try:
            good = step(line)
        except BaseException:
            traceback.print_exc()
            good = False
        sys.stderr.flush()
        os._exit(0 if good else 3)


def main(step: Callable[[str], bool]) -> int:
    """Say what is installed, then one exit code a job."""
    _warm(step)
    answers = os.dup(1)  # jobs may print on stdout
    with os.fdopen(answers, "w") as out:
        print(json.dumps(versions()), file=out, flush=True)
        for line in sys.stdin:
            child = os.fork()
            if child == 0:
                _forked(step, line.strip(), answers)
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), file=out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main({"convert": convert, "score": score}[sys.argv[1]]))
