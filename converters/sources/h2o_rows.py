"""Asks an H2O server's model about rows, every number exactly as it is.

H2O's client uploads rows as text, and H2O reads a text of many digits to the last place but one. So
a number goes as a whole one and two powers of two, which the server multiplies.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# What H2O is told to read as a missing level; a quoted empty text is a level to it.
MISSING = "crossport:missing"
# What H2O's client makes of a missing text in a pandas table, in training and when MLflow asks.
AS_TEXT = frozenset({"nan", "NaN", "None", "<NA>"})
ENUM, NUMBER = "Enum", "Numeric"
SEPARATOR, CHUNK = 44, 1 << 22
# The powers of the smallest numbers are no numbers themselves: they are taken in two steps.
LOWEST_POWER = -1000


def predicted(
    server: Any, model: Any, columns: Mapping[str, list[str] | None], frame: pd.DataFrame
) -> list[list[str]]:
    """What H2O predicts, one list of texts a row.

    Args:
        server: the h2o package, connected.
        columns: the model's columns → their levels, None for numbers.

    Raises:
        ValueError: an infinite number, which H2O reads as a missing one; a missing text where the
            model learned such as a level, by which MLflow would answer and no MOJO does.
        OSError: the server does not answer these rows.
    """
    parts = _parts(columns, frame)
    uploaded = _uploaded(server, parts)
    given = f"given_{uploaded}"
    server.rapids(f"(tmp= {given} {_product(uploaded, parts, list(columns))})")
    place = f"POST /3/Predictions/models/{model.model_id}/frames/{given}"
    try:
        answer = server.api(place)["predictions_frame"]["name"]
        text = server.api("GET /3/DownloadDataset", data={"frame_id": answer, "hex_string": False})
    finally:
        server.rapids(f"(rm {given})")
        server.rapids(f"(rm {uploaded})")
    server.rapids(f"(rm {answer})")
    return list(csv.reader(io.StringIO(text)))[1:]


def level_of(value: Any) -> str | None:
    """A value as the name of a level, as H2O's client writes it; None where it is missing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return str(value)


def _parts(columns: Mapping[str, list[str] | None], frame: pd.DataFrame) -> dict[str, list[Any]]:
    """What is uploaded: l0 a level; m1 whole numbers, and a1 and b1 the powers of two to them."""
    parts: dict[str, list[Any]] = {}
    for place, (name, levels) in enumerate(columns.items()):
        if levels is not None:
            names = [level_of(value) for value in frame[name]]
            if None in names and AS_TEXT & set(levels):
                raise ValueError(
                    f"missing texts of {name!r} are a level of their own to this model"
                )
            parts[f"l{place}"] = [MISSING if one is None else one for one in names]
            continue
        whole, power = _split(frame[name])
        parts[f"m{place}"] = [MISSING if one is None else one for one in whole]
        if power.any():
            first = np.maximum(power, LOWEST_POWER)
            parts[f"a{place}"], parts[f"b{place}"] = first.tolist(), (power - first).tolist()
    return parts


def _split(series: Any) -> tuple[list[int | None], npt.NDArray[np.int64]]:
    """Numbers as whole ones, None where missing, and the powers of two to multiply with."""
    numbers = np.asarray(series.astype("float64"))
    if np.isinf(numbers).any():
        raise ValueError("H2O reads infinite numbers as missing ones")
    missing = np.isnan(numbers)
    there = np.where(missing, 0.0, numbers)
    power = np.zeros(len(there), np.int64)
    if not (np.array_equal(there, np.rint(there)) and (np.abs(there) < 2**53).all()):
        share, exponent = np.frexp(there)
        there, power = share * 2.0**53, exponent.astype(np.int64) - 53
    whole = there.astype(np.int64).tolist()
    return [None if gone else one for gone, one in zip(missing, whole, strict=True)], power


def _uploaded(server: Any, parts: Mapping[str, list[Any]]) -> str:
    """The name of a frame of these columns."""
    with tempfile.TemporaryDirectory(prefix="rows-") as scratch:
        path = Path(scratch) / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
            writer.writerow(parts)
            writer.writerows(zip(*parts.values(), strict=True))
        raw = server.api("POST /3/PostFile", filename=str(path))["destination_frame"]
    name = f"rows_{raw.rpartition('_')[2]}"
    kinds = [ENUM if part.startswith("l") else NUMBER for part in parts]
    server.api(
        "POST /3/Parse",
        data={
            "destination_frame": name,
            "source_frames": _texts([raw]),
            "parse_type": "CSV",
            "separator": SEPARATOR,
            "check_header": 1,
            "single_quotes": False,
            "number_columns": len(parts),
            "column_names": _texts(parts),
            "column_types": _texts(kinds),
            "na_strings": "[" + ",".join(_texts([MISSING]) for _ in parts) + "]",
            "chunk_size": CHUNK,
            "delete_on_done": True,
            "blocking": True,
        },
    )
    return name


def _product(uploaded: str, parts: Mapping[str, list[Any]], names: list[str]) -> str:
    """The model's columns from what was uploaded, as an expression of the server's language."""
    made = []
    for place in range(len(names)):
        if f"l{place}" in parts:
            made.append(_column(uploaded, f"l{place}"))
        elif f"a{place}" in parts:
            first, second = (f"(^ 2 {_column(uploaded, f'{part}{place}')})" for part in "ab")
            made.append(f"(* (* {_column(uploaded, f'm{place}')} {first}) {second})")
        else:
            made.append(_column(uploaded, f"m{place}"))
    count = len(names)
    return f"(colnames= (cbind {' '.join(made)}) [0:{count}] {_texts(names, ' ')})"


def _column(uploaded: str, part: str) -> str:
    return f'(cols_py {uploaded} "{part}")'


def _texts(texts: Any, between: str = ",") -> str:
    return "[" + between.join(json.dumps(text, ensure_ascii=False) for text in texts) + "]"
