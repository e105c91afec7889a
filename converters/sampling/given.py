"""The user's own rows: a CSV or Parquet file in the signature's terms, judged before all others."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters import contract
from converters.contract import Signature
from converters.errors import Refused
from converters.golden import Rows
from converters.quoting import quoted
from converters.sampling import Sample, cells
from converters.sampling.features import features_of, rows_of

NAMED = 5


def read(path: Path, signature: Signature) -> Rows:
    """The rows of a file, in its order; its name tells its format (contract.GIVEN_FILES).

    Raises:
        Refused: `rows_unreadable`, `rows_columns`, `rows_value`, `rows_empty`, `rows_too_many`.
    """
    reader = _parquet if path.name == contract.GIVEN_PARQUET else _csv
    table = reader(path, signature)
    if not table[0]:
        raise Refused("rows_empty", "The file of given rows holds none; give one at least.")
    tensor = signature.tensor
    columns = [
        cells.values(
            column, name, feature.type, np.dtype(tensor.dtype) if tensor else feature.dtype
        )
        for feature, name, column in zip(
            features_of(signature), _names(signature), table, strict=True
        )
    ]
    return rows_of(signature, columns)


def first(given: Rows | None, sample: Sample) -> Sample:
    """The given rows, each as often as it was given, and then the sampled ones."""
    if given is None:
        return sample
    count = len(next(iter(given.values())))
    rows = {name: np.concatenate([given[name], values]) for name, values in sample.rows.items()}
    kinds = [contract.GIVEN] * count + sample.kinds
    return Sample(rows, kinds, sample.splits, sample.inexact)


def _csv(path: Path, signature: Signature) -> list[list[Any]]:
    """One list of cells a feature."""
    rows: list[list[str | None]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, strict=True)
            names = next(lines, [])
            if not names:
                raise Refused("rows_empty", "The file of given rows is empty; give one at least.")
            if signature.tensor and all(cells.NUMBER.fullmatch(name.strip()) for name in names):
                raise Refused(
                    "rows_columns", f"The given rows have no header. {_tensor(signature)}"
                )
            places = _places(names, signature)
            for row in lines:
                if not row:
                    continue  # a blank line, mostly the last one
                if len(row) != len(names):
                    raise Refused(
                        "rows_unreadable",
                        f"Row {len(rows) + 1} of the given rows has {len(row)} cells, and the "
                        f"header {len(names)}; separate cells by commas and quote those with one.",
                    )
                rows.append([row[place] or None for place in places])
                _check_count(len(rows))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(error) from error
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in places]


def _parquet(path: Path, signature: Signature) -> list[list[Any]]:
    """One list of cells a feature; what is too long is not read."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            places = _places(file.schema_arrow.names, signature)
            _check_count(file.metadata.num_rows)
            table = file.read(use_threads=False)
            return [table.column(place).to_pylist() for place in places]
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> Refused:
    why = quoted(error)
    return Refused(
        "rows_unreadable",
        f"The given rows are neither CSV in UTF-8 nor Parquet: {why}. Save them as one of these.",
    )


def _check_count(count: int) -> None:
    if count > contract.GIVEN_MOST:
        raise Refused(
            "rows_too_many",
            f"There are more than {contract.GIVEN_MOST:,} given rows; choose the telling ones.",
        )


def _names(signature: Signature) -> list[str]:
    """What the columns of a file are called: as in the signature; x0, x1, … for a tensor."""
    if signature.tensor is None:
        return [column.name for column in signature.columns]
    return [f"x{i}" for i in range(len(features_of(signature)))]


def _places(names: Sequence[str], signature: Signature) -> list[int]:
    """For each feature, which of the file's columns holds it.

    Raises:
        Refused: `rows_columns`.
    """
    wanted = _names(signature)
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise Refused("rows_columns", f"The given rows have {_list(twice)} more than once.")
    if set(names) == set(wanted):
        return [names.index(name) for name in wanted]
    if signature.tensor is not None:
        if len(names) == len(wanted):
            return list(range(len(names)))
        raise Refused(
            "rows_columns", f"The given rows have {len(names)} columns. {_tensor(signature)}"
        )
    missing = [name for name in wanted if name not in names]
    unknown = [name for name in names if name not in wanted]
    wrong = [f"lack {_list(missing)}"] if missing else []
    wrong += [f"have {_list(unknown)}, unknown to the signature"] if unknown else []
    index = any(not name or name.startswith("__index_level_") for name in unknown)
    hint = " (pandas leaves its index out with index=False)" if index else ""
    raise Refused(
        "rows_columns",
        f"The given rows {' and '.join(wrong)}; name the columns as the signature does{hint}.",
    )


def _tensor(signature: Signature) -> str:
    last = len(features_of(signature)) - 1
    names = f"x0 to x{last}" if last else "x0"
    return f"The model takes {last + 1} features: name the columns {names}."


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"the column{'s' if len(names) > 1 else ''} {shown}{more}"
