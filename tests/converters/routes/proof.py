"""Converts a real model as the convert child does, and judges the file on its adversarial rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from converters import contract, golden, parity
from converters.contract import (
    ConvertReport,
    Identity,
    Options,
    Output,
    OutputKind,
    OutputParity,
    Request,
)
from converters.golden import Answers
from converters.steps import convert
from converters.targets import onnx as target
from tests.real_models.sklearn_models import Make


def converted(
    make: Make, flavor: str, jobdir: Path, options: Options | None = None, rows: int = 400
) -> ConvertReport:
    """Save the model in a job directory, convert it there, and return the step's report."""
    jobdir.mkdir(parents=True, exist_ok=True)
    make(jobdir / contract.MODEL_DIR)
    identity = Identity("test", make.__name__, "1")
    request = Request(flavor, "onnx", identity, options or Options(), rows=rows)
    contract.write(request, jobdir / contract.REQUEST_FILE)
    convert.run(jobdir)
    return contract.read(ConvertReport, jobdir / contract.CONVERT_DIR / contract.REPORT_FILE)


def answer_alike(told: Answers, got: Answers, outputs: Sequence[Output], rtol: float) -> None:
    """Labels are the same, and numbers as near to the original's as asked."""
    for one in outputs:
        if one.kind is OutputKind.LABEL:
            assert got[one.name].tolist() == told[one.name].tolist()
        else:
            np.testing.assert_allclose(got[one.name], told[one.name], rtol=rtol)


def judged(jobdir: Path, report: ConvertReport) -> list[OutputParity]:
    """Score the converted file on the sampled rows and compare with the original's answers."""
    folder = jobdir / contract.CONVERT_DIR
    rows, expected = golden.read(folder / convert.ROWS_DIR)
    got = target.open(folder / report.file).score(rows, report.inputs, report.outputs)
    return parity.judge(rows, expected, got, report.outputs, report.exact)
