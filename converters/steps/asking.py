"""Asks the original for its answers, and leaves out the rows on which it has no steady one.

A row is left out, and counted by reason, where the original raises, where it answers differently
when asked the same again, or differently alone than in a batch.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import GIVEN, Input, Output
from converters.errors import Refused
from converters.golden import Answers, Array, Rows
from converters.parity import TOLERANCE_EXACT
from converters.quoting import quoted
from converters.sources import pairwise, voices
from converters.steps import nudging

RAISES = "the original raises an error"
UNSTEADY = "the original answers differently when asked again"
DEPENDENT = "the original answers differently alone than in a batch"
UNSETTLED = "the original's own answer hangs on rounding: a tie of a member or of neighbours"
LAST_DIGITS = "the original's own answer jumps when the inputs move by their last digits"
MISSING = "a missing value where the converted model takes none"
EMPTY = "an empty text, which the converted model reads as a missing value"

# Rows that the sampler bisected to the border of two classes.
BORDER = "boundary"
# Names answers of the original that are no outputs (see converters.parity.rankings).
MARGIN = "margin:"
SINGLE_ROWS = 64
# Answers that lie nearer than this, of what all answers span, differ by rounding.
ROUNDING = 1e-5
SINGLE_SECONDS = 5.0

Ask = Callable[[Rows], Answers]
Indices = npt.NDArray[np.intp]


@dataclass
class Asked:
    """The rows that remain, the original's answers, and why others do not.

    kinds: why each remaining row was sampled (see converters/sampling).
    alone: numbers of the rows that were asked by themselves too, and answered the same.
    """

    rows: Rows
    answers: Answers
    kinds: list[str]
    excluded: Counter[str] = field(default_factory=Counter)
    alone: list[int] = field(default_factory=list)


def take(rows: Rows, indices: Any) -> Rows:
    """The rows at these indices or where a mask holds."""
    return {name: values[indices] for name, values in rows.items()}


def count(rows: Rows) -> int:
    """How many rows there are."""
    return len(next(iter(rows.values()))) if rows else 0


def representable(
    rows: Rows, kinds: list[str], inputs: list[Input], target: str
) -> tuple[Rows, list[str], Counter[str]]:
    """Rows that the converted file can be given at all, and why others cannot.

    That is: no missing value in an input that takes none; and, as ONNX strings have no null and an
    empty text stands for it, no empty text in an ONNX input that takes missing ones.
    """
    keep = np.ones(count(rows), dtype=bool)
    excluded: Counter[str] = Counter()
    for item in inputs:
        for name in item.columns:
            values = rows[name]
            if not item.nullable:
                wrong, why = missing(values), MISSING
            elif target == "onnx" and values.dtype == object:
                wrong, why = np.array([value == "" for value in values.tolist()]), EMPTY
            else:
                continue
            lost = keep & wrong.reshape(len(keep), -1).any(axis=1)
            excluded[why] += int(lost.sum())
            keep &= ~lost
    kept = [kind for kind, stays in zip(kinds, keep, strict=True) if stays]
    return take(rows, keep), kept, +excluded


def missing(values: Array) -> npt.NDArray[np.bool_]:
    """Where a value is NaN, NaT or None; same shape as `values`."""
    if values.dtype == object:
        return np.array([value is None for value in values.ravel()], dtype=bool).reshape(
            values.shape
        )
    if values.dtype.kind in "fM":
        return np.asarray(np.isnat(values) if values.dtype.kind == "M" else np.isnan(values))
    return np.zeros(values.shape, dtype=bool)


def ask(
    answer: Ask,
    rows: Rows,
    kinds: list[str],
    unsettled: Callable[[Rows], npt.NDArray[np.bool_]] | None = None,
    inexact: bool = False,
) -> Asked:
    """The original's steady answers for these rows.

    unsettled: marks rows whose answer hangs on rounding (see converters.sources.unsettled).
    inexact: trees ask numbers that were computed inexactly (see converters.steps.nudging).

    Raises:
        Refused: `original_fails` where it answers none of the rows, `not_deterministic` or
            `row_dependent` where too many of its answers are not steady.
    """
    excluded: Counter[str] = Counter()
    good, first_error = _answerable(answer, rows, kinds)
    if not len(good):
        if isinstance(first_error, Refused) and first_error.code == "model_unreadable":
            raise first_error
        raise Refused(
            "original_fails",
            f"The model itself answers none of the sampled rows: {_say(first_error)}. "
            "Check that its signature is what it was trained on.",
        )
    excluded[RAISES] = count(rows) - len(good)
    rows, kinds = take(rows, good), [kinds[i] for i in good]
    rows, kinds = _settled(rows, kinds, unsettled, excluded)
    if inexact:
        rows, kinds = _not_hanging(answer, rows, kinds, excluded)
    answers = answer(rows)
    steady = _same(answers, answer(rows), _narrow(rows))
    if steady.mean() < 0.5:
        raise Refused(
            "not_deterministic",
            "The model answers the same rows differently each time, so nothing can be proven "
            "about a conversion; fix its random state.",
        )
    excluded[UNSTEADY] = int((~steady).sum())
    same, alone = _same_alone(answer, rows, answers, kinds, excluded)
    steady &= same
    kept = [kind for kind, stays in zip(kinds, steady, strict=True) if stays]
    places = np.cumsum(steady) - 1
    known = [int(places[i]) for i in alone if steady[i]]
    return Asked(take(rows, steady), take(answers, steady), kept, +excluded, known)


def _settled(
    rows: Rows,
    kinds: list[str],
    unsettled: Callable[[Rows], npt.NDArray[np.bool_]] | None,
    excluded: Counter[str],
) -> tuple[Rows, list[str]]:
    """The rows whose answer does not hang on rounding; all where nothing tells, or none are left.

    Where none are left, the rows are judged as they are: the model is then not one that converts.
    """
    if unsettled is None:
        return rows, kinds
    keep = ~unsettled(rows)
    if keep.all() or not keep.any():
        return rows, kinds
    excluded[UNSETTLED] = int((~keep).sum())
    return take(rows, keep), [kind for kind, stays in zip(kinds, keep, strict=True) if stays]


def _not_hanging(
    answer: Ask, rows: Rows, kinds: list[str], excluded: Counter[str]
) -> tuple[Rows, list[str]]:
    """The rows whose answer does not hang on the last digits of their inputs."""
    suspects = np.array([kind != GIVEN for kind in kinds], dtype=bool)
    keep = ~nudging.hanging(answer, rows, suspects, MARGIN)
    if keep.all():
        return rows, kinds
    excluded[LAST_DIGITS] = int((~keep).sum())
    return take(rows, keep), [kind for kind, stays in zip(kinds, keep, strict=True) if stays]


def _answerable(answer: Ask, rows: Rows, kinds: list[str]) -> tuple[Indices, Exception | None]:
    """Indices of rows that the original answers, and the first error that it raised."""
    everything = np.arange(count(rows))
    error = _try(answer, rows)
    if error is None:
        return everything, None
    # Rows of one kind mostly fail together: one row tells, before each is tried. The user's own
    # rows have nothing in common, and none of them is given up unasked.
    names = np.array(kinds, dtype=object)
    good: list[Indices] = []
    for kind in dict.fromkeys(kinds):
        group = everything[names == kind]
        if kind != GIVEN and len(group) > 1 and _try(answer, take(rows, group[:1])) is not None:
            last = _try(answer, take(rows, group[-1:]))
            if last is not None:
                continue
        good.append(_halve(answer, rows, group))
    return np.sort(np.concatenate(good)) if good else everything[:0], error


def _halve(answer: Ask, rows: Rows, group: Indices) -> Indices:
    if not len(group) or _try(answer, take(rows, group)) is None:
        return group
    if len(group) == 1:
        return group[:0]
    middle = len(group) // 2
    return np.concatenate(
        [_halve(answer, rows, group[:middle]), _halve(answer, rows, group[middle:])]
    )


def _try(answer: Ask, rows: Rows) -> Exception | None:
    try:
        answer(rows)
    except Exception as error:
        # Foreign code: any exception is the original's way of not answering.
        return error
    return None


def _narrow(rows: Rows) -> bool:
    """Whether the rows are float32, in which many originals then compute."""
    return any(values.dtype == np.float32 for values in rows.values())


def _same(a: Answers, b: Answers, narrow: bool) -> npt.NDArray[np.bool_]:
    """[N] where two answers agree: numbers within rounding, all else exactly.

    Margins are left out: no output is compared with them, and they may be rounded as float32.
    """
    same = np.ones(count(a), dtype=bool)
    for name, one in a.items():
        if name.startswith(MARGIN):
            continue
        other = b[name]
        if one.dtype.kind == "f":
            loose = 1e-5 if narrow or one.dtype.itemsize < 8 else TOLERANCE_EXACT
            equal = np.isclose(one, other, rtol=loose, atol=loose, equal_nan=True)
        else:
            equal = np.asarray(one == other)
        same &= equal.reshape(len(same), -1).all(axis=1)
    return same


def _same_alone(
    answer: Ask, rows: Rows, answers: Answers, kinds: list[str], excluded: Counter[str]
) -> tuple[npt.NDArray[np.bool_], list[int]]:
    """[N] false where a row, asked alone, got another answer; and the sample that was asked.

    Rows on the border of two classes are not asked: there a label hangs on how sums are rounded,
    which differs with the size of a batch and says nothing about rows looking at each other.
    """
    same = np.ones(count(rows), dtype=bool)
    furthest = 0.0
    plain = np.flatnonzero(np.array([kind != BORDER for kind in kinds], dtype=bool))
    plain = plain if len(plain) else np.arange(len(same))
    sample = plain[np.unique(np.linspace(0, len(plain) - 1, SINGLE_ROWS).astype(int))]
    start = time.monotonic()
    asked: list[int] = []
    for i in sample.tolist():
        together, alone = take(answers, [i]), answer(take(rows, [i]))
        same[i] = _same(together, alone, _narrow(rows))[0]
        furthest = max(furthest, _distance(together, alone, answers))
        asked.append(i)
        if time.monotonic() - start > SINGLE_SECONDS and len(asked) >= 4:
            break
    dependent = int((~same).sum())
    if dependent > max(1, len(asked) // 10):
        if furthest < ROUNDING:
            raise Refused(
                "row_dependent",
                "The model's own answer to a row changes with the number of rows beside it, in its "
                f"last digits (by {furthest:.1g} of what its answers span): it loses so many in "
                "its own arithmetic, as a kernel of nearly equal training rows does, that nothing "
                "finer can be proven. Train it on fewer or scaled rows, or with more noise.",
            )
        raise Refused(
            "row_dependent",
            "The model answers a row differently alone than among others, so no row-by-row "
            "conversion can be right; let it look at one row at a time.",
        )
    excluded[DEPENDENT] = dependent
    return same, asked


def _distance(one: Answers, other: Answers, all_answers: Answers) -> float:
    """How far two answers lie apart, as a part of what all span; infinite for other labels."""
    furthest = 0.0
    for name, values in one.items():
        if name.startswith(MARGIN):
            continue
        if values.dtype.kind != "f":
            furthest = max(furthest, 0.0 if np.array_equal(values, other[name]) else np.inf)
            continue
        known = all_answers[name][np.isfinite(all_answers[name])]
        span = float(np.ptp(known)) if known.size else 0.0
        apart = float(np.nanmax(np.abs(values - other[name]), initial=0.0))
        furthest = max(furthest, apart / span if span else (np.inf if apart else 0.0))
    return furthest


def _say(error: Exception | None) -> str:
    return quoted(error, 400) if error is not None else "no error was kept"


def margin_outputs(estimator: Any, outputs: list[Output]) -> list[Output]:
    """What else the original is asked, so that the judge can tell ties: its own class scores.

    Only where the file itself gives labels and no scores that rank them. Probabilities alone do
    not tell all ties: many labels are the sign of a score that is rounded more coarsely.
    """
    from converters.contract import OutputKind

    kinds = {output.kind for output in outputs}
    label = next((o for o in outputs if o.kind is OutputKind.LABEL and len(o.classes) > 1), None)
    if label is None or label.width or OutputKind.SCORES in kinds:
        return []  # none, several at once, or scores that tell already
    if pairwise.voter(estimator) is not None:
        # Votes of pairs jump where one pair is tied, so no score of a class tells a tie.
        width = len(label.classes)
        name = f"{MARGIN}{pairwise.WINNERS}"
        return [Output(name, OutputKind.SCORES, "float64", width, label.classes, pairwise.WINNERS)]
    classes = len(label.classes)
    if hasattr(_last(estimator), "cluster_centers_") and hasattr(estimator, "transform"):
        name = f"{MARGIN}{voices.NEARNESS}"
        return [Output(name, OutputKind.SCORES, "float64", classes, label.classes, voices.NEARNESS)]
    proven = OutputKind.PROBABILITIES in kinds
    for source in ("decision_function",) if proven else ("decision_function", "predict_proba"):
        if callable(getattr(estimator, source, None)) and not _keeps_silent(estimator):
            width = 0 if source == "decision_function" and classes == 2 else classes
            name = f"{MARGIN}{source}"
            return [Output(name, OutputKind.SCORES, "float64", width, label.classes, source)]
    return []


def _keeps_silent(estimator: Any) -> bool:
    """Whether the model has a method for probabilities that only ever raises an error."""
    return str(getattr(_last(estimator), "multi_class", "")) == "one_vs_one"


def _last(estimator: Any) -> Any:
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return estimator
