"""The verdict: a converted file's answers judged against the original's, output by output.

Tolerances and their reasons are in docs/parity.md. Nothing here imports a model library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from converters import explaining
from converters.contract import Output, OutputKind, OutputParity, WorstRow
from converters.explaining import Hints
from converters.golden import Array

PASSED = "passed"
FAILED = "failed"
NOT_CHECKED = "not_checked"

TOLERANCE = 1e-4
TOLERANCE_EXACT = 1e-9
# Two classes are tied where the original's own scores for them differ by less than its rounding.
TIE = 1e-6
TIE_EXACT = 1e-12

# Scores far below 1 are rounded as terms up to this many times their spread.
SMALL_SCORES = 1e4
# No more of the rows than this may be ties, but always this many: more are a rule broken.
MOST_TIES = 0.2
ALLOWED_TIES = 10
# Of rows that file and original score alike to the bit, this share may be named otherwise.
MOST_BROKEN = 0.1
ALLOWED_BROKEN = 2
# Answers of one sign that span more than this are judged by their own size, not by the spread.
DECADES_SPANNED = 1e3
SMALLEST_SHARE = 1e-2

WORST = 10
DECADES = range(-18, 7)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Margins:
    """How the original itself ranks its classes, so that a tie can be told from an error.

    scores: [N, C] the original's scores, larger is chosen.
    classes: the C labels, in the order of the scores' columns.
    name: of the output that they are, or the `margin:` that the original was asked for.
    """

    scores: Floats
    classes: Sequence[object]
    name: str = ""

    def ties(self, want: Array, have: Array, tolerance: float) -> Bools:
        """[N] where the original scores both labels as high as its best.

        Both: an original that does not choose by its scores (a threshold of its own, votes) names
        other classes than its best, and there no score tells a tie.

        tolerance: allowed distance to the best score, scaled by how large scores are.
        """
        return self._among_best(want, tolerance) & self._among_best(have, tolerance)

    def _among_best(self, labels: Array, tolerance: float) -> Bools:
        column = {label: i for i, label in enumerate(self.classes)}
        chosen = np.array([column.get(label, -1) for label in labels.tolist()], dtype=np.int64)
        own = np.take_along_axis(self.scores, np.maximum(chosen, 0)[:, None], axis=1)[:, 0]
        with np.errstate(invalid="ignore"):
            best = self.scores.max(axis=1)
            near = best - own <= tolerance * self._pair_scale(np.maximum(chosen, 0), own, best)
        return np.asarray((chosen >= 0) & near, dtype=np.bool_)

    def _pair_scale(self, chosen: Array, own: Floats, best: Floats) -> Floats:
        """[N] how large the two scores are that are compared: theirs alone, no other class's.

        Where all scores are far below 1, a tie is no wider than a small part of their spread, or
        every label of such a model would be one.
        """
        spreads = np.array([_quartiles(column) for column in self.scores.T])
        spread = np.maximum(spreads[chosen], spreads[self.scores.argmax(axis=1)])
        floor = np.minimum(1.0, SMALL_SCORES * spread)
        sizes = np.maximum(np.abs(own), np.abs(best))
        return np.asarray(np.maximum.reduce([floor, spread, sizes]), dtype=np.float64)

    def broken(self, scores: Any, want: Array) -> Bools:
        """[N] where the original's two best scores are equal to the bit, and the file's the same.

        None where the original does not take the first of equal scores: then it chooses by others,
        of which these are only rounded.

        scores: the file's own, in place of these; None where it gives none. want: its labels.
        """
        if scores is None or scores.shape != self.scores.shape or self.scores.shape[1] < 2:
            return np.zeros(len(self.scores), dtype=np.bool_)
        two = np.sort(self.scores, axis=1)[:, -2:]
        same = (self.scores == scores.astype(np.float64)).all(axis=1)
        equal = np.asarray((two[:, 0] == two[:, 1]) & same, dtype=np.bool_)
        first = [self.classes[i] for i in self.scores[equal].argmax(axis=1)]
        if first != want[equal].tolist():
            return np.zeros(len(self.scores), dtype=np.bool_)
        return equal

    def narrowest(self) -> Floats:
        """[N] the distance between the two best scores, scaled as in `ties`."""
        if self.scores.shape[1] < 2:
            return np.full(len(self.scores), np.inf)
        two = np.sort(self.scores, axis=1)[:, -2:]
        return np.asarray((two[:, 1] - two[:, 0]) / self._scale(), dtype=np.float64)

    def _scale(self) -> Floats:
        """[N] the row's largest score, at least 1 and the scores' spread over all rows.

        A score of nothing is what is left of large terms, and rounded as they are.
        """
        usual = max(1.0, float(_spread(self.scores).max()))
        return np.asarray(np.maximum(usual, np.abs(self.scores).max(axis=1)), dtype=np.float64)


@dataclass(frozen=True)
class Limits:
    """How far numbers may be off, how near a tie is, and what helps to explain a difference."""

    allowed: float
    tie: float
    hints: Hints


def tolerance(exact: bool) -> float:
    """How far an answer may be off: 1e-9 where the whole graph computes in double, else 1e-4."""
    return TOLERANCE_EXACT if exact else TOLERANCE


def tie(exact: bool) -> float:
    """How close two of the original's scores are for its label to be a matter of rounding."""
    return TIE_EXACT if exact else TIE


