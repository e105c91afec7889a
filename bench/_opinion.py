"""A second opinion on a converted file, on rows and by rules that parity does not know.

Rows: the training table's own; the same, shaken; and rows whose numbers lie half-way between two
training values, where trees split. Rules are deliberately plain: labels equal unless the original's
two best probabilities are within 1e-6, numbers within 1e-4 of the larger of 1 and their size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

NEAR = 1e-4
TIED = 1e-6
ROWS = 300


def rows(table: Any, seed: int = 11) -> Any:
    """Three times ROWS rows like `table`'s: its own, shaken, and half-way between two values."""
    random = np.random.default_rng(seed)
    own = _take(table, random.integers(0, len(table), ROWS))
    shaken = _with_numbers(own, lambda column, values: _shaken(values, random))
    halves = _with_numbers(own, lambda column, values: _halves(_column(table, column), random))
    return _stacked([own, shaken, halves])


def differences(want: Mapping[str, Any], have: Mapping[str, Any], tied: Any = None) -> str:
    """What differs, in words; empty where nothing does. tied: [N] rows that may go either way."""
    said = []
    for name, original in want.items():
        a, b = np.asarray(original), np.asarray(have[name])
        if a.shape != b.shape:
            said.append(f"{name} has the shape {b.shape} instead of {a.shape}")
            continue
        wrong = _labels(a, b) if a.dtype.kind in "OUSbiu" else _numbers(a, b)
        wrong = wrong.reshape(len(a), -1).any(axis=1)
        if tied is not None and a.dtype.kind in "OUSbiu":
            wrong &= ~tied
        if wrong.any():
            said.append(f"{name} differs on {int(wrong.sum())} of {len(a)} rows")
    return "; ".join(said)


def tied(probabilities: Any) -> Any:
    """[N] rows whose two best probabilities are as good as equal."""
    ordered = np.sort(np.asarray(probabilities, dtype=np.float64), axis=1)
    return ordered[:, -1] - ordered[:, -2] <= TIED if ordered.shape[1] > 1 else None


def _labels(a: Any, b: Any) -> Any:
    if b.dtype.kind in "OUS" or a.dtype.kind in "OUS":
        return a.astype(str) != b.astype(str)
    return a != b


def _numbers(a: Any, b: Any) -> Any:
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(a - b) <= NEAR * np.maximum(1.0, np.abs(a))
    return ~(close | (np.isnan(a) & np.isnan(b)) | (a == b))


def _take(table: Any, places: Any) -> Any:
    if isinstance(table, pd.DataFrame):
        return table.iloc[places].reset_index(drop=True)
    return np.asarray(table)[places]


def _column(table: Any, column: Any) -> Any:
    return table[column].to_numpy() if isinstance(table, pd.DataFrame) else table[:, column]


def _with_numbers(rows: Any, change: Any) -> Any:
    changed = rows.copy()
    if isinstance(rows, pd.DataFrame):
        for column in rows.columns:
            if rows[column].dtype.kind == "f":
                changed[column] = change(column, rows[column].to_numpy()).astype(rows[column].dtype)
    elif rows.dtype.kind == "f":
        for column in range(rows.shape[1]):
            changed[:, column] = change(column, rows[:, column])
    return changed


def _shaken(values: Any, random: np.random.Generator) -> Any:
    return values + random.normal(size=len(values)) * 0.1 * np.nanstd(values)


def _halves(values: Any, random: np.random.Generator) -> Any:
    known = np.unique(values[~np.isnan(values)])
    if len(known) < 2:
        return np.resize(known if len(known) else np.zeros(1), ROWS)
    places = random.integers(0, len(known) - 1, ROWS)
    return (known[places] + known[places + 1]) / 2


def _stacked(parts: list[Any]) -> Any:
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)
