"""/healthz and /readyz: what lives, and what an export would miss."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from kombu.connection import Connection

from workers.celery import app
from workers.models import Worker

pytestmark = pytest.mark.django_db


def seen(ago: timedelta = timedelta(), queues: tuple[str, ...] = ("cpu", "sync")) -> None:
    Worker.objects.create(name="w-1", host="h", queues=list(queues), seen_at=timezone.now() - ago)


def test_a_process_that_answers_lives(client: Client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_all_there_is_ready(client: Client):
    seen()
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.content
    assert set(answer.json()["parts"]) == {"database", "broker", "storage", "workers"}
    assert set(answer.json()["parts"].values()) == {"ok"}


def test_without_a_worker_nothing_is_ready_and_the_queue_is_named(client: Client):
    seen(timedelta(minutes=5), ("sync",))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "cpu" in answer.json()["parts"]["workers"]


def test_a_storage_that_cannot_be_used_is_told_without_its_address(client: Client, settings):
    seen()
    settings.STORAGE_URL = "ftp://user:hush@host/"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["storage"] != "ok"
    assert "hush" not in answer.content.decode()


def test_a_storage_whose_place_is_taken_by_a_file_is_told(client: Client, settings, tmp_path):
    seen()
    assert client.get("/readyz").json()["parts"]["storage"] == "ok"  # made with the first blob
    (tmp_path / "file").write_text("in the way")
    settings.STORAGE_URL = f"file://{tmp_path}/file/storage"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["storage"]) == (
        503,
        "blobs cannot be written",
    )


def test_a_broker_that_is_gone_is_told(client: Client, monkeypatch: pytest.MonkeyPatch):
    seen()
    gone = Connection("redis://127.0.0.1:9/0")
    monkeypatch.setattr(app, "connection_for_write", lambda **options: gone)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "does not answer" in answer.json()["parts"]["broker"]
