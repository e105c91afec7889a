"""Blobs are whole, addressed by their content, and never changed."""

import hashlib
import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from registry.storage import StorageFull, Store, store


@pytest.fixture
def blobs(tmp_path):
    return Store(tmp_path / "blobs")


def file_of(tmp_path, content):
    path = tmp_path / "content"
    path.write_bytes(content)
    return path


def test_a_stored_file_is_found_by_its_sha256(blobs, tmp_path):
    blob = blobs.put(file_of(tmp_path, b"abc"))
    assert (blob.sha256, blob.size) == (hashlib.sha256(b"abc").hexdigest(), 3)
    assert blobs.exists(blob.sha256)
    assert blobs.size(blob.sha256) == 3
    with blobs.open(blob.sha256) as file:
        assert file.read() == b"abc"


def test_the_same_content_twice_is_one_blob(blobs, tmp_path):
    first = blobs.put(file_of(tmp_path, b"abc"))
    written = blobs.path(first.sha256).stat()
    assert blobs.put(file_of(tmp_path, b"abc")) == first
    assert blobs.path(first.sha256).stat().st_ino == written.st_ino
    assert list((blobs.root / "incoming").iterdir()) == []


def test_a_blob_that_is_not_there_is_told(blobs):
    assert not blobs.exists("0" * 64)
    with pytest.raises(FileNotFoundError):
        blobs.size("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63])
def test_what_is_no_sha256_names_no_file(blobs, name):
    with pytest.raises(ValueError):
        blobs.path(name)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this machine")
def test_a_full_disk_stores_nothing_and_says_so(blobs, tmp_path, monkeypatch):
    # The kernel itself answers "no space left": the copy is written to /dev/full.
    content = file_of(tmp_path, b"x" * 100_000)
    monkeypatch.setattr(
        "registry.storage.tempfile.mkstemp",
        lambda dir: (os.open("/dev/full", os.O_WRONLY), str(dir / "aside")),
    )
    with pytest.raises(StorageFull) as caught:
        blobs.put(content)
    assert "is full" in caught.value.sentence
    assert [path for path in blobs.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "relative/path", "file://host/path"])
def test_a_storage_url_that_is_no_folder_is_told_with_what_to_give(settings, url):
    settings.STORAGE_URL = url
    with pytest.raises(ImproperlyConfigured, match="file:///absolute/path"):
        store()


def test_the_store_is_where_storage_url_says(settings, tmp_path):
    settings.STORAGE_URL = f"file://{tmp_path}/with%20blank"
    assert store().root == tmp_path / "with blank"
