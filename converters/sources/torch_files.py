"""Reads what PyTorch writes: pickled modules, TorchScript files and exported programs."""

from __future__ import annotations

import importlib
import pickle
import struct
import types
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.quoting import quoted
from converters.sources import mlmodel

PICKLED, SCRIPT, EXPORTED = "pickled module", "TorchScript", "exported program"
STATE = "state dict"  # see torch_states

# Names that MLflow writes into pickle_module_info.txt; all of them read with Python's own pickle.
STANDARD_PICKLES = ("pickle", "cloudpickle", "mlflow.pytorch.pickle_module")
# What PyTorch and pickle raise on a file that is cut short or damaged.
DAMAGE = (
    *mlmodel.DAMAGE,
    RuntimeError,  # all that PyTorch's own readers say
    struct.error,
)


def read_module(path: Path) -> tuple[Any, str]:
    """The module in a `.pth`, `.pt` or `.pt2` file on the CPU, and which kind of file it is.

    For an exported program the `ExportedProgram` itself is given.

    Raises:
        Refused: `model_unreadable`, `module_missing`, `state_dict`, `model_class`.
    """
    with reading(path):
        check_sums(path)
        if path.suffix == ".pt2":
            return _exported(path), EXPORTED
        if is_torchscript(path):
            import torch

            return torch.jit.load(str(path), map_location="cpu"), SCRIPT
        return checked_module(_unpickled(path), path), PICKLED


def check_sums(path: Path) -> None:
    """See that an archive holds what was written: PyTorch itself reads torn weights without a word.

    An entry whose sum is 0 was written without one.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.CRC:
                with archive.open(entry) as stream:
                    while stream.read(1 << 20):
                        pass


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of torch.jit.save, told by what lies in it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
    return "constants.pkl" in names


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what reading a model file raises into a refusal that its owner can act on."""
    try:
        yield
    except Refused:
        raise
    except MemoryError as error:
        if mlmodel.is_absurd(path):
            raise mlmodel.absurd(path) from error
        raise
    except ModuleNotFoundError as error:
        raise Refused(
            "module_missing",
            f"The model needs the Python module {error.name!r}, which is not installed here; log "
            "it again with that module's files in code_paths, or as TorchScript or .pt2.",
        ) from error
    except (AttributeError, ImportError) as error:
        raise Refused(
            "module_missing",
            f"The model needs something that is not there where it is loaded ({quoted(error)}); "
            "log it again with its class's file in code_paths, or as TorchScript or .pt2.",
        ) from error
    except DAMAGE as error:
        raise mlmodel.unreadable(path, error) from error
    except (Exception, SystemExit) as error:
        # Foreign code: a pickle may run any, and what that raises is the model's own affair.
        raise Refused(
            "model_unreadable",
            f"The model cannot be loaded: its own code raises {type(error).__name__} "
            f"({quoted(error)}). Log the model again with current versions.",
        ) from error


def checked_module(loaded: Any, path: Path) -> Any:
    """The module that a pickle holds, out of the wrappers that only training needs.

    Raises:
        Refused: `state_dict` for a mapping, `model_class` for anything else that is no module.
    """
    import torch

    if isinstance(loaded, Mapping):
        raise Refused(
            "state_dict",
            f"{path.name} holds a mapping with more than tensors in it, which is not read; save "
            "torch.save(model.state_dict(), path) alone beside the module's Python, or log the "
            "module itself with mlflow.pytorch.log_model.",
        )
    if not isinstance(loaded, torch.nn.Module):
        raise Refused(
            "model_class",
            f"{path.name} holds a {type(loaded).__name__}, which is no torch.nn.Module; log the "
            "module itself with mlflow.pytorch.log_model.",
        )
    if isinstance(loaded, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
        return loaded.module
    return getattr(loaded, "_orig_mod", loaded)  # what torch.compile wraps


def _unpickled(path: Path) -> Any:
    import torch

    with warnings.catch_warnings():
        # Modules pickled with their source warn where the class has changed since.
        warnings.simplefilter("ignore")
        return torch.load(
            path, map_location="cpu", weights_only=False, pickle_module=_pickle_module(path)
        )


def _pickle_module(path: Path) -> types.ModuleType:
    """The module that the file was pickled with, as MLflow wrote beside it."""
    told = path.with_name("pickle_module_info.txt")
    name = told.read_text(encoding="utf-8").strip() if told.is_file() else "pickle"
    return pickle if name in STANDARD_PICKLES else importlib.import_module(name)


def _exported(path: Path) -> Any:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.load(str(path))
        if any(tensor.device.type != "cpu" for tensor in program.state_dict.values()):
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, "cpu")
    return program
