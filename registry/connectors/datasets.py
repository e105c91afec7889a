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
    """Suffix and content of the first dataset of a run (`runs/get`) that can be read, or None."""
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
    return None


def _places(run: Mapping[str, Any]) -> Iterator[str]:
    """Where the run's datasets came from, those for training first."""
    inputs = run.get("inputs")
    rows = inputs.get("dataset_inputs") if isinstance(inputs, Mapping) else None
    rows = [row for row in rows or [] if isinstance(row, Mapping)]
    for row in sorted(rows, key=lambda row: not _for_training(row)):
        dataset = row.get("dataset")
        try:
            source = json.loads(dataset.get("source", "")) if isinstance(dataset, Mapping) else {}
        except (TypeError, ValueError, RecursionError):
            continue
        uri = source.get("uri") if isinstance(source, Mapping) else None
        if isinstance(uri, str):
            yield uri


def _for_training(row: Mapping[str, Any]) -> bool:
    tags = row.get("tags")
    return isinstance(tags, list) and any(
        isinstance(tag, Mapping) and (tag.get("key"), tag.get("value")) == (CONTEXT, TRAINING)
        for tag in tags
    )
