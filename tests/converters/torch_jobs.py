"""Many conversions in one child of the torch environment: loading torch takes longer than each."""

import functools
import tempfile
from pathlib import Path

from converters.contract import ConvertReport, JudgeReport
from tests.converters import jobs
from tests.real_models import elsewhere, torch_models

ROWS = 300


class Done:
    """The jobs of one target, by model name: converted, and judged where that went."""

    def __init__(self, flavor_of, target):
        self._holder = tempfile.TemporaryDirectory(prefix="crossport-torch-jobs-")
        self.folders = {}
        for name, flavor in flavor_of.items():
            folder = Path(self._holder.name) / name
            model = torch_models.copy(name, folder / "source")
            self.folders[name] = jobs.make_job(folder, model, flavor, target, rows=ROWS)
        elsewhere.run("convert", list(self.folders.values()), torch_models.ENVIRONMENT)
        made = [
            folder
            for name, folder in self.folders.items()
            if self.report(name).state == "converted"
        ]
        elsewhere.run("judge", made, jobs.judge_environment(target))

    def report(self, name) -> ConvertReport:
        return jobs.converted(self.folders[name])

    def verdict(self, name) -> JudgeReport:
        return jobs.judged(self.folders[name])


def names(makers):
    return [make.__name__.removeprefix("make_") for make in makers]


@functools.cache
def onnx() -> Done:
    """Every model that goes to ONNX, and every one that must not."""
    pytorch = [*names(torch_models.PYTORCH), *torch_models.REFUSED, *torch_models.QUOTIENTS]
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
