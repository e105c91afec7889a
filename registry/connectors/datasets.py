"""The dataset that a run logged (`mlflow.log_input`), where the source itself keeps its table.

MLflow logs of a dataset its name, its schema and where it came from, never its rows. Only a table
among the source's own artifacts is read: any other place would be one that a model's author names
and that we would fetch for him.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from registry.connectors import SourceProblem, artifacts
from registry.connectors.http import SourceHttp

SUFFIXES = frozenset({".csv", ".parquet"})
TRAINING = "training"
CONTEXT = "mlflow.data.context"


def table(http: SourceHttp, run: Mapping[str, Any], limit: int) -> tuple[str, bytes] | None:
    """Suffix and content of the first dataset of a run (`runs/get`) that can be read.

    None where the run logged none.

    Raises:
        SourceProblem: `no_table` where it logged one whose rows cannot be had from this source.
    """
    for uri in _places(run):
        head, _, name = uri.rpartition("/")
        suffix = PurePosixPath(name).suffix.lower()
        if suffix not in SUFFIXES or not head:
            continue
        try:
            content = artifacts.folder(http, head).read(name, limit)
        except SourceProblem:
            continue  # elsewhere, or gone: the model is judged without it
        if content:
            return suffix, content
    if not any(True for _ in _datasets(run)):
        return None
    raise SourceProblem(
        "no_table",
        "its rows are not among the run's own artifacts as a table (.csv or .parquet) of at most "
        f"{limit / 1e6:.0f} MB",
    )


def _places(run: Mapping[str, Any]) -> Iterator[str]:
    """Where the run's datasets came from, those for training first."""
    for row in sorted(_datasets(run), key=lambda row: not _for_training(row)):
        dataset = row.get("dataset")
        try:
            source = json.loads(dataset.get("source", "")) if isinstance(dataset, Mapping) else {}
        except (TypeError, ValueError, RecursionError):
            continue
        uri = source.get("uri") if isinstance(source, Mapping) else None
        if isinstance(uri, str):
            yield uri


def _datasets(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    inputs = run.get("inputs")
    rows = inputs.get("dataset_inputs") if isinstance(inputs, Mapping) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping) and isinstance(row.get("dataset"), Mapping):
            yield row


def _for_training(row: Mapping[str, Any]) -> bool:
    tags = row.get("tags")
    return isinstance(tags, list) and any(
        isinstance(tag, Mapping) and (tag.get("key"), tag.get("value")) == (CONTEXT, TRAINING)
        for tag in tags
    )