def judge(
    rows: Mapping[str, Array],
    expected: Mapping[str, Array],
    got: Mapping[str, Array],
    outputs: Sequence[Output],
    exact: bool,
    *,
    allowed: float = 0.0,
    hints: Hints | None = None,
) -> list[OutputParity]:
    """One verdict an output, in the order of `outputs`.

    rows: the features, column → [N] or [N, k], shown beside the worst rows.
    expected: the original's answers by output name; entries that are no output (see
        `rankings`) only help to tell ties.
    got: the converted file's answers by output name.
    allowed: how far numbers may be off, in place of the usual tolerance where it is not 0.
    hints: what the convert step tells about the rows; helps to explain what differs.
    """
    margins = rankings(expected, outputs)
    limits = Limits(allowed or tolerance(exact), tie(exact), hints or Hints())
    verdicts = []
    for output in outputs:
        want, have = expected.get(output.name), got.get(output.name)
        if want is None or have is None:
            sentence = f"Output {output.name} was not answered."
            verdicts.append(
                OutputParity(output.name, output.kind, 0, NOT_CHECKED, sentence=sentence)
            )
        elif want.shape != have.shape:
            verdicts.append(_misshapen(output, want, have))
        elif len(want) == 0:
            sentence = f"Output {output.name} was compared on no rows."
            verdicts.append(
                OutputParity(output.name, output.kind, 0, NOT_CHECKED, sentence=sentence)
            )
        elif output.kind is OutputKind.LABEL:
            own = [got.get(ranking.name) for ranking in margins]
            verdicts.append(_judge_labels(output, want, have, margins, own, rows, limits))
        else:
            verdicts.append(_judge_numbers(output, want, have, rows, limits))
    return verdicts


def rankings(expected: Mapping[str, Array], outputs: Sequence[Output]) -> list[Margins]:
    """The original's rankings of its classes, from its probabilities and its scores.

    Answers of the original that are no outputs of the file are named `margin:` and a method; they
    hold [N, C] or [N] scores in the order of the label's classes.
    """
    classes = next((o.classes for o in outputs if o.kind is OutputKind.LABEL and o.classes), None)
    kinds = (OutputKind.PROBABILITIES, OutputKind.SCORES)
    names = [o.name for o in outputs if o.kind in kinds]
    names += [name for name in expected if name.startswith("margin:")]
    found = []
    for name in names:
        scores = expected.get(name)
        if classes is None or scores is None or scores.dtype.kind not in "fiu":
            continue
        scores = scores.astype(np.float64)
        if scores.ndim == 1 or scores.shape[1] == 1:
            # A decision function of two classes: positive is the second.
            scores = np.column_stack([np.zeros(len(scores)), scores.reshape(len(scores))])
        if scores.shape[1] == len(classes) and len(classes) > 1:
            found.append(Margins(scores, classes, name))
    return found


