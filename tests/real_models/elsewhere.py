"""Models of a framework that has an environment of its own: built there, converted many at once."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from converters.environments import JARS_VARIABLE, STANDARD
from tests.real_models.sklearn_models import Make
from workers import environments
from workers import jars as jars_of

ROOT = Path(__file__).resolve().parents[2]
RUN = (
    "import pathlib, sys\n"
    "from converters import leaving\n"
    "from converters.steps import {step}\n"
    "for folder in sys.argv[1:]:\n"
    "    {step}.run(pathlib.Path(folder))\n"
    "leaving.run()\n"
)


def python(environment: str) -> Path:
    """The environment's interpreter; the environment is built first where it is missing."""
    if environment == STANDARD:
        return Path(sys.executable)
    return environments.ready(environment, environments_folder(), print, lambda: False)


def environments_folder() -> Path:
    """Where the environments and jars of tests are."""
    return Path(os.environ.get("CROSSPORT_ENVIRONMENTS") or ROOT / "var" / "environments")


def jars(name: str) -> dict[str, str]:
    """The variable that tells a judge where this set of jars is, fetched first where missing."""
    if not name:
        return {}
    return {JARS_VARIABLE: str(jars_of.ready(name, environments_folder(), print, lambda: False))}


def run(
    step: str, folders: Sequence[Path], environment: str = STANDARD, jars_named: str = ""
) -> None:
    """Run one step on many job directories, one after the other, in one child."""
    command = [str(python(environment)), "-c", RUN.format(step=step), *map(str, folders)]
    _child(command, {"PYTHONPATH": str(ROOT), **jars(jars_named)})


def _saved(environment: str, builder: Path) -> Path:
    """A folder that holds every model of a builder, by name, as long as this process lives."""
    with _BUILDING:
        return _built(environment, builder)


@functools.cache
def _built(environment: str, builder: Path) -> Path:
    holder = tempfile.TemporaryDirectory(prefix=f"crossport-{environment}-")
    _HOLDERS.append(holder)
    _child(
        [str(python(environment)), "-P", str(builder), holder.name],
        {"STANDARD_PACKAGES": sysconfig.get_paths()["purelib"], "HOME": holder.name},
    )
    return Path(holder.name)


_HOLDERS: list[tempfile.TemporaryDirectory[str]] = []
_BUILDING = threading.Lock()


def _child(command: list[str], environment: dict[str, str]) -> None:
    base = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}
    done = subprocess.run(
        command,
        env={**base, "MLFLOW_ENABLE_TELEMETRY": "false", **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def copier(environment: str, builder: Path) -> Callable[[str, Path], Path]:
    """What copies a builder's model, by name, into a folder of its own."""

    def copy(name: str, folder: Path) -> Path:
        shutil.copytree(_saved(environment, builder) / name, folder)
        return folder

    return copy


# Makers that build in a child of their own, once for all models of their builder.
MADE_ELSEWHERE: set[Make] = set()


def maker(copy: Callable[[str, Path], Path], name: str) -> Make:
    """The function that saves one model in the folder it is given."""

    def make(folder: Path) -> Path:
        return copy(name, folder)

    make.__name__ = f"make_{name}"
    MADE_ELSEWHERE.add(make)
    return make
