"""`preflight FOLDER`: reads MLmodel and model files, loads none, and answers as JSON on stdout."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converters.contract import SCHEMA
from converters.errors import Refused
from converters.preflight import Answer, Depth, Verdict, flavor_of, preflight

if TYPE_CHECKING:
    from converters.static.finding import Finding


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
    verdicts = _with_files(preflight(mlmodel), folder, mlmodel, answer["flavor"])
    answer["verdicts"] = [dataclasses.asdict(verdict) for verdict in verdicts]
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


def _with_files(
    verdicts: list[Verdict], folder: Path, mlmodel: dict[str, Any], flavor: str
) -> list[Verdict]:
    """The verdicts of the MLmodel, and what the files beside it rule out; none is loaded."""
    from converters.static.verdicts import findings, readable

    if not readable(folder, mlmodel, flavor):
        return verdicts
    found = findings(folder, mlmodel, flavor)
    deeper = [dataclasses.replace(verdict, depth=Depth.FILES) for verdict in verdicts]
    return [_worse(verdict, found) for verdict in deeper]


def _worse(verdict: Verdict, found: list[Finding]) -> Verdict:
    if verdict.answer is Answer.CANNOT:
        return verdict
    mine = [one for one in found if one.target in ("", verdict.target)]
    for one in sorted(mine, key=lambda one: one.caveat):
        answer = Answer.CAVEAT if one.caveat else Answer.CANNOT
        if verdict.answer is Answer.CAN or not one.caveat:
            return dataclasses.replace(verdict, answer=answer, code=one.code, sentence=one.sentence)
    return verdict
