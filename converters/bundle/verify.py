"""`verify FOLDER`: what whoever downloads a bundle can check without its model: sums, signature,
golden rows. The folder is hostile; nothing in it is run but the converted file, by its runtime."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path
from typing import Any

from converters import contract
from converters.bundle import manifest as manifests
from converters.bundle.sums import SUMS_FILE, SumsError, read_sums, sums_of
from converters.catalog import target
from converters.errors import Refused


def verify(folder: Path) -> dict[str, Any]:
    """Check an unpacked bundle; what was checked, ready for JSON.

    Raises:
        Refused: `not_a_bundle`, `sums_differ`, `golden_unreadable`, `unloadable`,
            `golden_differs`; the sentence names the first thing that does not hold.
    """
    files = _check_sums(folder)
    manifest = _manifest(folder)
    row = target(manifest.target)
    if row is None or manifest.file != row.file:
        raise Refused(
            "not_a_bundle", f"The manifest names a target {manifest.target!r} that is not known."
        )
    parity, runtime, others = _score(folder, manifest)
    parity += others
    failed = [one for one in parity if one.verdict != "passed" or one.rows < 1]
    if failed or not parity:
        say = " ".join(one.sentence for one in failed) or "It promises no output."
        raise Refused("golden_differs", f"The bundle's file does not answer as it says. {say}")
    return {
        "files": files,
        "rows": parity[0].rows,
        "runtime": runtime,
        "target": manifest.target,
        "model": f"{manifest.source}/{manifest.model}/{manifest.version}",
        "build": manifest.build,
        "parity": [dataclasses.asdict(one) for one in parity],
    }


def run(folder: Path) -> str:
    """`verify` as one line of JSON: `state` is `holds`, or `refused` with code and sentence."""
    try:
        answer = {"schema": contract.SCHEMA, "state": "holds", **verify(folder)}
    except Refused as refusal:
        answer = {
            "schema": contract.SCHEMA,
            "state": "refused",
            "code": refusal.code,
            "sentence": refusal.sentence,
        }
    return json.dumps(answer, sort_keys=True) + "\n"


def _check_sums(folder: Path) -> int:
    try:
        listed, found = read_sums(folder), sums_of(folder)
    except SumsError as error:
        raise Refused("sums_differ", f"The bundle does not hold together: {error}.") from error
    found.pop(SUMS_FILE, None)
    for name in sorted(listed.keys() | found.keys()):
        if name not in found:
            raise Refused("sums_differ", f"{SUMS_FILE} names {name}, which is not in the bundle.")
        if name not in listed:
            raise Refused("sums_differ", f"{name} is in the bundle, and {SUMS_FILE} lacks it.")
        if listed[name] != found[name]:
            raise Refused("sums_differ", f"{name} is not what {SUMS_FILE} says; it was changed.")
    return len(found) + 1


def _manifest(folder: Path) -> manifests.Manifest:
    try:
        return manifests.read_manifest(folder)
    except (OSError, contract.ContractError) as error:
        raise Refused(
            "not_a_bundle", f"The bundle's manifest cannot be read by this version: {error}."
        ) from error


def _score(
    folder: Path, manifest: manifests.Manifest
) -> tuple[list[contract.OutputParity], str, list[contract.OutputParity]]:
    """The verdicts on the golden rows, the runtime, and the verdicts at other lengths."""
    from converters import golden, parity
    from converters.targets.scorer import FormatError

    try:
        rows, expected = golden.read(folder / manifests.GOLDEN_DIR)
        _check_signature(manifest, rows, expected)
    except golden.GoldenError as error:
        raise Refused("golden_unreadable", f"The golden rows cannot be used: {error}.") from error
    module = importlib.import_module(f"converters.targets.{manifest.target}")
    try:
        scorer = module.open(folder / manifest.file)
        got = scorer.score(rows, manifest.inputs, manifest.outputs)
        others = [one for place in manifest.lengths for one in _at(folder, manifest, place, scorer)]
    except FormatError as error:
        raise Refused(
            "unloadable", f"{manifest.file} does not work on its runtime: {error}."
        ) from error
    allowed = manifest.options.tolerance
    verdicts = parity.judge(rows, expected, got, manifest.outputs, manifest.exact, allowed=allowed)
    return verdicts, str(scorer.runtime), others


def _at(
    folder: Path, manifest: manifests.Manifest, place: contract.OtherLengths, scorer: Any
) -> list[contract.OutputParity]:
    """The verdicts on the golden rows of one other length.

    Raises:
        Refused: `not_a_bundle`, `golden_unreadable`. FormatError: the file does not run on them.
    """
    from converters import golden, parity
    from converters.steps import lengths

    if not manifests.GOLDEN_OF_LENGTHS.fullmatch(place.folder):
        raise Refused("not_a_bundle", f"The manifest names golden rows in {place.folder!r}.")
    moved = dataclasses.replace(manifest, inputs=place.inputs, outputs=place.outputs)
    try:
        rows, expected = golden.read(folder / place.folder)
        _check_signature(moved, rows, expected)
    except golden.GoldenError as error:
        raise Refused("golden_unreadable", f"The golden rows cannot be used: {error}.") from error
    got = scorer.score(rows, place.inputs, place.outputs)
    allowed = manifest.options.tolerance
    found = parity.judge(rows, expected, got, place.outputs, manifest.exact, allowed=allowed)
    where = contract.LengthParity(lengths.shapes(place.inputs, rows), 0, []).title
    return [dataclasses.replace(one, name=f"{one.name}, rows of {where}") for one in found]


def _check_signature(
    manifest: manifests.Manifest, rows: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The golden rows have the signature's columns and an answer for each output, typed so."""
    from converters import golden

    signature = manifest.signature
    tensors = signature.all_tensors
    names = [one.name or "X" for one in tensors] or [column.name for column in signature.columns]
    if list(rows) != names or {n for one in manifest.inputs for n in one.columns} - set(names):
        raise golden.GoldenError("they do not have the signature's columns")
    types = {name: golden.dtype_name(values) for name, values in expected.items()}
    if types != {output.name: output.dtype for output in manifest.outputs}:
        raise golden.GoldenError("they do not have the promised outputs")
