"""Rows of other lengths than the signature's: asked by the convert step, read by the judge.

A file whose axes are free may be right at the one length that its rows have and wrong at all
others, so the judge scores some rows of other lengths as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converters.contract import ConvertReport, Input, OtherLengths, Output, Request
from converters.errors import Refused

if TYPE_CHECKING:
    from converters.golden import Answers, Rows
    from converters.routes.converted import Converted, Elsewhere
    from converters.steps.asking import Asked

# Flavors whose original is code: a file that takes any length is published only where other
# lengths were proven. An ONNX file may call axes free at which it answers at one length alone.
PROVEN = frozenset({"pytorch", "transformers", "sentence_transformers"})
ROWS = 120
FEWEST = 50
MOST = 8
FOLDER = re.compile(r"rows-[1-9]")
HOW = "Log the model with a signature of fixed lengths, and an input example of them."


def ask(converted: Converted, request: Request, folder: Path) -> list[OtherLengths]:
    """The original's answers at the other lengths, written into `folder`.

    Raises:
        Refused: `lengths_not_proven` where there are other lengths, and none has enough answers.
    """
    from converters import golden

    told = []
    for number, place in enumerate(converted.elsewhere[:MOST], 1):
        asked = _asked(place, replace(request, rows=ROWS, seed=request.seed + number))
        if asked is None:
            continue
        name = f"rows-{number}"
        golden.write(folder / name, asked.rows, asked.answers)
        told.append(OtherLengths(name, place.inputs, place.outputs))
    if converted.elsewhere and not told and request.flavor in PROVEN:
        raise not_proven()
    return told


def not_proven() -> Refused:
    """The refusal of a file that takes other lengths than those that could be compared."""
    return Refused(
        "lengths_not_proven",
        "The converted file takes rows of any length, and at none but the example's could enough "
        f"answers be compared. {HOW}",
    )


def _asked(place: Elsewhere, request: Request) -> Asked | None:
    """The steady answers at one length; None where the original has too few."""
    from converters.sampling import tensors
    from converters.sources import unsettled
    from converters.steps import asking

    outputs = [*place.outputs, *asking.margin_outputs(place.model.estimator, place.outputs)]
    rows, kinds = tensors.draw(place.model, request)
    rows, kinds, _ = asking.representable(rows, kinds, place.inputs, request.target)
    answer = partial(place.model.answer, outputs=outputs)
    hanging = partial(unsettled.rows, place.model, outputs=outputs)
    try:
        asked = asking.ask(answer, rows, kinds, hanging)
    except Refused:
        return None  # it need not answer at every length; the file is judged at those it does
    return asked if len(asked.kinds) >= FEWEST else None


def shapes(inputs: list[Input], rows: Rows) -> dict[str, list[int]]:
    """Input → the shape of one row."""
    return {
        item.name: item.shape or [int(np.prod(rows[item.columns[0]].shape[1:]))]
        for item in inputs
        if len(item.columns) == 1
    }


def read(
    report: ConvertReport, folder: Path, base: Rows
) -> Iterator[tuple[OtherLengths, Rows, Answers]]:
    """What the convert step left of the other lengths, checked against its own report.

    base: the rows of the proven length, whose columns these have too.

    Raises:
        Refused: `lengths_not_proven` for what is not as `ask` leaves it.
    """
    from converters import golden

    usual = shapes(report.inputs, base)
    for told in report.lengths:
        try:
            _check_ports(report, told)
            rows, answers = golden.read(folder / told.folder)
            if list(rows) != list(base) or len(next(iter(rows.values()))) < FEWEST:
                raise golden.GoldenError("they are not the signature's, or too few")
            if shapes(told.inputs, rows) == usual:
                raise golden.GoldenError("they have the same lengths")
            for output in told.outputs:
                if golden.dtype_name(answers[output.name]) != output.dtype:
                    raise golden.GoldenError(f"{output.name} is not {output.dtype}")
        except (golden.GoldenError, KeyError) as error:
            raise Refused(
                "lengths_not_proven", f"The rows of other lengths cannot be used: {error}. {HOW}"
            ) from error
        yield told, rows, answers


def _check_ports(report: ConvertReport, told: OtherLengths) -> None:
    """See that nothing but shapes differs from the file's inputs and outputs."""
    from converters import golden

    inputs = [replace(item, nullable=False, shape=[]) for item in report.inputs]
    same_inputs = [replace(item, nullable=False, shape=[]) for item in told.inputs] == inputs
    if not same_inputs or list(map(_bare, told.outputs)) != list(map(_bare, report.outputs)):
        raise golden.GoldenError("they are of other inputs or outputs")
    if not FOLDER.fullmatch(told.folder):
        raise golden.GoldenError(f"{told.folder!r} is no folder of theirs")


def _bare(output: Output) -> Output:
    return replace(output, width=min(output.width, 1), shape=[])
