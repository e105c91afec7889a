"""Which files of a model pre-flight reads, what the child that read them says, and what follows.

Standard library only, so that any process may ask; the files themselves are read in a child.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.preflight import Answer, Depth, Verdict, flavor_of, preflight
from converters.static.finding import Finding

MLMODEL = "MLmodel"
# Keys under which an MLmodel's flavors name the files that hold the model.
KEYS = ("pickled_model", "data", "model_data", "saved_model_dir")
# What `converters.static.verdicts` reads of each flavor, below what those keys name.
Chosen = Callable[[str], bool]
READ: dict[str, Chosen] = {
    **dict.fromkeys(
        (
            *("sklearn", "xgboost", "lightgbm", "catboost", "statsmodels"),
            *("onnx", "pmml", "pytorch"),
        ),
        lambda path: True,
    ),
    **dict.fromkeys(("keras", "tensorflow"), lambda path: path.endswith((".keras", ".h5"))),
    "spark": lambda path: "/metadata/" in path,
    "h2o": lambda path: not path.endswith(".yaml"),
}
MOST_FINDINGS = 200
MOST_CHARACTERS = 4000
HERE = Path(__file__).parent
# The readers, and the tables that they go by.
SOURCES = (
    "static/*.py",
    *("catalog.py", "preflight.py", "reading.py", "quoting.py", "environments/__init__.py"),
    *("onnx_graph/refusals.py", "onnx_graph/solvers.py", "pmml_limits.py", "dl4j/*.py"),
)


@dataclass(frozen=True)
class Told:
    """What a reading of a model's files found; nothing where only its MLmodel was read."""

    depth: Depth = Depth.MLMODEL
    findings: tuple[Finding, ...] = field(default_factory=tuple)


NOTHING = Told()


def wanted(mlmodel: Mapping[str, Any]) -> Chosen | None:
    """Which files of a model are to be read, by their paths in its folder; None where none is.

    None too where its MLmodel alone rules every target out.
    """
    try:
        flavor = flavor_of(mlmodel)
    except Refused:
        return None
    config, chosen = mlmodel["flavors"].get(flavor), READ.get(flavor)
    if chosen is None or not isinstance(config, Mapping):
        return None
    if all(verdict.answer is Answer.CANNOT for verdict in preflight(mlmodel)):
        return None
    named = [config.get(key) for key in KEYS]
    if flavor == "pytorch":
        named += [
            config.get("code"),
            "extra_files",
            *([] if config.get("model_data") else ["data"]),
        ]
    told = [posixpath.normpath(name) for name in named if isinstance(name, str) and name]
    places = [place for place in told if place.partition("/")[0] not in ("", "..")]

    def is_wanted(path: str) -> bool:
        below = any(place in (".", path) or path.startswith(f"{place}/") for place in places)
        return path == MLMODEL or (below and chosen(path))

    return is_wanted


def verdicts(mlmodel: Mapping[str, Any], told: Told = NOTHING) -> list[Verdict]:
    """Pre-flight by the MLmodel and by what its files told; never better than by MLmodel alone."""
    known = preflight(mlmodel)
    if told.depth is Depth.MLMODEL:
        return known
    deeper = [dataclasses.replace(verdict, depth=Depth.FILES) for verdict in known]
    return [_worse(verdict, told.findings) for verdict in deeper]


def told_by(answer: Any) -> Told:
    """The answer of a `preflight` child, or what was kept of it, with every field checked.

    Raises:
        ValueError: not the shape that such a child writes.
    """
    try:
        depth, rows = Depth(answer["depth"]), answer["findings"]
        if not isinstance(rows, list) or len(rows) > MOST_FINDINGS:
            raise ValueError("its findings are no list, or too long a one")
        return Told(depth, tuple(_finding(row) for row in rows))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks a field or has one of another type ({error!r:.100})") from error


def _finding(row: Mapping[str, Any]) -> Finding:
    texts = [row["code"], row["sentence"], row["target"]]
    if not all(isinstance(text, str) and len(text) <= MOST_CHARACTERS for text in texts):
        raise ValueError("a finding has a field that is no text, or too long")
    if not isinstance(row["caveat"], bool) or not row["code"] or not row["sentence"]:
        raise ValueError("a finding says nothing")
    return Finding(row["code"], row["sentence"], row["target"], row["caveat"])


def _worse(verdict: Verdict, found: Iterable[Finding]) -> Verdict:
    if verdict.answer is Answer.CANNOT:
        return verdict
    mine = [one for one in found if one.target in ("", verdict.target)]
    for one in sorted(mine, key=lambda one: one.caveat):
        answer = Answer.CAVEAT if one.caveat else Answer.CANNOT
        if verdict.answer is Answer.CAN or not one.caveat:
            return dataclasses.replace(verdict, answer=answer, code=one.code, sentence=one.sentence)
    return verdict


@functools.cache
def digest() -> str:
    """The sha256 of the readers and of the tables that they go by; another one reads otherwise."""
    found = hashlib.sha256()
    for path in [path for name in SOURCES for path in sorted(HERE.glob(name))]:
        found.update(f"{path.relative_to(HERE).as_posix()}\n".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
