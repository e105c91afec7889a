"""`judge JOBDIR`: scores the converted file on the convert step's rows and gives the verdict.

It reads what the convert step left as hostile input and never loads the model, so nothing that a
model does in its own process reaches the verdict.
"""

from __future__ import annotations

import importlib
import math
import stat
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from converters import contract
from converters.catalog import target
from converters.contract import (
    ConvertReport,
    Input,
    JudgeReport,
    LengthParity,
    OtherLengths,
    Output,
    OutputParity,
    Request,
    Signature,
)
from converters.errors import Refused
from converters.steps.jobdir import fresh, sha256_of, timed, versions

if TYPE_CHECKING:
    from converters.explaining import Hints
    from converters.golden import Answers, Rows
    from converters.targets.scorer import Scorer

GOLDEN_DIR = "golden"
PAGE = "parity.html"
FEWEST_ROWS = 100
GOLDEN_OF_LENGTH = 20
RUNTIMES = (
    *("numpy", "onnx", "onnxruntime", "jpmml-evaluator", "jpype1", "torch", "tensorflow-cpu"),
    *("xgboost-cpu", "lightgbm", "catboost"),
)
# Libraries that run a model's own code when they load it: the judge must do without.
FORBIDDEN = ("sklearn", "xgboost", "lightgbm", "catboost", "cloudpickle", "joblib", "skops")


@dataclass
class _Work:
    jobdir: Path
    folder: Path
    request: Request
    report: ConvertReport
    seconds: dict[str, float] = field(default_factory=dict)


def run(jobdir: Path) -> bool:
    """Judge; writes judge/report.json whatever happens. False where the step crashed."""
    folder = fresh(jobdir / contract.JUDGE_DIR)
    seconds: dict[str, float] = {}
    try:
        request = contract.read(Request, jobdir / contract.REQUEST_FILE)
        report = _convert_report(jobdir)
        verdict = _judge(_Work(jobdir, folder, request, report, seconds))
        if verdict.state == "refused" and verdict.parity:
            _write_page(request, report, verdict, folder)
        row = target(request.target)
        allowed = row.loads if row else ()
        loaded = sorted(name for name in set(FORBIDDEN) - set(allowed) if name in sys.modules)
        if loaded:
            raise RuntimeError(f"the judge has loaded {', '.join(loaded)}")
    except Refused as refusal:
        verdict = JudgeReport("refused", refusal.code, refusal.sentence)
    except Exception as error:
        traceback.print_exc()
        sentence = f"The judgement broke: {type(error).__name__}. Its log says where."
        verdict = JudgeReport("crashed", "crashed", sentence)
    found = versions(*RUNTIMES)
    contract.write(replace(verdict, seconds=seconds, versions=found), folder / contract.REPORT_FILE)
    return verdict.state != "crashed"


def _write_page(
    request: Request, report: ConvertReport, verdict: JudgeReport, folder: Path
) -> None:
    """The page that explains a refusal; a bundle's own is rendered with the bundle."""
    from converters.bundle.page import page, subject_of_job

    (folder / PAGE).write_text(page(subject_of_job(request, report), verdict), encoding="utf-8")


def _convert_report(jobdir: Path) -> ConvertReport:
    path = jobdir / contract.CONVERT_DIR / contract.REPORT_FILE
    if path.is_symlink() or not path.is_file():
        raise Refused("not_converted", "The conversion left no report; there is nothing to judge.")
    report = contract.read(ConvertReport, path)
    if report.state == "refused":
        raise Refused(report.code, report.sentence)
    if report.state != "converted":
        raise Refused("not_converted", "The conversion did not end; there is nothing to judge.")
    return report


def _judge(work: _Work) -> JudgeReport:
    from converters import golden, parity
    from converters.steps import choosing
    from converters.targets.scorer import FormatError

    path = _converted_file(work)
    rows, expected = _rows(work)
    # So that no dtype of a forged answers file passes for the output's own.
    outputs = work.report.outputs
    try:
        with timed(work.seconds, "open"):
            scorer = _open(work.request.target, path, list(work.report.data_files))
        with timed(work.seconds, "score"):
            got = scorer.score(rows, work.report.inputs, outputs)
        with timed(work.seconds, "score_single"):
            folder = work.jobdir / contract.CONVERT_DIR
            singles = choosing.alone(folder, len(next(iter(rows.values()))))
            alone = _score_alone(scorer, work.report.inputs, outputs, rows, singles)
    except FormatError as error:
        raise Refused(
            "unloadable",
            f"The converted file does not work on its runtime: {error}. "
            "Try another target; the model is kept as it was.",
        ) from error
    exact, allowed = work.report.exact, work.request.options.tolerance
    verdicts = parity.judge(
        rows, expected, got, outputs, exact, allowed=allowed, hints=_hints(work, rows)
    )
    single = parity.judge(
        _take(rows, singles), _take(expected, singles), alone, outputs, exact, allowed=allowed
    )
    verdicts = [_with_single(*pair) for pair in zip(verdicts, single, strict=True)]
    with timed(work.seconds, "lengths"):
        others = _other_lengths(work, scorer, rows)
    report = JudgeReport(
        "proven",
        rows=len(next(iter(rows.values()))),
        excluded=work.report.excluded,
        parity=verdicts,
        runtime=scorer.runtime,
        batches=[len(next(iter(rows.values()))), 1],
        lengths=others,
    )
    refused = _verdict(work, report, rows) or _lengths_verdict(report)
    if refused is not None:
        return refused
    with timed(work.seconds, "golden"):
        chosen, own = _golden_rows(work, rows, expected, got)
        names = [output.name for output in outputs]
        answers = {name: expected[name] for name in names}
        golden.write(work.folder / GOLDEN_DIR, _take(rows, chosen), _take(answers, chosen))
    return replace(report, given=own)


