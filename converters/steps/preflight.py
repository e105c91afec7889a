"""`preflight FOLDER`: reads MLmodel and model files, loads none, and answers as JSON on stdout."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from converters.contract import SCHEMA
from converters.errors import Refused
from converters.preflight import Depth, flavor_of
from converters.reading import NOTHING, Told, verdicts


def run(folder: Path) -> str:
    """Pre-flight of a model folder as JSON: `schema`, `flavor` and one verdict a target.

    `depth` and `findings` are what `converters.reading.told_by` takes: what its files added.
    A folder whose MLmodel cannot be read gets `code` and `sentence` and no verdicts.
    """
    from converters.sources.mlmodel import read

    answer: dict[str, Any] = {"schema": SCHEMA, "flavor": "", "verdicts": []}
    try:
        mlmodel = read(folder)
        answer["flavor"] = flavor_of(mlmodel)
    except Refused as refusal:
        return json.dumps({**answer, "code": refusal.code, "sentence": refusal.sentence}) + "\n"
    told = _told(folder, mlmodel, answer["flavor"])
    answer |= dataclasses.asdict(told)
    answer["verdicts"] = [dataclasses.asdict(verdict) for verdict in verdicts(mlmodel, told)]
    return json.dumps(answer, ensure_ascii=False, sort_keys=True) + "\n"


def refuse_commands(folder: Path, flavor: str) -> None:
    """See that loading the model only makes a model, as far as its pickle's opcodes tell.

    Other findings wait for the conversion itself, which names what is in the way more exactly.

    Raises:
        Refused: `pickle_commands`, and what reading the MLmodel refuses.
    """
    from converters.sources.mlmodel import read
    from converters.static.verdicts import findings

    for finding in findings(folder, read(folder), flavor):
        if finding.code == "pickle_commands":
            raise Refused(finding.code, finding.sentence)


def _told(folder: Path, mlmodel: dict[str, Any], flavor: str) -> Told:
    """What the files beside the MLmodel rule out; none is loaded."""
    from converters.static.verdicts import findings, readable

    if not readable(folder, mlmodel, flavor):
        return NOTHING
    return Told(Depth.FILES, tuple(findings(folder, mlmodel, flavor)))
