"""`jvm JOBDIR`: judges the answers that the generated Java gave to the golden rows.

The JVM ran the draft of the bundle; what it left is read as hostile, as all results are.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from converters import contract
from converters.bundle import manifest as manifests
from converters.contract import JvmReport, OutputParity
from converters.errors import Refused
from converters.steps.jobdir import timed

if TYPE_CHECKING:
    from converters.golden import Answers, Rows

# What GoldenAnswers.java writes: a folder each for one call with all rows, and one call a row.
CALLS = ("batch", "single")
ROWS_FILE = "rows.bin"


def run(jobdir: Path) -> bool:
    """Judge; writes jvm/report.json whatever happens. False where the step crashed."""
    seconds: dict[str, float] = {}
    try:
        with timed(seconds, "judge"):
            report = _judge(jobdir)
    except Refused as refusal:
        report = JvmReport("refused", refusal.code, refusal.sentence)
    except Exception as error:
        traceback.print_exc()
        sentence = f"The judgement of the Java broke: {type(error).__name__}. Its log says where."
        report = JvmReport("crashed", "crashed", sentence)
    folder = jobdir / contract.JVM_DIR
    contract.write(replace(report, seconds=seconds), folder / contract.REPORT_FILE)
    return report.state != "crashed"


def _judge(jobdir: Path) -> JvmReport:
    from converters import golden

    manifest = manifests.read_manifest(jobdir / contract.BUNDLE_DIR)
    try:
        rows, expected = golden.read(jobdir / contract.BUNDLE_DIR / manifests.GOLDEN_DIR)
        answers = jobdir / contract.JVM_DIR / contract.ANSWERS_DIR
        found = [_compared(manifest, answers / call, rows, expected) for call in CALLS]
    except golden.GoldenError as error:
        raise Refused(
            "jvm_failed", f"The generated Java left answers that cannot be read: {error}."
        ) from error
    batch, single = found
    verdicts = [_worse(*pair) for pair in zip(batch, single, strict=True)]
    failed = [one.sentence for one in verdicts if one.verdict != "passed"]
    if failed:
        raise Refused(
            "jvm_differs",
            "The generated Java does not answer as the original did: "
            f"{' '.join(dict.fromkeys(failed))} Export to another target; the model is kept as it "
            "was.",
        )
    ran = contract.read(contract.JvmRun, jobdir / contract.JVM_DIR / contract.RUN_FILE)
    return JvmReport("proven", rows=verdicts[0].rows, parity=verdicts, java=ran.java)


def _compared(
    manifest: manifests.Manifest, folder: Path, rows: Rows, expected: Answers
) -> list[OutputParity]:
    """The verdict on each output of one way to call.

    Raises:
        Refused: `jvm_no_rows`. golden.GoldenError: answers that the driver does not write.
    """
    from converters import golden, parity

    chosen = golden.read_numbers(folder, ROWS_FILE, manifest.golden.rows)
    if not chosen:
        raise Refused(
            "jvm_no_rows",
            "None of the golden rows can be scored in Java, since each holds text that ONNX "
            "Runtime's Java API garbles (a character beyond U+FFFF, or a NUL). Log the model with "
            "an input example without such text, or export to PMML.",
        )
    columns = [
        {"name": one.name, "dtype": one.dtype, "width": one.width, "file": one.file}
        for one in manifest.golden.outputs
    ]
    got = golden.read_columns(folder, columns, len(chosen))
    return parity.judge(
        _take(rows, chosen),
        _take(expected, chosen),
        got,
        manifest.outputs,
        manifest.exact,
        allowed=manifest.options.tolerance,
    )


def _take(arrays: Rows, indices: Sequence[int]) -> Rows:
    return {name: values[list(indices)] for name, values in arrays.items()}


def _worse(batch: OutputParity, single: OutputParity) -> OutputParity:
    if batch.verdict == "passed" and single.verdict != "passed":
        return replace(single, sentence=f"{single.sentence} Only when scored one row at a time.")
    return batch
