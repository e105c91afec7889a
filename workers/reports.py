"""What a finished job remembers of its children's reports: the typed form of `Job.report`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from converters import contract

SCHEMA = 1


@dataclass(frozen=True)
class JobReport:
    """The reports of a job's last attempt, each None where its child left none.

    sandbox: how the children were confined, in words.
    peak_mb: the most memory that each child held, in MB (2^20 bytes), by step.
    page: sha256 of the stored page that explains a refused comparison; empty where there is none.
    """

    convert: contract.ConvertReport | None = None
    judge: contract.JudgeReport | None = None
    jvm: contract.JvmReport | None = None
    sandbox: str = ""
    peak_mb: dict[str, int] = field(default_factory=dict)
    page: str = ""
    schema: int = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """As the database column holds it."""
        raw = json.loads(contract.dump(self), object_hook=_storable)
        return dict(raw)

    @classmethod
    def from_json(cls, raw: Any) -> JobReport:
        """Read the column; an empty one is an empty report.

        Raises:
            ContractError: not the shape that this version writes.
        """
        return contract.load(cls, json.dumps(raw)) if raw else cls()


def storable(text: str) -> str:
    """Text as PostgreSQL takes it: no NUL, no lone surrogates."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _storable(entry: dict[str, Any]) -> dict[str, Any]:
    return {storable(key): _value(value) for key, value in entry.items()}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
