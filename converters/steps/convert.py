"""`convert JOBDIR`: loads the model, converts it, and answers the sampled rows with the original.

This is the only step in which the model's own code runs, so nothing that it leaves is trusted by
the steps after it.
"""

from __future__ import annotations

import importlib
import json
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from converters import contract, flavors
from converters.catalog import route
from converters.contract import ConvertReport, Domain, Input, Request
from converters.errors import Refused
from converters.steps.jobdir import (
    dataset_file,
    fresh,
    given_file,
    sha256_of,
    verify_model,
    versions,
)
from converters.steps.phases import ended, original_asked, phase

if TYPE_CHECKING:
    from converters.golden import Rows
    from converters.routes.converted import Converted
    from converters.sources.loaded import Loaded
    from converters.steps.asking import Asked

ROWS_DIR = "rows"

PACKAGES = (
    *("numpy", "pandas", "scikit-learn", "xgboost-cpu", "lightgbm", "onnx", "skl2onnx"),
    *("sklearn2pmml", "onnxruntime"),
    *("torch", "onnxscript", "transformers", "sentence-transformers"),
)


@dataclass
class _Work:
    """What the step has so far, so that a refusal half-way still reports it."""

    jobdir: Path
    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def phase(self, name: str) -> AbstractContextManager[None]:
        """One part of the step: marked for whoever waits for it, and timed."""
        return phase(self.folder, self.seconds, name)


def run(jobdir: Path) -> bool:
    """Convert; writes convert/report.json whatever happens. False where the step crashed."""
    work = _Work(jobdir, fresh(jobdir / contract.CONVERT_DIR))
    try:
        report = _convert(work)
    except Refused as refusal:
        report = ConvertReport("refused", refusal.code, refusal.sentence)
    except RecursionError:
        from converters.sources import sound

        # How deep a model is nested is its own; where, the log says.
        traceback.print_exc()
        endless = sound.recursive("file")
        report = ConvertReport("refused", endless.code, endless.sentence)
    except (Exception, SystemExit) as error:
        # A model may call sys.exit: that too is no reason to leave without a report.
        traceback.print_exc()
        sentence = f"The conversion broke: {type(error).__name__}. Its log says where."
        report = ConvertReport("crashed", "crashed", sentence)
    report = replace(report, seconds=work.seconds, versions=versions(*PACKAGES))
    ended(work.folder)
    contract.write(report, work.folder / contract.REPORT_FILE)
    return report.state != "crashed"


def _convert(work: _Work) -> ConvertReport:
    request = contract.read(Request, work.jobdir / contract.REQUEST_FILE)
    model_folder = work.jobdir / contract.MODEL_DIR
    with work.phase("verify"):
        verify_model(model_folder, request.model_sha256)
    row = route(request.flavor, request.target)
    if row is None:
        raise Refused("no_route", _no_route(request))
    with work.phase("static"):
        from converters.steps.preflight import refuse_commands

        refuse_commands(model_folder, request.flavor)
    with work.phase(contract.LOADING):
        from converters import sources

        model = sources.load(model_folder, request.flavor)
    model.asking = partial(original_asked, work.folder)
    with work.phase("given"):
        from converters.sampling import given

        file = given_file(work.jobdir, request)
        own = given.read(file, model.signature) if file else None
    with work.phase("convert"):
        module, _, function = row.convert.partition(":")
        convert = getattr(importlib.import_module(module), function)
        converted = _converted(convert, model, request, work.folder)
    asked, told = _answers(work, request, model, converted, own)
    with work.phase("lengths"):
        from converters.steps import lengths

        others = lengths.ask(converted, request, work.folder)
    return replace(_report(work, converted, model, asked, own), lengths=others, domains=told)


def _converted(
    convert: Callable[[Loaded, Request, Path], Converted],
    model: Loaded,
    request: Request,
    folder: Path,
) -> Converted:
    """What the route makes of the model, unless the model lost a part of itself."""
    from converters.sources import lacking

    try:
        return convert(model, request, folder)
    except AttributeError as error:
        if no := lacking.proven(error, model):
            raise no from error
        raise


def _no_route(request: Request) -> str:
    """Why there is no route, and what to do instead where the flavor is known to have none."""
    known = flavors.flavor(request.flavor)
    sentence = f"There is no route from {request.flavor} to {request.target}."
    return f"{sentence} {known.sentence}".rstrip() if known is not None else sentence


