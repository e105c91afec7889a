"""Rows on which the original's own answer hangs on the last digits of its inputs.

Behind exp, log or sums of products a tree's threshold is compared with a number that two correct
libraries compute differently in the last digits. A row that lies so near a threshold tells nothing
about a conversion. Only trees behind such arithmetic have such rows: a comparison with the input
itself, or with what subtraction and division make of it, is exact, and never excused.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from converters.golden import Answers, Array, Rows

# How many units in the last place the inputs move, all together and each its own way.
STEPS = (1, -1, 4, -4)
# Where more of the rows than this hang on rounding it is the conversion that is judged, not they.
MOST = 0.1
# An answer that moves further than this, beside its size, has jumped.
JUMP = 1e-9

Bools = npt.NDArray[np.bool_]


def hanging(answer: Callable[[Rows], Answers], rows: Rows, suspects: Bools, margins: str) -> Bools:
    """[N] the suspects whose answer jumps when the inputs move by a few units in the last place.

    None at all where they are more than MOST of all rows.

    Args:
        answer: the original.
        rows: all rows; suspects: [N] those that may be left out.
        margins: how the names of answers begin that are no outputs.
    """
    found = np.zeros(len(suspects), dtype=np.bool_)
    places = np.flatnonzero(suspects)
    if not len(places):
        return found
    own = {name: values[places] for name, values in rows.items()}
    usual = answer(own)
    random = np.random.default_rng(len(places))
    jumped = np.zeros(len(places), dtype=np.bool_)
    for number, step in enumerate((*STEPS, *STEPS)):
        mixed = number >= len(STEPS)
        moved = {
            name: nudged(values, step, random if mixed else None) for name, values in own.items()
        }
        other = answer(moved)
        for name, values in usual.items():
            if not name.startswith(margins):
                jumped |= _differs(values, other[name])
    if jumped.sum() > MOST * len(suspects):
        return found
    found[places] = jumped
    return found


def nudged(values: Array, step: int, random: np.random.Generator | None = None) -> Array:
    """Numbers moved by `step` units in the last place; all else, and NaN and infinity, as it is.

    random: moves each number up or down by its own choice.
    """
    if values.dtype.kind != "f":
        return values
    towards = np.full(values.shape, np.inf if step > 0 else -np.inf)
    if random is not None:
        towards = np.where(random.random(values.shape) < 0.5, towards, -towards)
    moved = values
    for _ in range(abs(step)):
        moved = np.nextafter(moved, towards.astype(values.dtype))
    return np.asarray(np.where(np.isfinite(values) & np.isfinite(moved), moved, values))


def _differs(one: Array, other: Array) -> Bools:
    if one.dtype.kind == "f":
        equal = np.isclose(one, other, rtol=JUMP, atol=JUMP, equal_nan=True)
    else:
        equal = np.asarray(one == other)
    return np.asarray(~equal.reshape(len(one), -1).all(axis=1), dtype=np.bool_)
