"""`manage.py build_environments`: what jobs would build, built before."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from converters import environments as known
from portal.management.commands.build_environments import used
from workers import environments


def test_what_is_there_is_named_and_left_alone(settings, tmp_path: Path):
    settings.ENVIRONMENTS_FOLDER = tmp_path
    place = tmp_path / f"torch-{environments.digest('torch')}"
    place.mkdir()
    (place / environments.STAMP).touch()
    said = io.StringIO()
    call_command("build_environments", "torch", stdout=said)
    assert said.getvalue() == f"torch is ready: {place}\n"


def test_every_environment_of_the_catalogue_is_built_and_no_other():
    assert set(used()) <= {row.name for row in known.ENVIRONMENTS}
    assert {"torch", "tensorflow"} <= set(used())
    assert known.STANDARD not in used()


def test_a_name_that_is_none_is_refused(settings, tmp_path: Path):
    settings.ENVIRONMENTS_FOLDER = tmp_path
    with pytest.raises(CommandError, match="no caffe; there is torch"):
        call_command("build_environments", "caffe")
    assert list(tmp_path.iterdir()) == []


def test_one_that_cannot_be_built_is_a_sentence(settings, tmp_path: Path, monkeypatch):
    settings.ENVIRONMENTS_FOLDER = tmp_path
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(CommandError, match="could not be built"):
        call_command("build_environments", "torch", stderr=io.StringIO())
    assert not list(tmp_path.glob("torch-*/"))
