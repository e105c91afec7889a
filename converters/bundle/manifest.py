"""manifest.json: what a bundle is, where it came from, what was proven, every file's sum."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from converters import catalog, contract
from converters.bundle.licences import Licence, licences
from converters.java import names

SCHEMA = 1
MANIFEST_FILE = "manifest.json"
GOLDEN_DIR = "golden"
GOLDEN_INDEX = "golden.json"
# Golden rows of other lengths than the signature's.
GOLDEN_OF_LENGTHS = re.compile(r"golden-[1-9]")
# Nothing has run the generated Java on the golden rows where it was rendered.
JVM_NOT_PROVEN = "not proven"
JVM_PROVEN = "proven"


@dataclass(frozen=True)
class Maven:
    """The coordinates of the model's jar."""

    group: str
    artifact: str
    version: str


@dataclass(frozen=True)
class GoldenColumn:
    """One column of the golden rows, as converters/golden.py wrote it."""

    name: str
    dtype: str
    width: int
    file: str


@dataclass(frozen=True)
class Golden:
    """The rows that travel in the bundle: inputs as the original takes them, its answers."""

    rows: int
    inputs: list[GoldenColumn]
    outputs: list[GoldenColumn]


@dataclass(frozen=True)
class Verdict:
    """The parity verdict on one output: measured, allowed, followed. See contract.OutputParity."""

    name: str
    kind: contract.OutputKind
    verdict: str
    rows: int
    tolerance_abs: float
    tolerance_rel: float
    max_abs: float
    max_rel: float
    mismatches: int
    ties: int
    nan_mismatches: int
    sentence: str


@dataclass(frozen=True)
class Manifest:
    """A bundle's manifest.

    jvm: whether a JVM has scored the rows: the judge's runtime itself, or the generated Java.
    java: the version of the JVM that ran the generated Java; empty where none did.
    lacks_java: why there is no Java project, of a target that else has one; empty where there is.
    jvm_parity: the verdicts on its answers to the golden rows.

    files: path in the bundle → sha256, for every file but this one and SHA256SUMS.
    """

    source: str
    model: str
    version: str
    run: str
    flavor: str
    description: str
    build: int
    target: str
    file: str
    profile: str
    options: contract.Options
    maven: Maven
    signature: contract.Signature
    inputs: list[contract.Input]
    outputs: list[contract.Output]
    exact: bool
    facts: dict[str, str]
    notes: list[str]
    runtime: str
    versions: dict[str, str]
    judge_versions: dict[str, str]
    rows: int
    seed: int
    batches: list[int]
    excluded: dict[str, int]
    parity: list[Verdict]
    golden: Golden
    licences: list[Licence]
    jvm: str = JVM_NOT_PROVEN
    java: str = ""
    jvm_parity: list[Verdict] = field(default_factory=list)
    data_files: list[str] = field(default_factory=list)  # beside `file`, which reads them
    # Golden rows of other lengths, where the file takes them; `folder` is in the bundle.
    lengths: list[contract.OtherLengths] = field(default_factory=list)
    domains: list[contract.Domain] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    lacks_java: str = ""
    schema: int = SCHEMA

    @property
    def has_java(self) -> bool:
        """Whether the bundle holds a generated Java project."""
        row = catalog.target(self.target)
        return row is not None and row.java and not self.lacks_java


def compose(
    request: contract.Request,
    converted: contract.ConvertReport,
    judged: contract.JudgeReport,
    golden: Golden,
    jvm: contract.JvmReport | None = None,
) -> Manifest:
    """The manifest of a proven job, still without the sums of its files.

    jvm: what was judged of its Java, where that has been run.
    """
    ran = jvm if jvm is not None and jvm.state == "proven" else contract.JvmReport("skipped")
    identity = request.identity
    target = catalog.target(request.target)
    if target is None:
        raise ValueError(f"unknown target {request.target!r}")
    return Manifest(
        source=identity.source,
        model=identity.model,
        version=identity.version,
        run=identity.run_id,
        flavor=request.flavor,
        description=identity.description,
        build=request.build,
        target=request.target,
        file=target.file,
        profile=request.profile,
        options=request.options,
        maven=_maven(request),
        signature=converted.signature or contract.Signature(),
        inputs=converted.inputs,
        outputs=converted.outputs,
        exact=converted.exact,
        facts=converted.facts,
        notes=[*_widened(request.options), *converted.notes],
        runtime=judged.runtime,
        versions=converted.versions,
        judge_versions=judged.versions,
        rows=judged.rows,
        seed=request.seed,
        batches=judged.batches,
        excluded=converted.excluded | judged.excluded,
        parity=[_verdict(parity) for parity in judged.parity],
        golden=golden,
        jvm=JVM_PROVEN if target.in_jvm or ran.state == "proven" else JVM_NOT_PROVEN,
        java=ran.java,
        jvm_parity=[_verdict(parity) for parity in ran.parity],
        data_files=sorted(converted.data_files),
        lengths=[
            replace(told, folder=proven.golden)
            for told, proven in zip(converted.lengths, judged.lengths, strict=True)
            if proven.golden
        ],
        domains=converted.domains,
        licences=licences(request.target, target.java),
    )


def _widened(options: contract.Options) -> list[str]:
    """What every reader must know where numbers were judged by another tolerance."""
    if not options.tolerance:
        return []
    return [
        f"Numbers were allowed to be off by {options.tolerance:g}, set by an administrator for "
        "this export, not by the usual tolerance."
    ]


def read_golden(folder: Path) -> Golden:
    """The index of a golden folder; the rows themselves stay on disk.

    Raises:
        contract.ContractError: an index that is not what converters/golden.py writes.
    """
    try:
        raw: dict[str, Any] = json.loads((folder / GOLDEN_INDEX).read_text(encoding="utf-8"))
        del raw["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise contract.ContractError(f"{GOLDEN_INDEX}: {error}") from error
    return contract.load(Golden, json.dumps(raw))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an unpacked bundle.

    Raises:
        contract.ContractError: not a manifest of this schema.
        OSError: the file cannot be read.
    """
    return contract.read(Manifest, folder / MANIFEST_FILE)


def _maven(request: contract.Request) -> Maven:
    identity = request.identity
    suffix = "" if request.target == "onnx" else f"-{request.target}"
    return Maven(
        names.group(identity.maven_group),
        names.artifact(identity.model) + suffix,
        names.maven_version(identity.version, request.build),
    )


def _verdict(parity: contract.OutputParity) -> Verdict:
    kept = {name: getattr(parity, name) for name in Verdict.__dataclass_fields__}
    return Verdict(**kept)
