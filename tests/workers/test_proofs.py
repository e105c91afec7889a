"""Bundles that were published where no Java was at hand: a worker that has one completes them."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from converters import contract
from converters.bundle import manifest as manifests
from converters.bundle.build import build
from registry.storage import store
from tests.converters.bundle.jobs import mixed_job
from tests.portal import rows
from tests.real_models import elsewhere
from tests.workers.scripted import NoJava
from workers import archive, jvm, proofs
from workers.models import Bundle, JobState, Proof, ProofState

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven here, for runtimes' jars"),
]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jvm.Checker]:
    checker = jvm.Checker(tmp_path_factory.mktemp("jvm"))
    yield checker
    checker.close()


@pytest.fixture(autouse=True)
def able(settings: Any, tmp_path: Path, monkeypatch: Any, warm: jvm.Checker) -> None:
    """A worker that has Java."""
    settings.STORAGE_URL = (tmp_path / "storage").as_uri()
    settings.ENVIRONMENTS_FOLDER = elsewhere.environments_folder()
    monkeypatch.setattr(proofs, "checker", lambda: warm)


def published(folder: Path, change: Callable[[Path], None] = lambda bundle: None) -> Bundle:
    """A bundle as a worker without Java publishes it."""
    job = mixed_job(folder, rows=30)
    change(job)
    build(job)
    bundle = job / contract.BUNDLE_DIR
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    archive.write(folder / "zip", {path.relative_to(bundle).as_posix(): path for path in files})
    blob = store().put(folder / "zip")
    manifest = dataclasses.asdict(manifests.read_manifest(bundle))
    assert manifest["java"] == ""
    row: Bundle = rows.make_bundle(sha256=blob.sha256, size=blob.size, manifest=manifest)
    return row


def test_a_bundle_without_a_verdict_gets_one_later_and_its_jar(tmp_path, home, client, monkeypatch):
    bundle = published(tmp_path / "job")
    sent: list[int] = []
    monkeypatch.setattr(proofs, "wake_proof", lambda pk, expires: sent.append(pk))
    proofs.wake()
    proofs.wake()  # ten seconds later nobody is asked again
    assert sent == [bundle.pk]
    assert "A worker that has one will run it" in client.get(f"/bundles/{bundle.pk}/").text
    proofs.prove(bundle.pk)
    proof = Proof.objects.get(bundle=bundle)
    assert (proof.state, proof.rows, proof.sentence) == (ProofState.PROVEN, 30, "")
    assert {one.kind for one in bundle.artifacts.all()} == {"pom", "jar", "sources"}
    page = client.get(f"/bundles/{bundle.pk}/").text
    assert "after it was published" in page
    assert 'id="gradle-kotlin"' in page
    proofs.prove(bundle.pk)
    assert bundle.artifacts.count() == 3
    assert not list((home / "proofs").iterdir())


def test_java_that_answers_otherwise_is_said_and_never_served(tmp_path, client):
    def other(job: Path) -> None:
        column = job / "judge" / "golden" / "out-001.bin"
        data = bytearray(column.read_bytes())
        data[6] ^= 0x10
        column.write_bytes(data)

    bundle = published(tmp_path / "job", other)
    proofs.wake()
    proofs.prove(bundle.pk)
    proof = Proof.objects.get(bundle=bundle)
    assert proof.state == ProofState.FAILED
    assert "does not answer as the original did" in proof.sentence
    assert not bundle.artifacts.exists()
    assert proof.sentence[:60] in client.get(f"/bundles/{bundle.pk}/").text


def test_a_worker_without_java_leaves_it_to_others(tmp_path, monkeypatch):
    bundle = published(tmp_path / "job")
    proofs.wake()
    monkeypatch.setattr(proofs, "checker", NoJava)
    proofs.prove(bundle.pk)
    proof = Proof.objects.get(bundle=bundle)
    assert (proof.state, proof.sentence) == (
        ProofState.PENDING,
        "No Java at hand: there is no Java here.",
    )


def test_bundles_that_were_run_or_have_no_java_are_left_alone():
    manifest = {"java": "17.0.1"}
    rows.make_bundle(manifest=manifest)
    export = rows.make_export(target="torchscript")
    job = rows.make_job(JobState.SUCCEEDED, export=export)
    rows.make_bundle(job=job, manifest={"java": "", "files": {"model.pt": "0" * 64}})
    proofs.wake()
    assert not Proof.objects.exists()