def _judge_labels(
    output: Output,
    want: Array,
    have: Array,
    margins: Sequence[Margins],
    own: Sequence[Array | None],
    rows: Mapping[str, Array],
    limits: Limits,
) -> OutputParity:
    differ = _differs(want, have)
    if differ.ndim == 2:
        differ, margins = np.asarray(differ.any(axis=1), dtype=np.bool_), []
    tied = _tied(want, have, differ, margins, own, limits.tie)
    wrong: Bools = np.logical_and(differ, ~tied)
    mismatches = int(wrong.sum())
    parity = OutputParity(
        output.name,
        output.kind,
        rows=len(want),
        verdict=FAILED if mismatches else PASSED,
        mismatches=mismatches,
        ties=int(tied.sum()),
        worst=_worst(wrong.astype(np.float64), want, have, rows, limits.hints),
        flips=explaining.flips(want, have, wrong),
        causes=explaining.causes(wrong, rows, limits.hints),
    )
    if not mismatches:
        return parity
    return replace(
        parity,
        sentence=f"Output {output.name} names another class on {mismatches} of {len(want)} rows.",
    )


def _tied(
    want: Array,
    have: Array,
    differ: Bools,
    margins: Sequence[Margins],
    own: Sequence[Array | None],
    tolerance: float,
) -> Bools:
    """[N] which of the labels that differ are ties.

    Rounding flips a few labels, and it does not flip those whose scores came out the same: where
    too many of either are flipped, a rule is another one, and none of them is a tie.
    """
    tied: Bools = np.zeros(len(want), dtype=np.bool_)
    for ranking, scores in zip(margins, own, strict=False):
        if len(ranking.scores) != len(want):
            continue
        tied |= differ & ranking.ties(want, have, tolerance)
        broken = ranking.broken(scores, want)
        flipped = int((broken & differ).sum())
        if flipped > max(ALLOWED_BROKEN, MOST_BROKEN * int(broken.sum())):
            return np.zeros(len(want), dtype=np.bool_)
    if tied.sum() > max(ALLOWED_TIES, MOST_TIES * len(want)):
        return np.zeros(len(want), dtype=np.bool_)
    return tied


def _differs(want: Array, have: Array) -> Bools:
    if want.dtype.kind == "f" or have.dtype.kind == "f":
        both = np.isnan(want.astype(np.float64)) & np.isnan(have.astype(np.float64))
        return np.asarray((want != have) & ~both, dtype=np.bool_)
    return np.asarray(want != have, dtype=np.bool_)


def _judge_numbers(
    output: Output, want: Array, have: Array, rows: Mapping[str, Array], limits: Limits
) -> OutputParity:
    try:
        a, b = want.astype(np.float64), have.astype(np.float64)
    except (TypeError, ValueError):
        return _misshapen(output, want, have)
    odd = _odd(a, b)
    with np.errstate(all="ignore"):
        absolute = np.where(odd | (a == b) | ~np.isfinite(a), 0.0, np.abs(a - b))
        relative = np.where(absolute == 0, 0.0, absolute / np.abs(a))
    by_abs = output.kind is OutputKind.PROBABILITIES
    error = absolute if by_abs else np.minimum(relative, absolute / _floor(a, limits.allowed))
    allowed = limits.allowed
    bad = odd | ~(error <= allowed)
    wrong: Bools = np.asarray(bad.reshape(len(want), -1).any(axis=1), dtype=np.bool_)
    ranked = np.where(odd, np.inf, error).reshape(len(want), -1).max(axis=1)
    parity = OutputParity(
        output.name,
        output.kind,
        rows=len(want),
        verdict=FAILED if wrong.any() else PASSED,
        tolerance_abs=allowed if by_abs else allowed * float(_spread(a).max()),
        tolerance_rel=0.0 if by_abs else allowed,
        max_abs=_finite(absolute.max()),
        max_rel=_finite(relative.max()),
        mismatches=int(wrong.sum()),
        nan_mismatches=int(odd.reshape(len(want), -1).any(axis=1).sum()),
        histogram=_histogram(error[~odd]),
        worst=_worst(ranked, want, have, rows, limits.hints),
        causes=explaining.causes(wrong, rows, limits.hints),
        scatter=explaining.scatter(want, have, np.where(odd, np.inf, error)),
    )
    return replace(
        parity,
        sentence=_number_sentence(output, parity, _finite(error[~odd].max(initial=0.0)), by_abs),
    )


def _odd(a: Floats, b: Floats) -> Bools:
    """Where one side is NaN or infinite and the other is not the same."""
    nan = np.isnan(a) != np.isnan(b)
    infinite = (np.isinf(a) | np.isinf(b)) & (a != b)
    return np.asarray(nan | infinite, dtype=np.bool_)


