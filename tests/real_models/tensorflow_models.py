"""Real TensorFlow and Keras models, saved once a process by MLflow in a child of their environment.

Converting is done for many models in one child, since TensorFlow alone takes seconds to import.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.real_models.sklearn_models import Make
from workers import environments

ROOT = Path(__file__).resolve().parents[2]
BUILDER = Path(__file__).with_name("tensorflow_builder.py")
RUN = (
    "import pathlib, sys\n"
    "from converters.steps import {step}\n"
    "for folder in sys.argv[1:]:\n"
    "    {step}.run(pathlib.Path(folder))\n"
)


def python() -> Path:
    """The environment's interpreter; the environment is built first where it is missing."""
    place = Path(os.environ.get("CROSSPORT_ENVIRONMENTS") or ROOT / "var" / "environments")
    return environments.ready("tensorflow", place, print, lambda: False)


def run(step: str, folders: Sequence[Path], interpreter: Path) -> None:
    """Run one step on many job directories, one after the other, in one child."""
    command = [str(interpreter), "-c", RUN.format(step=step), *map(str, folders)]
    _child(command, {"PYTHONPATH": str(ROOT)})


@functools.cache
def _saved() -> Path:
    """A folder that holds every model of the builder, by name, as long as this process lives."""
    holder = tempfile.TemporaryDirectory(prefix="crossport-tensorflow-")
    _saved.holder = holder  # type: ignore[attr-defined]
    _child(
        [str(python()), "-P", str(BUILDER), holder.name],
        {"STANDARD_PACKAGES": sysconfig.get_paths()["purelib"], "HOME": holder.name},
    )
    return Path(holder.name)


def _child(command: list[str], environment: dict[str, str]) -> None:
    base = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        command,
        env={**base, "MLFLOW_ENABLE_TELEMETRY": "false", **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def copy(name: str, folder: Path) -> Path:
    """The model of this name in the builder, in a folder of its own."""
    shutil.copytree(_saved() / name, folder)
    return folder


def _maker(name: str) -> Make:
    def make(folder: Path) -> Path:
        return copy(name, folder)

    make.__name__ = f"make_{name}"
    return make


# What both targets carry; the rest of the builder's models only SavedModel, or none.
BOTH = [
    *("mlp", "regression", "two_inputs", "cnn", "segmentation", "recurrent", "masked"),
    *("transformer", "module", "named_module", "hdf5", "own_layer", "doubles", "subclassed"),
    *("buckets", "unsigned", "columns", "estimator", "old_keras", "coded"),
]
SAVED_ONLY = ["words", "sentences", "halves"]
KERAS_NATIVE = ["native", "exported"]
TENSORFLOW_ONNX = [_maker(name) for name in BOTH]
TENSORFLOW_SAVEDMODEL = [_maker(name) for name in [*BOTH, *SAVED_ONLY]]
KERAS = [_maker(name) for name in KERAS_NATIVE]