def _answers(
    work: _Work, request: Request, model: Loaded, converted: Converted, own: Rows | None
) -> tuple[Asked, list[Domain]]:
    from converters import explaining, golden, sampling
    from converters.sampling import dataset, domains, given
    from converters.sources import unsettled
    from converters.steps import asking, choosing

    outputs = [*converted.outputs, *asking.margin_outputs(model.estimator, converted.outputs)]
    answer = partial(model.answer, outputs=outputs)
    with work.phase("sample"):
        found, why = dataset.read(dataset_file(work.jobdir, request), model.signature, request.seed)
        model.notes += [note for note in (why, request.dataset_note) if note]
        drawn = sampling.sample(model, request, converted.outputs, own, found)
        sample = given.first(own, drawn)
    rows, kinds, left_out = asking.representable(
        sample.rows, sample.kinds, converted.inputs, request.target
    )
    with work.phase("answer"):
        hanging = partial(unsettled.rows, model, outputs=outputs)
        asked = asking.ask(answer, rows, kinds, hanging, sample.inexact)
        told = domains.seen_to_refuse(sample.domains, asked.rows, answer)
    asked.excluded += left_out
    golden.write(work.folder / ROWS_DIR, asked.rows, asked.answers)
    (work.folder / choosing.KINDS_FILE).write_text(json.dumps(asked.kinds), encoding="utf-8")
    (work.folder / choosing.ALONE_FILE).write_text(json.dumps(asked.alone), encoding="utf-8")
    (work.folder / explaining.SPLITS_FILE).write_text(json.dumps(sample.splits), encoding="utf-8")
    return asked, told


def _report(
    work: _Work, converted: Converted, model: Loaded, asked: Asked, own: Rows | None
) -> ConvertReport:
    given = len(next(iter(own.values()))) if own else 0
    return ConvertReport(
        state="converted",
        file=converted.file,
        file_sha256=sha256_of(work.folder / converted.file),
        signature=converted.signature,
        inputs=[replace(item, nullable=_proven_nullable(item, asked)) for item in converted.inputs],
        outputs=converted.outputs,
        exact=converted.exact,
        facts=converted.facts,
        notes=_notes(model, converted, asked, given),
        given=given,
        data_files={name: sha256_of(work.folder / name) for name in converted.data_files},
        excluded={reason: number for reason, number in asked.excluded.items() if number},
    )


def _notes(model: Loaded, converted: Converted, asked: Asked, given: int) -> list[str]:
    """What the model's owner should know, each sentence once."""
    said = [
        *model.notes,
        *converted.notes,
        *_empty_notes(converted, asked),
        *_none_notes(model, asked),
        *_given_notes(given, asked),
    ]
    return list(dict.fromkeys(said))


def _empty_notes(converted: Converted, asked: Asked) -> list[str]:
    """What to know where an empty text cannot be told from a missing one."""
    from converters.steps.asking import EMPTY

    if not asked.excluded[EMPTY]:
        return []
    names = [
        repr(item.name) for item in converted.inputs if item.nullable and item.dtype == "string"
    ]
    return [f"ONNX strings have no null: in {', '.join(names)} an empty text means missing."]


def _none_notes(model: Loaded, asked: Asked) -> list[str]:
    """What to know where the model itself tells two kinds of missing text apart."""
    from converters.steps.asking import missing

    texts = [values for values in asked.rows.values() if values.dtype == object]
    if not any(missing(values).any() for values in texts):
        return []
    if model.missing_text is not None:
        return [
            "Missing text was proven as NaN, which is what pandas has; None, which the file does "
            "not tell apart from it, may be another value to the original."
        ]
    return [
        "Missing text was proven as None, which this model learned; NaN, as pandas has it in str "
        "columns, is another value to the original and not to the converted file."
    ]


def _given_notes(given: int, asked: Asked) -> list[str]:
    """What to know where some of the user's own rows could not be compared."""
    lost = given - asked.kinds.count(contract.GIVEN)
    if not lost:
        return []
    why = ", or ".join(sorted(asked.excluded))
    return [f"Of the {given} given rows {lost} could not be compared, for one of: {why}."]


def _proven_nullable(item: Input, asked: Asked) -> bool:
    """Whether a missing value was really answered in every column that the input carries.

    An input of several columns has one promise for all of them: one column that the original
    does not take empty takes the promise away. Whole numbers and flags have no missing value.
    """
    from converters.steps.asking import missing

    if not item.nullable:
        return False
    able = [name for name in item.columns if asked.rows[name].dtype.kind not in "biu"]
    seen = [missing(asked.rows[name]).any(axis=0) for name in able]
    return bool(able) and all(bool(column.all()) for column in seen)
