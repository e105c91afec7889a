"""The requirements files follow from pyproject.toml, and name no registry."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from scripts import lock

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", lock.FILES)
def test_a_requirements_file_carries_hashes_and_names_no_registry(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"(?m)^[a-z0-9][^ ]*==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text)
    assert len(pins) == len(re.findall(r"(?m)^[a-z0-9]", text)) > 10
    assert "http:" not in text
    assert "https:" not in text
    assert "index-url" not in text


def test_a_requirement_missing_from_the_file_makes_it_out_of_date(tmp_path):
    for name in ["pyproject.toml", "requirements.txt", "requirements-web.txt"]:
        shutil.copyfile(ROOT / name, tmp_path / name)
    web = tmp_path / "requirements-web.txt"
    uv = lock.find_uv()
    try:
        assert lock.is_current(uv, web.name, tmp_path)
    except lock.LockProblem as problem:
        pytest.skip(f"no package registry can be reached: {problem}")
    text = web.read_text(encoding="utf-8")
    web.write_text(re.sub(r"(?m)^gunicorn==.*\\\n(    --hash.*\n)+", "", text), encoding="utf-8")
    assert not lock.is_current(uv, web.name, tmp_path)


def test_a_project_that_cannot_be_resolved_is_refused_with_the_reason(tmp_path):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    text = text.replace('"gunicorn>=23"', '"gunicorn>=23", "gunicorn<1"')
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    shutil.copyfile(ROOT / "requirements.txt", tmp_path / "requirements.txt")
    with pytest.raises(lock.LockProblem, match="cannot be compiled"):
        lock.compile_file(
            lock.find_uv(), "requirements-web.txt", tmp_path / "out.txt", root=tmp_path
        )
