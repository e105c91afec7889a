"""`crossport convert` and `preflight`: the worker's own steps with no server and no database."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cli import given
from cli.catalogue import verdict_table
from cli.origins import fetch, fetch_mlmodel
from cli.outcomes import Crash, Misuse, Refusal
from cli.output import emit, facts, say
from converters import catalog, contract
from converters.preflight import Answer
from workers import environments, pipeline, preflight_child
from workers.jvm import Checker

REPORT_SCHEMA = 1


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Register the commands of this module."""
    convert = commands.add_parser(
        "convert",
        parents=[shared],
        help="convert a model here and prove it",
        description="Converts in the same sandboxed children and behind the same parity gate as a "
        "worker. Leaves the bundle, unpacked, and report.json in DIR. When the model is refused, "
        "report.json stays there, and parity.html where its answers differed.",
    )
    _model_uri(convert)
    names = [target.name for target in catalog.TARGETS]
    convert.add_argument(
        "--target",
        required=True,
        choices=names,
        metavar="TARGET",
        help=f"what it becomes: {', '.join(names)}; preflight says which of them it can",
    )
    convert.add_argument(
        "--output-dir", required=True, type=Path, metavar="DIR", help="empty, or not there yet"
    )
    convert.add_argument(
        "--inputs", choices=["auto", "columns", "tensor"], default="auto", help="how inputs arrive"
    )
    convert.add_argument(
        "--opset", type=int, default=0, metavar="N", help="ONNX opset; chosen if left out"
    )
    convert.add_argument(
        "--tolerance",
        type=float,
        default=0.0,
        metavar="X",
        help="how far numbers may be off, in place of the usual tolerance; shown in the bundle",
    )
    profiles = ", ".join(catalog.PROFILES)
    convert.add_argument(
        "--profile",
        default=catalog.PROFILES[0],
        metavar="NAME",
        help=f"where it must run ({profiles})",
    )
    convert.add_argument(
        "--golden",
        type=Path,
        metavar="FILE",
        help="your own rows, CSV or Parquet: compared too, and the first golden rows of the bundle",
    )
    convert.set_defaults(run=_convert)
    preflight = commands.add_parser(
        "preflight", parents=[shared], help="what a model can become, and why not"
    )
    _model_uri(preflight)
    preflight.set_defaults(run=_preflight)


def _model_uri(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model-uri",
        required=True,
        metavar="URI",
        help="a folder with an MLmodel file, a model file, models:/NAME/3, models:/NAME@ALIAS or "
        "runs:/RUN_ID/PATH (on the server that MLFLOW_TRACKING_URI names)",
    )


def _preflight(arguments: argparse.Namespace) -> int:
    with _workplace() as work:
        fetch_mlmodel(arguments.model_uri, _made(work / contract.MODEL_DIR))
        verdicts = ask_preflight(work)
    if arguments.json:
        emit(verdicts)
    else:
        verdict_table(verdicts)
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    output = arguments.output_dir.absolute()
    _check_output(output)
    options = _options(arguments)
    if arguments.golden:
        given.check(arguments.golden)
    with _workplace() as work:
        say("fetch")
        files = _made(work / "fetched" / contract.MODEL_DIR)
        fetched = fetch(arguments.model_uri, files)
        try:
            flavor = _flavor(work / "fetched", arguments.target)
        except Refusal as refusal:
            _write_report(output, arguments.model_uri, pipeline.State.REFUSED, refusal)
            raise
        request = contract.Request(
            flavor, arguments.target, fetched.identity, options, arguments.profile
        )
        job = _made(work / "job")
        if arguments.golden:
            name, digest = given.copy(arguments.golden, job)
            request = replace(request, given=name, given_sha256=digest)
        outcome = _run(job, request, files, fetched.sums)
        _finish(output, arguments.model_uri, outcome, work / "job" / contract.BUNDLE_DIR)
    _show(outcome, output, arguments.json)
    return 0


def _options(arguments: argparse.Namespace) -> contract.Options:
    """The options of a conversion.

    Raises:
        Misuse: one has a value that it cannot have; the sentence names it.
    """
    if arguments.profile not in catalog.PROFILES:
        known = ", ".join(catalog.PROFILES)
        raise Misuse(f"there is no --profile {arguments.profile!r}; there is {known}")
    if not 0 <= arguments.opset <= 99:
        raise Misuse("--opset is a number from 1 to 99")
    if arguments.opset and arguments.target != "onnx":
        raise Misuse(f"--opset is an ONNX option; leave it out for {arguments.target}")
    if not 0 <= arguments.tolerance <= contract.TOLERANCE_MOST:
        raise Misuse(f"--tolerance is a number from 0 to {contract.TOLERANCE_MOST:g}")
    return contract.Options(arguments.inputs, arguments.opset, arguments.tolerance)


