"""Many conversions in one child of the torch environment: loading torch takes longer than each."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from converters import contract
from converters.contract import ConvertReport, JudgeReport
from tests.converters import jobs
from tests.real_models import torch_models

ROWS = 300
# The verb of each folder after the first argument, in one process.
EACH = """
import importlib, pathlib, sys
step = importlib.import_module(f"converters.steps.{sys.argv[1]}")
for folder in sys.argv[2:]:
    step.run(pathlib.Path(folder))
"""


class Done:
    """The jobs of one target, by model name: converted, and judged where that went."""

    def __init__(self, flavor_of, target):
        self._holder = tempfile.TemporaryDirectory(prefix="crossport-torch-jobs-")
        self.folders = {}
        for name, flavor in flavor_of.items():
            folder = Path(self._holder.name) / name
            model = torch_models.copy(name, folder / "source")
            self.folders[name] = jobs.make_job(folder, model, flavor, target, rows=ROWS)
        _each("convert", torch_models.python(), self.folders.values())
        made = [
            folder
            for name, folder in self.folders.items()
            if self.report(name).state == "converted"
        ]
        _each("judge", torch_models.python() if target == "torchscript" else sys.executable, made)

    def report(self, name) -> ConvertReport:
        return contract.read(ConvertReport, self.folders[name] / "convert" / "report.json")

    def verdict(self, name) -> JudgeReport:
        return contract.read(JudgeReport, self.folders[name] / "judge" / "report.json")


def names(makers):
    return [make.__name__.removeprefix("make_") for make in makers]


@functools.cache
def onnx() -> Done:
    """Every model that goes to ONNX, and every one that must not."""
    pytorch = [*names(torch_models.PYTORCH), *torch_models.REFUSED]
    flavors = {
        **dict.fromkeys(pytorch, "pytorch"),
        **dict.fromkeys(names(torch_models.TRANSFORMERS), "transformers"),
        **dict.fromkeys(names(torch_models.SENTENCES), "sentence_transformers"),
        "generator": "transformers",
    }
    return Done(flavors, "onnx")


@functools.cache
def torchscript() -> Done:
    """Every model that goes to TorchScript, and some that must not."""
    refused = ("script_of_columns", "data_dependent", "exported_tokens")
    chosen = [*names(torch_models.TORCHSCRIPT), *refused]
    return Done(dict.fromkeys(chosen, "pytorch"), "torchscript")


def _each(verb, python, folders):
    done = subprocess.run(
        [python, "-c", EACH, verb, *map(str, folders)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(jobs.ROOT), "OMP_NUM_THREADS": "1"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
