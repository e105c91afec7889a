"""What the set-up says when it cannot go on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts import dev


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("ERROR: No space left on device (os error 28)", "The disk is full"),
        (
            "ERROR: Could not find a version of uv==0.13.8 (from versions: none)",
            "cannot be reach",
        ),
        (
            "cause: tcp connect error\n cause: Connection refused (os error 111)",
            "cannot be reach",
        ),
        ("invalid peer certificate: UnknownIssuer", "own certificates in PIP_CERT"),
        ("error: hash mismatch for amqp", "The last lines say why"),
    ],
)
def test_a_set_up_that_fails_is_told_with_its_cure(said, sentence):
    assert sentence in dev.cure(said)


def test_a_python_that_is_too_old_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(dev.SetupProblem, match=r"this is 3\.8\. Install one"):
        dev.suitable_python()


def test_a_registry_that_cannot_be_reached_is_told_with_what_to_set(tmp_path):
    nowhere = "http://127.0.0.1:9/"
    env = {**os.environ, "PIP_INDEX_URL": nowhere, "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}
    command = [sys.executable, "-m", "venv", str(tmp_path / "venv")]
    subprocess.run(command, check=True)
    pip = [str(tmp_path / "venv" / "bin" / "pip"), "install", "--retries", "0", "uv==0.13.8"]
    with pytest.raises(dev.SetupProblem, match="package registry cannot be reached"):
        dev.call("Installing uv", pip, env=env)


def test_the_half_of_an_environment_that_a_kill_left_is_made_anew(tmp_path, monkeypatch):
    venv = tmp_path / "venv"
    monkeypatch.setattr(dev, "VENV", str(venv))
    monkeypatch.setattr(dev, "PYTHON", str(venv / "bin" / "python"))
    dev.make_environment(sys.executable)
    (venv / "pyvenv.cfg").unlink()
    assert not dev.is_environment()
    dev.make_environment(sys.executable)
    assert dev.is_environment()
    assert (venv / "pyvenv.cfg").exists()
