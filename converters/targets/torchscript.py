"""TorchScript: the archive opened and scored by libtorch, which runs no Python of the model's."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from converters.contract import Input, Output
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.sources import torch_answers
from converters.targets.scorer import FormatError, shaped, typed


class TorchScriptScorer:
    """One TorchScript module on the CPU, with one thread, so that sums are added in one order."""

    def __init__(self, path: Path) -> None:
        torch.set_num_threads(1)
        self.runtime = f"libtorch {torch.__version__}"
        self.facts = {"archive": _version(path)}
        try:
            self._module = torch.jit.load(str(path), map_location="cpu").eval()
        except Exception as error:
            # libtorch's errors share no narrower base.
            raise FormatError(f"libtorch does not load the file: {_brief(error)}") from error

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows in one run, inputs and outputs by position; see `Scorer.score`."""
        count = len(next(iter(rows.values())))
        feed = [torch.from_numpy(_feed(item, rows)) for item in inputs]
        try:
            with torch.no_grad():
                found = torch_answers.flattened(self._module(*feed)).values()
                arrays = [torch_answers.as_array(one) for one in found]
        except Exception as error:
            raise FormatError(f"libtorch does not run the file: {_brief(error)}") from error
        if len(arrays) != len(outputs):
            raise FormatError(f"the file gives {len(arrays)} tensors, promised are {len(outputs)}")
        return {
            output.name: typed(output, shaped(output, array, count))
            for output, array in zip(outputs, arrays, strict=True)
        }


def open(path: Path) -> TorchScriptScorer:
    """A scorer for a TorchScript file.

    Raises:
        FormatError: not an archive of torch.jit.save, or one that does not load.
    """
    return TorchScriptScorer(path)


def _version(path: Path) -> str:
    """The archive's format version.

    Raises:
        FormatError: not an archive of torch.jit.save; pickles of torch.save are not opened at all.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.partition("/")[2]: name for name in archive.namelist()}
            if "constants.pkl" not in names or "version" not in names:
                raise FormatError("the file is no TorchScript archive")
            return archive.read(names["version"]).decode("ascii", "replace").strip()[:20]
    except (zipfile.BadZipFile, OSError) as error:
        raise FormatError(f"the file is no TorchScript archive: {_brief(error)}") from error


def _feed(item: Input, rows: Mapping[str, Array]) -> Array:
    parts = [rows[name].reshape(len(rows[name]), -1) for name in item.columns]
    values: Any = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    with np.errstate(over="ignore", invalid="ignore"):
        fed: Array = np.ascontiguousarray(values, dtype=item.dtype)
    return fed.reshape(len(fed), *item.shape) if item.shape else fed


def _brief(error: Exception) -> str:
    return quoted(error, 400)
