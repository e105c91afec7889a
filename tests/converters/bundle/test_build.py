"""What a bundle promises to whoever downloads it: the same bytes, every sum, the proof to read."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from converters import contract
from converters.bundle.build import build
from converters.bundle.verify import verify
from converters.errors import Refused
from tests.converters.bundle.jobs import mixed_job, rewrite


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> Path:
    folder: Path = mixed_job(tmp_path_factory.mktemp("mixed"), rows=120)
    build(folder)
    return folder


@pytest.fixture
def bundle(job: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return shutil.copytree(job / "bundle", tmp_path / "bundle")


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_same_job_gives_the_same_bytes(job: Path, tmp_path: Path):
    again = mixed_job(tmp_path, rows=120)
    rewrite(again / "judge" / "report.json", contract.JudgeReport, seconds={"score": 99.0})
    build(again)
    assert _files(again / "bundle") == _files(job / "bundle")


def test_everything_that_was_promised_is_in_it(job: Path):
    found = set(_files(job / "bundle"))
    assert {"manifest.json", "model.onnx", "parity.json", "parity.html", "README.md"} <= found
    assert {"SHA256SUMS", "golden/golden.json", "java/pom.xml"} <= found
    assert any(name.startswith("LICENSES/") for name in found)


def test_the_sums_cover_every_file_but_their_own(job: Path):
    files = _files(job / "bundle")
    lines = files.pop("SHA256SUMS").decode().splitlines()
    listed = {line[66:]: line[:64] for line in lines}
    assert listed == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def test_the_manifest_tells_whose_model_it_is_and_what_was_proven(job: Path):
    manifest = json.loads((job / "bundle" / "manifest.json").read_text())
    assert (manifest["model"], manifest["version"], manifest["build"]) == ("fraud-scoring", "7", 2)
    assert manifest["maven"]["version"] == "7.2"
    assert [(row["name"], row["verdict"]) for row in manifest["parity"]] == [
        ("label", "passed"),
        ("probabilities", "passed"),
    ]
    assert manifest["jvm"] == "not proven"
    assert manifest["runtime"].startswith("onnxruntime ")


def test_nothing_in_it_names_the_machine_that_made_it(job: Path):
    for name, data in _files(job / "bundle").items():
        assert str(job).encode() not in data, name


def test_the_parity_page_opens_offline_and_names_each_output(job: Path):
    page = (job / "bundle" / "parity.html").read_text()
    assert "<script" not in page
    assert re.findall(r"""(?:src|href)=["']?(?!#)|url\(|@import""", page) == []
    assert re.findall(r"https?://(?!www\.w3\.org/)", page) == []
    for word in ("label", "probabilities", "color-scheme", "fraud-scoring"):
        assert word in page


def test_a_job_that_was_not_proven_gives_no_bundle(tmp_path: Path):
    job = mixed_job(tmp_path)
    rewrite(job / "judge" / "report.json", contract.JudgeReport, state="refused", code="parity")
    with pytest.raises(Refused):
        build(job)
    assert not (job / "bundle").exists()


def test_a_whole_bundle_holds(bundle: Path):
    assert verify(bundle)["rows"] == 120


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _resum(bundle: Path, name: str) -> None:
    """Make the sums agree again, as somebody would who changes a bundle on purpose."""
    digest = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    for listing in (bundle / "SHA256SUMS", bundle / "manifest.json"):
        old = json.loads((bundle / "manifest.json").read_text())["files"].get(name)
        text = listing.read_text()
        listing.write_text(text.replace(old, digest) if old else text)


@pytest.mark.parametrize("name", ["model.onnx", "golden/out-001.bin", "java/pom.xml", "README.md"])
def test_one_changed_bit_is_found(bundle: Path, name: str):
    _flip(bundle / name)
    with pytest.raises(Refused, match=re.escape(name)):
        verify(bundle)


def test_a_missing_and_an_added_file_are_found(bundle: Path):
    (bundle / "extra.txt").write_text("x")
    with pytest.raises(Refused, match=r"extra\.txt"):
        verify(bundle)
    (bundle / "extra.txt").unlink()
    (bundle / "README.md").unlink()
    with pytest.raises(Refused, match=r"README\.md"):
        verify(bundle)


def test_answers_that_were_changed_together_with_their_sums_are_found(bundle: Path):
    golden = bundle / "golden" / "out-001.bin"
    data = bytearray(golden.read_bytes())
    data[6] ^= 0x10  # an exponent bit of the first probability
    golden.write_bytes(data)
    _resum(bundle, "golden/out-001.bin")
    manifest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    sums = bundle / "SHA256SUMS"
    lines = [line for line in sums.read_text().splitlines() if not line.endswith("manifest.json")]
    sums.write_text("\n".join(sorted([*lines, f"{manifest}  manifest.json"], key=_name)) + "\n")
    with pytest.raises(Refused, match="does not answer as it says"):
        verify(bundle)


def _name(line: str) -> str:
    return line[66:]