def _show(outcome: pipeline.Outcome, output: Path, as_json: bool) -> None:
    """What was proven, and how many of the user's own rows are golden."""
    judge = outcome.judge or contract.JudgeReport(outcome.state)
    told = outcome.convert.given if outcome.convert else 0
    if as_json:
        document: dict[str, Any] = {
            "state": outcome.state,
            "folder": str(output),
            "rows": judge.rows,
            "parity": [asdict(one) for one in judge.parity],
        }
        if told:
            document["given"] = {"rows": told, "golden": judge.given}
        emit(document)
        return
    golden = f"{judge.given} of {told}, the first golden rows" if told else ""
    if judge.given < told:
        golden += "; the others tie, or report.json says why they could not be compared"
    facts([("proven on", f"{judge.rows} rows"), ("given rows", golden), ("bundle", output)])


def ask_preflight(work: Path) -> list[dict[str, Any]]:
    """Have a confined child read the files in WORK/model; one verdict a target.

    Raises:
        Refusal: the file is not there, or cannot be read.
        Crash: the child broke.
    """
    try:
        answer = preflight_child.ask(work)
        verdicts, sentence = list(answer["verdicts"]), answer.get("sentence")
    except preflight_child.Broken as broken:
        said = f"Pre-flight {broken}: {broken.tail[-2000:]}"
        raise Crash("preflight_crashed", said) from broken
    except (LookupError, TypeError) as error:
        raise Crash("preflight_crashed", "Pre-flight gave no answer for its targets.") from error
    if sentence:
        raise Refusal(str(answer.get("code", "refused")), str(sentence))
    return verdicts


def _flavor(work: Path, target: str) -> str:
    """The flavor that the route to `target` reads.

    Raises:
        Refusal: pre-flight says that it cannot be.
    """
    verdict = next(row for row in ask_preflight(work) if row["target"] == target)
    if verdict["answer"] == Answer.CANNOT:
        raise Refusal(verdict["code"], verdict["sentence"])
    return str(verdict["flavor"])


class _Teller:
    """Tells the steps on stderr as they happen."""

    def started(self, step: str) -> None:
        if step != "fetch":
            say(step)

    def done(self, step: str, detail: str) -> None:
        say(f"  ✔ {detail}" if detail else "  ✔")

    def skipped(self, step: str, detail: str) -> None:
        pass  # a person at a terminal asked for no such step

    def failed(self, step: str, detail: str) -> None:
        say("  ✕")

    def log(self, text: str) -> None:
        pass  # kept in the outcome


def _run(
    jobdir: Path, request: contract.Request, files: Path, sums: Mapping[str, str]
) -> pipeline.Outcome:
    def move(folder: Path) -> Mapping[str, str]:
        folder.rmdir()
        files.rename(folder)
        return sums

    folder = environments.default_folder()
    java = Checker(jobdir.parent / "jvm")
    try:
        return pipeline.run(
            jobdir, request, move, _Teller(), lambda: False, lambda: 1, folder, java
        )
    finally:
        java.close()


def _finish(output: Path, uri: str, outcome: pipeline.Outcome, bundle: Path) -> None:
    """Put bundle and report into the output folder, or the report alone, and say no.

    Raises:
        Refusal, Crash: the model was not proven.
    """
    if outcome.state is pipeline.State.PROVEN:
        # Whole or not at all: copied beside the place, then named.
        output.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
        try:
            aside.chmod(0o755)
            shutil.copytree(bundle, aside, dirs_exist_ok=True)
            _write_report(aside, uri, outcome.state, None, outcome)
            if output.exists():
                output.rmdir()
            aside.rename(output)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return
    kind = Refusal if outcome.state is pipeline.State.REFUSED else Crash
    end = kind(outcome.code, outcome.sentence)
    _write_report(output, uri, outcome.state, end, outcome)
    if kind is Crash:
        say(outcome.log[-4000:].strip())
    raise end


def _write_report(
    output: Path,
    uri: str,
    state: str,
    end: Refusal | Crash | None,
    outcome: pipeline.Outcome | None = None,
) -> None:
    """report.json: how it ended, what the children reported, and their log."""
    report = {
        "schema": REPORT_SCHEMA,
        "model_uri": uri,
        "state": str(state),
        "code": end.code if end else "",
        "sentence": end.sentence if end else "",
        "convert": asdict(outcome.convert) if outcome and outcome.convert else None,
        "judge": asdict(outcome.judge) if outcome and outcome.judge else None,
        "peak_mb": outcome.peak_mb if outcome else {},
        "log": outcome.log if outcome else "",
    }
    output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False)
    (output / contract.REPORT_FILE).write_text(text + "\n", encoding="utf-8")
    if outcome and outcome.page:  # of what was refused; a bundle carries its own
        shutil.copyfile(outcome.page, output / outcome.page.name)


def _check_output(output: Path) -> None:
    if output.is_dir() and not any(output.iterdir()):
        return
    if output.exists() or output.is_symlink():
        raise Refusal(
            "output_not_empty",
            f"{output} is not an empty folder, and nothing in it is overwritten. Name another "
            "--output-dir, or empty this one.",
        )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@contextmanager
def _workplace() -> Iterator[Path]:
    """A folder of one's own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="crossport-") as folder:
        yield Path(folder)
