"""Which gaps a KNNImputer fills by its rounding: its distances are products, which cancel.

Beside a training row at almost no distance, what is left of the products is their rounding, and
with it the weights; of training rows equally far, either is taken. Another order of the same sums
answers otherwise there, so such rows settle nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# How far a filling may be off the one by exact distances, relative to itself and to its column.
NEAR = 1e-10
# Distances this near each other, relative to themselves, are equal but for rounding.
NEAR_DISTANCE = 1e-9
# Squared distances found through products are off by this share of the two rows' squares.
PRODUCTS = 8 * np.finfo(np.float64).eps
# Numbers in one table of differences: half a gigabyte.
MOST = 1 << 26


def rounded(imputer: Any, X: Any) -> Bools:
    """[N] where a filled value hangs on rounding; X [N, k] as `transform` takes it."""
    asked = np.asarray(X, np.float64)
    gaps = (
        np.isnan(asked)
        if imputer.missing_values != imputer.missing_values
        else (asked == imputer.missing_values)
    )
    asked = np.where(gaps, np.nan, asked)
    learned = np.where(imputer._mask_fit_X, np.nan, np.asarray(imputer._fit_X, np.float64))
    found = np.zeros(len(asked), dtype=np.bool_)
    holed = np.flatnonzero(gaps.any(axis=1))
    step = max(1, MOST // max(learned.size, 1))
    for start in range(0, len(holed), step):
        rows = holed[start : start + step]
        found[rows] = _some(imputer, asked[rows], learned)
    return found


def _some(imputer: Any, asked: Floats, learned: Floats) -> Bools:
    exact, slack = _distances(asked, learned)
    nearer, farther = (np.sqrt(np.maximum(exact**2 + one, 0.0)) for one in (-slack, slack))
    found = np.zeros(len(asked), dtype=np.bool_)
    for place in np.flatnonzero(imputer._valid_mask):
        mine = np.flatnonzero(np.isnan(asked[:, place]))
        donors = np.flatnonzero(~np.isnan(learned[:, place]))
        count = min(int(imputer.n_neighbors), len(donors))
        if not len(mine) or not count:
            continue
        values = learned[donors, place]
        one, *others = (
            _filled(far[np.ix_(mine, donors)], values, count, imputer.weights)
            for far in (exact, nearer, farther)
        )
        size = np.maximum(np.abs(one), np.abs(values).max())
        for other in others:
            with np.errstate(invalid="ignore"):
                # Where no donor shares a column with the row, both are NaN: the mean fills it.
                same = (np.abs(one - other) <= NEAR * size) | (np.isnan(one) & np.isnan(other))
            found[mine] |= ~same
        found[mine] |= _tied(exact[np.ix_(mine, donors)], values, count)
    return found


def _distances(asked: Floats, learned: Floats) -> tuple[Floats, Floats]:
    """[N, m] distances by differences over the columns that both rows have, infinite where there
    is none, and how far off the products' squares of them may be."""
    sizes = np.nansum(asked**2, axis=1)[:, None] + np.nansum(learned**2, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.square(asked[:, None, :] - learned[None, :, :])
        shared = (~np.isnan(apart)).sum(axis=2)
        scale = learned.shape[1] / np.maximum(shared, 1)
        far = np.sqrt(np.nansum(apart, axis=2) * scale)
        return np.where(shared > 0, far, np.inf), PRODUCTS * sizes * scale


def _filled(far: Floats, values: Floats, count: int, weights: str) -> Floats:
    """[N] means of the nearest donors' values."""
    near = np.argsort(far, axis=1, kind="stable")[:, :count]
    lengths = np.take_along_axis(far, near, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1.0 / lengths if weights == "distance" else np.isfinite(lengths).astype(float)
        here = np.isinf(share).any(axis=1)
        share[here] = np.isinf(share[here])
        return np.asarray((share * values[near]).sum(axis=1) / share.sum(axis=1))


def _tied(far: Floats, values: Floats, count: int) -> Bools:
    """Where another donor, as far as the last one that is taken, has another value."""
    if count == far.shape[1]:
        return np.zeros(len(far), dtype=np.bool_)
    near = np.argsort(far, axis=1, kind="stable")
    last = np.take_along_axis(far, near[:, [count - 1]], axis=1)
    with np.errstate(invalid="ignore"):
        tied = np.abs(far - last) <= NEAR_DISTANCE * last
    beyond = np.take_along_axis(tied, near[:, count:], axis=1).any(axis=1)
    differs = (tied & (values[None, :] != values[near[:, [count - 1]]])).any(axis=1)
    return np.asarray(beyond & differs)
