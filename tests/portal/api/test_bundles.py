"""Bundles over the API: the archive byte for byte, parts of it, files in it."""

from __future__ import annotations

import hashlib

import pytest
from django.test import Client

from tests.portal.api.rows import make_bundle
from workers.models import Bundle

pytestmark = pytest.mark.django_db


def content(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.fixture
def bundle(db, own_places) -> Bundle:
    files = {
        "model.onnx": bytes(range(256)) * 40,
        "README.md": b"# How to use it\n",
        "java/src/main/java/Model.java": b"class Model {}\n",
        "parity.html": b"<script>alert(1)</script>",
    }
    return make_bundle(files=files)


def download(client: Client, bundle: Bundle, **headers: str):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/api/v1/bundles/{bundle.pk}/download/", headers=names)


def test_the_archive_arrives_whole_under_its_own_name(client: Client, bundle: Bundle):
    answer = download(client, bundle)
    body = content(answer)
    assert hashlib.sha256(body).hexdigest() == bundle.sha256
    assert answer.headers["ETag"] == f'"{bundle.sha256}"'
    assert answer.headers["Content-Length"] == str(len(body)) == str(bundle.size)
    assert answer.headers["Content-Type"] == "application/zip"
    assert bundle.file_name in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, None),
        ("bytes=-5", -5, None),
        ("bytes=3-999999", 3, None),
    ],
)
def test_a_range_of_the_archive_is_that_part(
    client: Client, bundle: Bundle, asked: str, first: int, last: int | None
):
    whole = content(download(client, bundle))
    answer = download(client, bundle, Range=asked)
    part = content(answer)
    assert answer.status_code == 206
    assert part == (whole[first:] if last is None else whole[first : last + 1])
    begin = first if first >= 0 else len(whole) + first
    assert answer.headers["Content-Range"] == f"bytes {begin}-{begin + len(part) - 1}/{len(whole)}"
    assert answer.headers["Content-Length"] == str(len(part))


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "5-9"])
def test_a_range_that_makes_no_sense_is_ignored(client: Client, bundle: Bundle, asked: str):
    answer = download(client, bundle, Range=asked)
    assert answer.status_code == 200
    assert len(content(answer)) == bundle.size


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0"])
def test_a_range_outside_the_archive_is_a_problem(client: Client, bundle: Bundle, asked: str):
    answer = download(client, bundle, Range=asked)
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{bundle.size}"


def test_a_range_of_another_archive_is_not_mixed_in(client: Client, bundle: Bundle):
    answer = download(client, bundle, Range="bytes=0-9", If_Range='"another"')
    assert answer.status_code == 200
    answer = download(client, bundle, Range="bytes=0-9", If_Range=f'"{bundle.sha256}"')
    assert answer.status_code == 206


def test_an_archive_that_is_there_already_is_not_sent_again(client: Client, bundle: Bundle):
    answer = download(client, bundle, If_None_Match=f'"{bundle.sha256}"')
    assert (answer.status_code, content(answer)) == (304, b"")


def test_a_closed_portal_hands_out_no_archive_to_strangers(
    client: Client, as_owner: Client, bundle: Bundle, settings
):
    settings.OPEN_READING = False
    for path in ("", "download/", "files/model.onnx"):
        answer = client.get(f"/api/v1/bundles/{bundle.pk}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert content(download(as_owner, bundle))


def test_one_file_comes_out_of_the_archive(client: Client, bundle: Bundle):
    answer = client.get(f"/api/v1/bundles/{bundle.pk}/files/java/src/main/java/Model.java")
    assert content(answer) == b"class Model {}\n"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Length"] == "15"


def test_a_page_in_a_bundle_never_runs_under_the_portals_name(client: Client, bundle: Bundle):
    answer = client.get(f"/api/v1/bundles/{bundle.pk}/files/parity.html")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["nothing", "../settings.py", "java/", "/etc/passwd", "%2e%2e/x"])
def test_no_other_file_comes_out(client: Client, bundle: Bundle, path: str):
    answer = client.get(f"/api/v1/bundles/{bundle.pk}/files/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_bundle_shows_its_manifest_and_where_its_archive_is(client: Client, bundle: Bundle):
    row = client.get(f"/api/v1/bundles/{bundle.pk}/").json()
    assert row["manifest"] == {"schema": 1, "file": "model.onnx"}
    assert row["ref"] == {"source": "prod", "model": "fraud", "version": "1"}
    assert hashlib.sha256(content(client.get(row["download"]))).hexdigest() == row["sha256"]


def test_bundles_are_found_by_export_version_and_target(client: Client, bundle: Bundle):
    def found(**filters: str | int) -> list[int]:
        return [row["id"] for row in client.get("/api/v1/bundles/", filters).json()["results"]]

    assert found(export=bundle.export_id) == found(version=bundle.version_id) == [bundle.pk]
    assert found(target="onnx") == [bundle.pk]
    assert found(target="pmml") == found(export=bundle.export_id + 1) == []
