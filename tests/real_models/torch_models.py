"""Real PyTorch modules, each saved once a process by MLflow in a child of the torch environment."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from tests.real_models.sklearn_models import Make
from workers import environments

ROOT = Path(__file__).resolve().parents[2]
BUILDER = Path(__file__).with_name("torch_builder.py")


def python() -> Path:
    """The torch environment's interpreter; the environment is built first where it is missing."""
    place = Path(os.environ.get("CROSSPORT_ENVIRONMENTS") or ROOT / "var" / "environments")
    return environments.ready("torch", place, print, lambda: False)


@functools.cache
def _saved() -> Path:
    """A folder that holds every model of the builder, by name, as long as this process lives."""
    holder = tempfile.TemporaryDirectory(prefix="crossport-torch-")
    _saved.holder = holder  # type: ignore[attr-defined]
    done = subprocess.run(
        [python(), BUILDER, sysconfig.get_paths()["purelib"], holder.name],
        env={"PATH": os.environ["PATH"], "HOME": holder.name, "OMP_NUM_THREADS": "1"},
        cwd=holder.name,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Path(holder.name)


def copy(name: str, folder: Path) -> Path:
    """The model of this name in the builder, in a folder of its own."""
    shutil.copytree(_saved() / name, folder)
    return folder


def _maker(name: str) -> Make:
    def make(folder: Path) -> Path:
        return copy(name, folder)

    make.__name__ = f"make_{name}"
    return make


PYTORCH = [
    _maker(name)
    for name in (
        *("mlp", "cnn", "lstm", "encoder", "two_inputs", "several_outputs", "columns"),
        *("mixed_columns", "branching_script", "script", "trace", "exported", "exported_cnn"),
        *("exported_tokens", "double", "bytes_and_flags", "length_by_example", "on_a_gpu"),
        *("script_of_columns", "script_of_two", "branch", "own_code"),
    )
]
# A script takes its tensors as they are: nothing joins columns of several types before it. What
# was recorded of attention is bound to the batch.
NO_SCRIPT = ("make_script_of_columns", "make_exported_tokens")
TORCHSCRIPT = [make for make in PYTORCH if make.__name__ not in NO_SCRIPT]
TRANSFORMERS = [_maker(name) for name in ("bert_classes", "distilbert_tokens", "vit_classes")]
SENTENCES = [_maker("embedder")]
# No file can answer like these: the builder's models that have to be refused.
REFUSED = (
    *("data_dependent", "noisy", "dropping", "centred", "trained_export", "one_row_export"),
    *("unsigned", "free_length", "summed", "state_dict", "not_a_module", "missing_class"),
    "leaving",
)
