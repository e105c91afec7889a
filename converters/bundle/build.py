"""Renders a bundle's files from a job directory whose model was proven; loads no model library."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from converters import contract
from converters.bundle import manifest as manifests
from converters.bundle.licences import LICENCE_DIR, licences, write_licences
from converters.bundle.page import page, subject_of
from converters.bundle.readme import readme
from converters.bundle.sums import sha256, sums_of, write_sums
from converters.errors import Refused
from converters.java.generate import generate, lacking

PARITY_FILE = "parity.json"
PARITY_PAGE = "parity.html"
README_FILE = "README.md"
JAVA_DIR = "java"


def build(jobdir: Path) -> None:
    """Write JOBDIR/bundle: the same job gives the same bytes, whenever and wherever it is built.

    Raises:
        Refused: the judge has not proven this model, or no Java can carry its signature.
        contract.ContractError: a document of the job directory is not what it must be.
    """
    request = contract.read(contract.Request, jobdir / contract.REQUEST_FILE)
    converted = contract.read(contract.ConvertReport, _report(jobdir, contract.CONVERT_DIR))
    judged = contract.read(contract.JudgeReport, _report(jobdir, contract.JUDGE_DIR))
    _check(request, converted, judged)
    folder = jobdir / contract.BUNDLE_DIR
    aside = jobdir / f"{contract.BUNDLE_DIR}.part"
    for stale in (folder, aside):
        if stale.exists():
            shutil.rmtree(stale)
    aside.mkdir()
    golden = jobdir / contract.JUDGE_DIR / manifests.GOLDEN_DIR
    ran = jobdir / contract.JVM_DIR / contract.REPORT_FILE
    jvm = contract.read(contract.JvmReport, ran) if ran.is_file() else None
    manifest = manifests.compose(request, converted, judged, manifests.read_golden(golden), jvm)
    if why := lacking(manifest) or _failed(jvm):
        bare = licences(manifest.target, java=False)
        manifest = replace(manifest, lacks_java=why, licences=bare)
    _copy(golden, aside / manifests.GOLDEN_DIR, manifest.golden)
    for place in manifest.lengths:
        if not manifests.GOLDEN_OF_LENGTHS.fullmatch(place.folder):
            raise ValueError(f"{place.folder!r} is no folder of golden rows")
        folder_of = jobdir / contract.JUDGE_DIR / place.folder
        _copy(folder_of, aside / place.folder, manifests.read_golden(folder_of))
    for name, digest in {**converted.data_files, manifest.file: converted.file_sha256}.items():
        _copy_model(jobdir, aside / name, digest)
    _render(manifest, judged, aside)
    aside.replace(folder)


def _failed(jvm: contract.JvmReport | None) -> str:
    """Why the generated Java is left out: a JVM has run it, and it did not do."""
    return jvm.sentence if jvm is not None and jvm.state == "refused" else ""


def _report(jobdir: Path, step: str) -> Path:
    path = jobdir / step / contract.REPORT_FILE
    if path.is_symlink() or not path.is_file():
        raise Refused("not_proven", f"There is no {step} report: nothing is proven, so no bundle.")
    return path


def _check(
    request: contract.Request, converted: contract.ConvertReport, judged: contract.JudgeReport
) -> None:
    if converted.state != "converted" or judged.state != "proven":
        sentence = judged.sentence or converted.sentence or "The model was not proven."
        raise Refused(judged.code or converted.code or "not_proven", sentence)
    if request.build < 1:
        raise ValueError("a bundle needs its build number")
    unproven = [parity.name for parity in judged.parity if parity.verdict != "passed"]
    judged_names = [parity.name for parity in judged.parity]
    names = [output.name for output in converted.outputs]
    if unproven or judged_names != names or not names:
        raise Refused("not_proven", "Not every output of the model was proven, so no bundle.")


def _copy(source: Path, to: Path, golden: manifests.Golden) -> None:
    """Copy the golden files that the index names, and nothing else that may lie there."""
    to.mkdir()
    files = [column.file for column in [*golden.inputs, *golden.outputs]]
    for name in [manifests.GOLDEN_INDEX, *files]:
        if Path(name).name != name or (source / name).is_symlink():
            raise ValueError(f"{name!r} is no golden file")
        (to / name).write_bytes((source / name).read_bytes())


def _copy_model(jobdir: Path, to: Path, digest: str) -> None:
    if to.parent.name != f"{contract.BUNDLE_DIR}.part":
        raise ValueError(f"{to.name!r} is no file's name")
    source = jobdir / contract.CONVERT_DIR / to.name
    if source.is_symlink():
        raise ValueError("the converted file is a link")
    shutil.copyfile(source, to)
    if sha256(to) != digest:
        raise ValueError("the converted file is not the one that was judged")


def _render(manifest: manifests.Manifest, judged: contract.JudgeReport, folder: Path) -> None:
    # The clock's part of the report stays behind: two builds of one job are equal bytes.
    parity = replace(judged, seconds={})
    _write(folder / PARITY_FILE, contract.dump(parity) + "\n")
    _write(folder / PARITY_PAGE, page(subject_of(manifest), parity))
    _write(folder / README_FILE, readme(manifest))
    write_licences(manifest.target, folder / LICENCE_DIR)
    models = [manifest.file, *manifest.data_files]
    manifest = replace(manifest, files={name: sha256(folder / name) for name in models})
    if manifest.has_java:
        generate(manifest, folder / JAVA_DIR)
    manifest = replace(manifest, files=sums_of(folder))
    _write(folder / manifests.MANIFEST_FILE, contract.dump(manifest) + "\n")
    write_sums(folder)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
