"""The import contracts hold, and cover every package they are meant for."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
# Given paths and settings as arguments: none may know Django. Some do not exist yet.
DJANGO_FREE = [
    "cli",
    "registry.connectors",
    "workers.environments",
    "workers.jars",
    "workers.jvm",
    "workers.pipeline",
    "workers.sandbox",
    "workers.warm",
]


def _exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_every_import_rule_is_kept():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [str(linter), "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", [module for module in DJANGO_FREE if _exists(module)])
def test_what_must_not_know_django_is_in_the_contract(module):
    contract = next(one for one in CONTRACTS if "knows no Django" in one["name"])
    assert module in contract["source_modules"]
