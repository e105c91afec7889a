"""One cell of the user's own rows as a value of its column's type, or why it is none.

A cell is text out of a CSV file, a Python value out of a Parquet file, or None where it is empty.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from converters.errors import Refused
from converters.golden import Array

# What Python's own float() takes, less its underscores, blanks and digits of other scripts.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?|nan", re.A | re.I)
WHOLE = re.compile(r"[+-]?\d{1,40}", re.A)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?", re.A)
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
SHOWN = 60


class _Wrong(ValueError):
    """The cell does not hold what its column asks; the message ends a sentence about it."""


def values(cells: Sequence[Any], name: str, kind: str, dtype: np.dtype[Any]) -> Array:
    """[N] the cells of column `name` in `dtype`, exact wherever the cell is.

    kind: MLflow's column type.

    Raises:
        Refused: `rows_value`, which names the column and the row, counted from 1.
    """
    parse = PARSERS[kind]
    made = np.empty(len(cells), dtype=dtype)
    for i, cell in enumerate(cells):
        try:
            made[i] = parse(cell, dtype)
        except _Wrong as wrong:
            shown = "an empty cell" if cell is None else repr(cell)[:SHOWN]
            raise Refused(
                "rows_value",
                f"Row {i + 1} of the given rows has {shown} in column {name!r}, which {wrong}.",
            ) from None
    return made


def _real(cell: Any, dtype: np.dtype[Any]) -> Any:
    if cell is None:
        return math.nan
    number = _number(cell)
    with np.errstate(over="ignore"):
        value = dtype.type(number)
    if np.isinf(value) and not math.isinf(number):
        raise _Wrong(f"is too large for {dtype.name}")
    return value


def _number(cell: Any) -> float:
    if isinstance(cell, str):
        text = cell.strip()
        if not NUMBER.fullmatch(text):
            raise _Wrong("is no number")
        number = float(text)
        if math.isinf(number) and "inf" not in text.lower():
            raise _Wrong("is too large for a number")
        return number
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal | np.number):
        raise _Wrong("is no number")
    try:
        return float(cell)
    except OverflowError:
        raise _Wrong("is too large for a number") from None


def _whole(cell: Any, dtype: np.dtype[Any]) -> int:
    if cell is None:
        raise _Wrong(f"cannot be missing: the column holds whole numbers ({dtype.name})")
    bounds = np.iinfo(dtype)
    number = _integer(cell)
    if not int(bounds.min) <= number <= int(bounds.max):
        raise _Wrong(f"is out of the range of {dtype.name}, {bounds.min} to {bounds.max}")
    return number


def _integer(cell: Any) -> int:
    if isinstance(cell, str) and WHOLE.fullmatch(cell.strip()):
        return int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    number = _number(cell)
    # Beyond 2**53 a double no longer tells whole numbers apart.
    if not number.is_integer() or abs(number) > 2**53:
        raise _Wrong("is no whole number")
    return int(number)


def _boolean(cell: Any, dtype: np.dtype[Any]) -> bool:
    if cell is None:
        raise _Wrong("cannot be missing: the column holds booleans")
    truth = TRUTHS.get(str(cell).strip().lower())
    if truth is None:
        raise _Wrong("is neither true nor false")
    return truth


def _text(cell: Any, dtype: np.dtype[Any]) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    raise _Wrong("is no text")


def _moment(cell: Any, dtype: np.dtype[Any]) -> Any:
    if cell is None:
        return np.datetime64("NaT", "ns")
    if isinstance(cell, str) and not MOMENT.fullmatch(cell.strip()):
        raise _Wrong("is no time in the form 2026-01-31T12:00:00")
    if not isinstance(cell, str | date | datetime):
        raise _Wrong("is no time")
    try:
        moment = pd.Timestamp(cell).as_unit("ns")
    except ValueError:
        raise _Wrong("is no time that datetime64[ns] can hold") from None
    if moment.tzinfo is not None:
        raise _Wrong("has a time zone, which a datetime column does not")
    return moment.to_datetime64()


PARSERS: dict[str, Callable[[Any, np.dtype[Any]], Any]] = {
    "double": _real,
    "float": _real,
    "long": _whole,
    "integer": _whole,
    "boolean": _boolean,
    "string": _text,
    "datetime": _moment,
}