def _hints(work: _Work, rows: Rows) -> Hints:
    from converters import explaining
    from converters.steps import choosing

    folder = work.jobdir / contract.CONVERT_DIR
    kinds = choosing.kinds(folder, len(next(iter(rows.values()))))
    return explaining.Hints(kinds, explaining.splits(folder))


def _converted_file(work: _Work) -> Path:
    """The converted file, if it is the very one that the convert step reported."""
    row = target(work.request.target)
    if row is None or work.report.file != row.file:
        raise Refused(
            "unloadable", f"The conversion left {work.report.file!r}, which is no export's name."
        )
    path = work.jobdir / contract.CONVERT_DIR / row.file
    if path.is_symlink() or not path.exists() or not stat.S_ISREG(path.stat().st_mode):
        raise Refused("unloadable", "The conversion left no converted file.")
    if sha256_of(path) != work.report.file_sha256:
        raise Refused("unloadable", "The converted file changed after it was reported.")
    for name, digest in work.report.data_files.items():
        beside = path.parent / name
        if Path(name).name != name or beside.is_symlink() or not beside.is_file():
            raise Refused("unloadable", f"The conversion left no file {name!r}.")
        if sha256_of(beside) != digest:
            raise Refused("unloadable", f"{name} changed after it was reported.")
    return path


def _rows(work: _Work) -> tuple[Rows, Answers]:
    """The sampled rows and the original's answers, complete for the report's signature."""
    from converters import golden

    if work.report.signature is None or not work.report.inputs or not work.report.outputs:
        raise Refused("unloadable", "The conversion reported no signature, inputs or outputs.")
    try:
        rows, expected = golden.read(work.jobdir / contract.CONVERT_DIR / "rows")
    except golden.GoldenError as error:
        raise Refused("not_proven", f"The sampled rows cannot be read: {error}.") from error
    names = _names(work.report.signature)
    if list(rows) != names or {n for i in work.report.inputs for n in i.columns} - set(names):
        raise Refused("not_proven", "The sampled rows do not have the signature's columns.")
    if {output.name for output in work.report.outputs} - set(expected):
        raise Refused("not_proven", "The original did not answer for every output.")
    for output in work.report.outputs:
        if golden.dtype_name(expected[output.name]) != output.dtype:
            raise Refused("not_proven", f"The original's {output.name} is not {output.dtype}.")
    return rows, expected


def _names(signature: Signature) -> list[str]:
    tensors = [tensor.name or "X" for tensor in signature.all_tensors]
    return tensors or [column.name for column in signature.columns]


def _open(name: str, path: Path, data_files: list[str]) -> Scorer:
    module = importlib.import_module(f"converters.targets.{name}")
    scorer: Scorer = module.open(path, data_files) if data_files else module.open(path)
    return scorer


def _take(arrays: Rows, indices: Sequence[int]) -> Rows:
    return {name: values[list(indices)] for name, values in arrays.items()}


def _score_alone(
    scorer: Scorer,
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    rows: Rows,
    indices: Sequence[int],
) -> Answers:
    import numpy as np

    parts = [scorer.score(_take(rows, [i]), inputs, outputs) for i in indices]
    return {
        output.name: np.concatenate([part[output.name] for part in parts]) if parts else np.empty(0)
        for output in outputs
    }


def _other_lengths(work: _Work, scorer: Scorer, base: Rows) -> list[LengthParity]:
    """The verdicts at the other lengths that the file takes.

    Raises:
        Refused: `lengths_not_proven`; `lengths_differ` where the file does not run at one of them.
    """
    from converters.steps import lengths
    from converters.targets.scorer import FormatError

    free = work.request.flavor in lengths.PROVEN and getattr(scorer, "free", False)
    if free and not work.report.lengths:
        raise lengths.not_proven()
    found: list[LengthParity] = []
    folder = work.jobdir / contract.CONVERT_DIR
    for told, rows, expected in lengths.read(work.report, folder, base):
        shapes = lengths.shapes(told.inputs, rows)
        try:
            golden = f"{GOLDEN_DIR}-{len(found) + 1}"
            parity, kept = _compared(work, scorer, told, rows, expected, golden)
            count = len(next(iter(rows.values())))
            found.append(LengthParity(shapes, count, parity, golden if kept else ""))
        except FormatError as error:
            raise Refused(
                "lengths_differ",
                f"The converted file does not take rows of {LengthParity(shapes, 0, []).title}, "
                f"which the original answers: {error}. {lengths.HOW}",
            ) from error
    return found


