"""A pyfunc by the route of the model inside: which of its answers the wrapper hands on."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from converters import catalog
from converters.contract import Output, OutputKind, Request
from converters.environments import STANDARD
from converters.errors import Refused
from converters.quoting import quoted
from converters.routes.converted import Converted
from converters.sources import handing_on, pyfunc
from converters.sources.loaded import Loaded
from converters.sources.pyfunc import PREFIX, PyfuncModel

PROBES = 200


@dataclass(frozen=True)
class Handed:
    """One answer of the wrapper: an inner output, whole, or one column of it."""

    name: str
    output: Output
    column: int | None = None


def convert(model: Loaded, request: Request, folder: Path) -> tuple[Converted, list[Handed]]:
    """The inner model's file, and which of its outputs are the wrapper's answers.

    Raises:
        Refused: `own_python` where no answer of the wrapper is one of a model inside it, and what
            the inner route refuses.
    """
    wrapper: PyfuncModel = model.estimator
    refusal: Refused | None = None
    for flavor, estimator in wrapper.candidates:
        row = catalog.route(flavor, request.target)
        inner = pyfunc.inner_loaded(model, flavor, estimator)
        if row is None or row.environment != STANDARD or inner is None:
            continue
        module, _, function = row.convert.partition(":")
        try:
            made = getattr(importlib.import_module(module), function)(inner, request, folder)
        except Refused as no:
            refusal = refusal or no
            continue
        wrapper.inner = inner
        handed, lost = _handed(model, inner, made.outputs)
        if handed:
            return _of_wrapper(model, inner, made, lost), handed
    kinds = ", ".join(dict.fromkeys(type(one).__name__ for _, one in wrapper.candidates))
    wrapper.inner = None
    if refusal is not None:
        raise Refused(
            refusal.code,
            f"The model inside this pyfunc ({kinds}) does not convert: {refusal.sentence}",
        )
    raise pyfunc.own_python(
        wrapper.python, f"which do not equal any answer of the {kinds} inside it"
    )


def _of_wrapper(model: Loaded, inner: Loaded, made: Converted, lost: list[str]) -> Converted:
    kind = type(inner.estimator).__name__
    notes = [f"Converted is the {kind} inside; proven against the pyfunc's own predict."]
    if lost:
        notes.append(
            f"Left out, being computed by the pyfunc's own Python: {', '.join(sorted(lost))}."
        )
    return replace(made, signature=model.signature, notes=[*made.notes, *notes])


def _handed(model: Loaded, inner: Loaded, outputs: list[Output]) -> tuple[list[Handed], list[str]]:
    """Which inner outputs the wrapper's answers equal on some rows, and the names of the others."""
    from converters.sampling import features

    random = np.random.default_rng(11)
    told = features.features_of(model.signature)
    model.estimator.reveal(told)
    rows = features.rows_of(
        model.signature, [features.random_values(one, PROBES, random) for one in told]
    )
    wanted = _wrapper_answers(model, model.frame(rows))
    own = {column.name: rows[column.name] for column in inner.signature.columns} or rows
    answers = inner.answer(own, outputs)
    have = [(one, answers[one.name]) for one in outputs]
    handed, lost = [], []
    for name, values in wanted.items():
        match = _match(name, values, have)
        if match is None:
            lost.append(name)
        else:
            handed.append(match)
    return handed, lost


def _wrapper_answers(model: Loaded, frame: Any) -> dict[str, Any]:
    try:
        told: dict[str, Any]
        told, computed = handing_on.watched(lambda: pyfunc.answers(model, frame))
    except Exception as error:
        # Foreign code: whatever it raises is its way of not answering.
        raise Refused(
            "original_fails",
            f"The model itself does not answer made-up rows: {model.estimator.python} raises "
            f"{type(error).__name__}: {quoted(error, 300)}. Check that its "
            "signature is what it takes.",
        ) from error
    if computed:
        raise pyfunc.computing(model.estimator.python, computed)
    return told


def _match(name: str, values: Any, have: list[tuple[Output, Any]]) -> Handed | None:
    for output, answer in have:
        if _equal(values, answer):
            return Handed(name, output)
    for output, answer in have:
        if answer.ndim != 2:
            continue
        for column in reversed(range(answer.shape[1])):
            if _equal(values, answer[:, column]):
                return Handed(name, output, column)
    return None


def _equal(a: Any, b: Any) -> bool:
    """Equal row by row; [N, 1] is taken for [N]."""
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 2 and a.shape[1] == 1:
        a = a[:, 0]
    if b.ndim == 2 and b.shape[1] == 1:
        b = b[:, 0]
    if a.shape != b.shape or _sort(a) != _sort(b):
        return False
    if a.dtype.kind in "OUS":
        return bool((a.astype(str) == b.astype(str)).all())
    try:
        x, y = a.astype(np.float64), b.astype(np.float64)
    except (TypeError, ValueError):
        return False
    return bool(np.allclose(x, y, rtol=1e-7, atol=1e-9, equal_nan=True))


def _sort(values: Any) -> str:
    """What answers are made of: text, truth or numbers."""
    kind = values.dtype.kind
    return "text" if kind in "OUS" else "truth" if kind == "b" else "numbers"


def declared(handed: Handed, name: str) -> Output:
    """The output of the new file: the wrapper's answer, in the inner one's terms."""
    inner = handed.output
    source = f"{PREFIX}{handed.name}"
    if handed.column is None:
        return replace(inner, name=name, source=source)
    return Output(name, OutputKind.VALUES, inner.dtype, source=source)
