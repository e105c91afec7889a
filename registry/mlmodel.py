"""Reads `MLmodel` files: YAML that somebody else wrote, into JSON that PostgreSQL can hold."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import yaml

SIZE_LIMIT = 8 * 1024**2
# YAML aliases let a small file describe a huge tree; no MLmodel comes near these.
NODES_LIMIT = 200_000
DEPTH_LIMIT = 50


class MlmodelProblem(Exception):
    """What is wrong with an MLmodel file, in one sentence for the model's owner."""


def parse(content: bytes) -> dict[str, Any]:
    """The file as a JSON-safe object whose `flavors` is an object too.

    Raises:
        MlmodelProblem: not YAML, too large, or lacks what makes it an MLmodel.
    """
    if len(content) > SIZE_LIMIT:
        raise MlmodelProblem(f"The MLmodel file is larger than {SIZE_LIMIT // 1024**2} MiB.")
    try:
        _check_depth(content)
        document = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MlmodelProblem(
            f"The MLmodel file is not YAML ({_where(error)}); log the model again."
        ) from error
    if not isinstance(document, dict):
        raise MlmodelProblem("The MLmodel file holds no mapping; log the model again.")
    flavors = document.get("flavors")
    if not isinstance(flavors, dict) or not flavors:
        raise MlmodelProblem(
            "The MLmodel file names no flavors, so it does not say how to load the model; "
            "log the model again with MLflow."
        )
    safe: dict[str, Any] = _JsonSafe().value(document, 0)
    return safe


def _check_depth(content: bytes) -> None:
    """See that the composer of libyaml's loader, which recurses in C, will not end the process."""
    depth = 0
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise MlmodelProblem(f"The MLmodel file is nested more than {DEPTH_LIMIT} deep.")


def clean(text: str) -> str:
    """Text without what PostgreSQL cannot hold: NUL and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class _JsonSafe:
    """Copies a YAML tree into JSON's types, counting as it goes."""

    def __init__(self) -> None:
        self._nodes = 0

    def value(self, value: Any, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > NODES_LIMIT or depth > DEPTH_LIMIT:
            raise MlmodelProblem(
                "The MLmodel file is too large once its YAML aliases are followed."
            )
        if isinstance(value, dict):
            return {clean(str(key)): self.value(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.value(inner, depth + 1) for inner in value]
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, date):  # and datetime
            return value.isoformat()
        if isinstance(value, bytes):
            return value.hex()
        return clean(str(value))


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1}, column {mark.column + 1}"
    return "a value that cannot be read" if isinstance(error, ValueError) else "nested too deep"