def _floor(a: Floats, allowed: float) -> Floats:
    """Per column, the size below which an answer's error is not measured by its own size.

    That is the spread: an answer near zero is what is left of larger ones. Answers of one sign that
    span decades are exponentials, nothing cancels in them, and small ones are as exact as large;
    that matters where much is allowed.
    """
    floor = _spread(a)
    if allowed <= TOLERANCE_EXACT:
        return floor
    for i, column in enumerate(a.reshape(len(a), -1).T):
        sizes = np.abs(column[np.isfinite(column) & (column != 0)])
        one_sign = not ((column > 0).any() and (column < 0).any())
        if one_sign and len(sizes) and sizes.max() > DECADES_SPANNED * sizes.min():
            floor[i] *= SMALLEST_SHARE
    return floor


def _quartiles(column: Floats) -> float:
    """How far the middle half of a column's finite values lie apart; 0 where it is constant."""
    values = column[np.isfinite(column)]
    if not len(values):
        return 0.0
    low, high = np.percentile(values, [25, 75])
    return float(high - low)


def _spread(a: Floats) -> Floats:
    """Per column of [N] or [N, k], how far the original's answers lie apart: the middle half.

    Extreme rows are sampled on purpose and must not widen what is allowed, hence no maximum.
    """
    finite = np.where(np.isfinite(a), a, np.nan)
    spreads = []
    for column in finite.reshape(len(a), -1).T:
        values = column[~np.isnan(column)]
        if not len(values):
            spreads.append(1.0)
            continue
        low, middle, high = np.percentile(values, [25, 50, 75])
        spreads.append(
            float(high - low) or float(abs(middle)) or float(np.abs(values).max()) or 1.0
        )
    scale = np.array(spreads)
    return scale if a.ndim == 2 else scale[:1]


def _number_sentence(output: Output, parity: OutputParity, error: float, by_abs: bool) -> str:
    if parity.verdict == PASSED:
        return ""
    parts = []
    measured = parity.mismatches - parity.nan_mismatches
    if measured > 0:
        how = "" if by_abs else " of its size"
        allowed = parity.tolerance_abs if by_abs else parity.tolerance_rel
        parts.append(f"by up to {error:.3g}{how} (allowed {allowed:g})")
    if parity.nan_mismatches:
        parts.append(f"{parity.nan_mismatches} times by being missing, infinite or the reverse")
    return (
        f"Output {output.name} differs from the original on {parity.mismatches} of "
        f"{parity.rows} rows, {' and '.join(parts)}."
    )


def _misshapen(output: Output, want: Array, have: Array) -> OutputParity:
    return OutputParity(
        output.name,
        output.kind,
        rows=len(want),
        verdict=FAILED,
        mismatches=len(want),
        sentence=(
            f"Output {output.name} is {have.dtype} {list(have.shape)}, "
            f"the original's is {want.dtype} {list(want.shape)}."
        ),
    )


def _histogram(error: Floats) -> list[int]:
    """Counts by decade of the non-zero errors, `DECADES`; smaller and larger in the end bins."""
    counts = [0] * len(DECADES)
    positive = error[error > 0]
    if len(positive):
        with np.errstate(over="ignore"):
            decade = np.clip(np.floor(np.log10(positive)), DECADES[0], DECADES[-1])
        for value, number in zip(*np.unique(decade, return_counts=True), strict=True):
            counts[int(value) - DECADES[0]] = int(number)
    return counts


def _worst(
    ranked: Floats, want: Array, have: Array, rows: Mapping[str, Array], hints: Hints
) -> list[WorstRow]:
    order = np.argsort(-ranked, kind="stable")[:WORST]
    return [
        WorstRow(
            row=int(i),
            original=_text(want[i]),
            converted=_text(have[i]),
            error=_finite(ranked[i]),
            features={name: _text(values[i]) for name, values in rows.items()},
            kind=hints.kinds[i] if len(hints.kinds) == len(want) else "",
            near=explaining.near(int(i), rows, hints),
        )
        for i in order
        if ranked[i] > 0
    ]


def _text(value: Any) -> str:
    """A value for people, short and exact enough to be typed in again."""
    if isinstance(value, np.ndarray):
        return (
            "["
            + ", ".join(_text(item) for item in value[:20])
            + (", …]" if len(value) > 20 else "]")
        )
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind != "M" else str(value)
    return str(value)[:200]


def _finite(value: Any) -> float:
    """JSON has no infinity: the largest double stands for it."""
    number = float(value)
    return number if np.isfinite(number) else float(np.finfo(np.float64).max)
