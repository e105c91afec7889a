"""Rows of the data that a run logged: some of it, drawn by the seed, in the signature's terms."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from converters.contract import Signature
from converters.errors import Refused
from converters.golden import Rows
from converters.quoting import quoted
from converters.sampling import cells, tensors
from converters.sampling.features import features_of, rows_of

MOST = 500
# Of longer files only so many rows are read, from the beginning.
READ = 50_000


def read(path: Path | None, signature: Signature, seed: int) -> tuple[Rows | None, str]:
    """Up to MOST rows of a CSV or Parquet file, and why there are none where there are none.

    Columns that the signature does not name, such as the one that was learned, are passed over. A
    file that does not fit is no reason to refuse a model: it only makes rows more telling.
    """
    if path is None:
        return None, ""
    if tensors.suits(signature):
        return None, (
            "The dataset that the run logged was not used: it is a table, and the model takes "
            "tensors that are no columns."
        )
    names = [feature.name for feature in features_of(signature)]
    try:
        table = _parquet(path, names) if path.suffix == ".parquet" else _csv(path, names)
        count = len(table[0]) if table else 0
        if not count:
            return None, "The dataset that the run logged has no rows, so none were compared."
        random = np.random.default_rng(seed)
        chosen = np.sort(random.permutation(count)[:MOST])
        columns = [
            cells.values([column[i] for i in chosen], name, feature.type, feature.dtype)
            for feature, name, column in zip(features_of(signature), names, table, strict=True)
        ]
    except Refused as refusal:
        why = refusal.sentence.replace("the given rows", "the dataset")
        return None, f"The dataset that the run logged was not used: {why}"
    except (OSError, ValueError, csv.Error) as error:
        why = quoted(error)
        return None, f"The dataset that the run logged cannot be read: {why}."
    return rows_of(signature, columns), ""


def _places(found: list[str], names: list[str]) -> list[int]:
    missing = [name for name in names if found.count(name) != 1]
    if missing:
        raise ValueError(f"it has not one column {missing[0]!r}")
    return [found.index(name) for name in names]


def _csv(path: Path, names: list[str]) -> list[list[Any]]:
    rows: list[list[str | None]] = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = csv.reader(stream, strict=True)
        header = next(lines, [])
        places = _places(header, names)
        for row in lines:
            if len(row) == len(header):
                rows.append([row[place] or None for place in places])
            if len(rows) >= READ:
                break
    return [list(column) for column in zip(*rows, strict=True)]


def _parquet(path: Path, names: list[str]) -> list[list[Any]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            _places(file.schema_arrow.names, names)
            batch = next(file.iter_batches(batch_size=READ, columns=names, use_threads=False), None)
            return [] if batch is None else [batch.column(name).to_pylist() for name in names]
    except pyarrow.ArrowException as error:
        raise ValueError(str(error)) from error