def _compared(
    work: _Work,
    scorer: Scorer,
    told: OtherLengths,
    rows: Rows,
    expected: Answers,
    golden_name: str,
) -> tuple[list[OutputParity], int]:
    """The verdict on each output for rows of one length, and how many are kept as golden rows."""
    from converters import golden, parity
    from converters.steps import choosing

    exact, allowed = work.report.exact, work.request.options.tolerance
    count = len(next(iter(rows.values())))
    got = scorer.score(rows, told.inputs, told.outputs)
    singles = choosing.spread(count)[::4]
    alone = _score_alone(scorer, told.inputs, told.outputs, rows, singles)
    verdicts = parity.judge(rows, expected, got, told.outputs, exact, allowed=allowed)
    some, few = _take(rows, singles), _take(expected, singles)
    single = parity.judge(some, few, alone, told.outputs, exact, allowed=allowed)
    steady = choosing.steady(expected, got, told.outputs, exact)
    chosen = [i for i in range(count) if steady[i]][:GOLDEN_OF_LENGTH]
    answers = {output.name: expected[output.name] for output in told.outputs}
    if chosen:
        golden.write(work.folder / golden_name, _take(rows, chosen), _take(answers, chosen))
    judged = [_with_single(*pair) for pair in zip(verdicts, single, strict=True)]
    return judged, len(chosen)


def _lengths_verdict(report: JudgeReport) -> JudgeReport | None:
    """The refusal of a file that is right at the proven length and not at another one."""
    from converters.steps import lengths

    for one in report.lengths:
        failed = [item.sentence for item in one.parity if item.verdict != "passed"]
        if failed or not one.parity:
            sentence = f"At rows of {one.title}: {' '.join(dict.fromkeys(failed))} {lengths.HOW}"
            return replace(report, state="refused", code="lengths_differ", sentence=sentence)
    return None


def _with_single(batch: OutputParity, single: OutputParity) -> OutputParity:
    """The batch's verdict, unless rows scored one at a time came out worse."""
    if batch.verdict == "passed" and single.verdict == "failed":
        return replace(single, sentence=f"{single.sentence} Only when scored one row at a time.")
    return batch


def _verdict(work: _Work, report: JudgeReport, rows: Rows) -> JudgeReport | None:
    """The refusal that follows from what was measured, or None where all is proven."""
    from converters.steps import advising

    failed = [item for item in report.parity if item.verdict == "failed"]
    if failed:
        said = [sentence for item in failed for sentence in (item.sentence, *item.causes[:1])]
        sentence = " ".join(dict.fromkeys(said))
        advice = advising.after_parity(work.request, work.report)
        return replace(
            report, state="refused", code="parity_failed", sentence=f"{sentence} {advice}"
        )
    unchecked = [item.name for item in report.parity if item.verdict != "passed"]
    wanted = min(FEWEST_ROWS, work.request.rows)
    if report.rows < wanted and _complete(rows):
        wanted = report.rows
    if unchecked or not report.parity or report.rows < max(wanted, 1):
        left_out = ", ".join(f"{n} because {why}" for why, n in sorted(report.excluded.items()))
        sentence = (
            f"Only {report.rows} rows could be compared, at least {wanted} are needed"
            + (f" (left out: {left_out})" if left_out else "")
            + ". Log the model with an input example of typical rows."
        )
        return replace(report, state="refused", code="not_proven", sentence=sentence)
    return None


def _complete(rows: Rows) -> bool:
    """Whether every combination of every value that the original takes is among the rows.

    So it is with a few booleans, as columns or in a tensor, or with learned words where any other
    word is an error. Real numbers have no end, nor do whole numbers in tensors.
    """
    lists = []
    for values in rows.values():
        if values.dtype.kind == "b":
            lists += values.reshape(len(values), -1).T.tolist()
        elif values.ndim != 1 or values.dtype.kind in "fM":
            return False
        else:
            lists.append(values.tolist())
    # A boolean left out altogether is no value that there is not.
    ends = (2 if isinstance(values[0], bool) else len(set(values)) for values in lists)
    return len(set(zip(*lists, strict=True))) >= math.prod(ends)


def _golden_rows(work: _Work, rows: Rows, expected: Answers, got: Answers) -> tuple[list[int], int]:
    """Which rows travel in the bundle, and how many of them are the user's own."""
    from converters.steps import choosing

    kinds = choosing.kinds(work.jobdir / contract.CONVERT_DIR, len(next(iter(rows.values()))))
    steady = choosing.steady(expected, got, work.report.outputs, work.report.exact)
    chosen = choosing.choose(kinds, steady, rows)
    return chosen, sum(kinds[i] == contract.GIVEN for i in chosen)
