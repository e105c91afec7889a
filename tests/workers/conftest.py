"""What the workers' tests share: a home of their own, and a mirror of the real MLflow server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery

from registry.models import ModelVersion
from registry.sources import add_source
from registry.sync import sync_source
from tests.workers.scripted import NoJava, script
from workers import queues
from workers.celery import broker as broker_settings

__all__ = ["script"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings) -> Path:
    """Job folders, storage and broker below the test's own folder."""
    folder = tmp_path / "home"
    settings.CROSSPORT_HOME = folder
    settings.STORAGE_URL = f"file://{folder / 'storage'}"
    return folder


@pytest.fixture(autouse=True)
def broker(home: Path, monkeypatch) -> Path:
    """A real file-system broker below the test's own folder; gives the folder of its messages."""
    app = Celery("test", set_as_current=False)
    app.conf.update(**broker_settings("", home))
    monkeypatch.setattr(queues, "app", app)
    return home / "broker" / "messages"


@pytest.fixture(autouse=True)
def java(monkeypatch) -> None:
    """Workers have no Java unless a test gives them one: each would start a JVM of its own."""
    monkeypatch.setattr("workers.execute.checker", NoJava)


@pytest.fixture
def version_of(db, mlflow_url: str) -> Callable[[str], ModelVersion]:
    """The newest version of a demo model, mirrored from the real server."""
    run = sync_source(add_source("demo", mlflow_url))
    assert run.state == "done", run.sentence
    return lambda name: ModelVersion.objects.filter(model__name=name).order_by("-number")[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 8 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "crossport-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root on a host that allows mounts can make a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
