"""`preflight FOLDER`: reads the folder's MLmodel and answers as JSON on stdout."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from converters.contract import SCHEMA
from converters.errors import Refused
from converters.preflight import flavor_of, preflight


def run(folder: Path) -> str:
    """Pre-flight of a model folder as JSON: `schema`, `flavor` and one verdict a target.

    A folder whose MLmodel cannot be read gets `code` and `sentence` and no verdicts.
    """
    from converters.sources.mlmodel import read

    answer: dict[str, Any] = {"schema": SCHEMA, "flavor": "", "verdicts": []}
    try:
        mlmodel = read(folder)
        answer["flavor"] = flavor_of(mlmodel)
    except Refused as refusal:
        return json.dumps({**answer, "code": refusal.code, "sentence": refusal.sentence}) + "\n"
    answer["verdicts"] = [dataclasses.asdict(verdict) for verdict in preflight(mlmodel)]
    return json.dumps(answer, ensure_ascii=False, sort_keys=True) + "\n"
