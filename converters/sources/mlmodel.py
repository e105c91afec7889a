"""Reads the `MLmodel` document and finds the files that it names."""

from __future__ import annotations

import pickle
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from converters.errors import Refused
from converters.quoting import quoted

try:  # libyaml's loader is some ten times faster; a build of PyYAML may lack it
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # pragma: no cover - depends on how PyYAML was built
    from yaml import SafeLoader  # type: ignore[assignment]

FILE = "MLmodel"
# What unpickling raises on a file that is cut short or damaged, whatever the library.
DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    UnicodeDecodeError,
    IndexError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    zipfile.BadZipFile,
)


def read(folder: Path) -> dict[str, Any]:
    """The `MLmodel` document of a model folder.

    Raises:
        Refused: `mlmodel_missing`, `mlmodel_unreadable`, or `no_flavor` where it names no flavor;
            for a plain model file without one, what `converters.sources.plain` refuses.
    """
    path = folder / FILE
    if not path.exists():
        return _without_mlmodel(folder)
    try:
        document = yaml.load(path.read_bytes(), Loader=SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(
            "mlmodel_unreadable",
            f"The MLmodel file is not YAML ({_first_line(error)}); log the model again.",
        ) from error
    if not isinstance(document, dict):
        raise Refused(
            "mlmodel_unreadable", "The MLmodel file does not hold a mapping; log the model again."
        )
    flavors = document.get("flavors")
    if not isinstance(flavors, dict) or not flavors:
        raise Refused(
            "no_flavor", "The MLmodel file names no flavor; log the model with an MLflow flavor."
        )
    return document


def _without_mlmodel(folder: Path) -> dict[str, Any]:
    """The document for a folder of one plain model file."""
    from converters.sources import plain

    if not plain.files(folder):
        raise Refused(
            "mlmodel_missing",
            "The version has no MLmodel file, so its artifacts are not a model that MLflow logged; "
            "log the model again with mlflow.<flavor>.log_model.",
        )
    return plain.mlmodel_for(folder)


def flavor_config(document: dict[str, Any], flavor: str) -> dict[str, Any]:
    """What the `MLmodel` says about one flavor.

    Raises:
        Refused: `flavor_missing`.
    """
    config = document["flavors"].get(flavor)
    if not isinstance(config, dict):
        have = ", ".join(map(str, document["flavors"]))
        raise Refused("flavor_missing", f"The model has no {flavor} flavor; it has {have}.")
    return config


def model_file(folder: Path, named: object) -> Path:
    """The model's own file, as a flavor names it, never outside the folder.

    Raises:
        Refused: `mlmodel_unreadable` for a name that is none, `model_file_missing`.
    """
    if not isinstance(named, str) or not named:
        raise Refused(
            "mlmodel_unreadable",
            "The MLmodel file does not name the model's file; log the model again.",
        )
    path = (folder / named).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Refused(
            "mlmodel_unreadable", f"The MLmodel file names {named!r}, outside the model's folder."
        )
    if not path.is_file():
        raise Refused(
            "model_file_missing",
            f"The model's file {named!r} is not among the version's artifacts; it was deleted or "
            "never uploaded. Log the model again.",
        )
    return path


def model_folder(folder: Path, named: object) -> Path:
    """The folder that a flavor names, for models of several files; never outside the model's.

    Raises:
        Refused: `mlmodel_unreadable` for a name that is none, `model_file_missing`.
    """
    if not isinstance(named, str) or not named:
        raise Refused(
            "mlmodel_unreadable",
            "The MLmodel file does not name the model's folder; log the model again.",
        )
    path = (folder / named).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Refused(
            "mlmodel_unreadable", f"The MLmodel file names {named!r}, outside the model's folder."
        )
    if not path.is_dir():
        raise Refused(
            "model_file_missing",
            f"The model's folder {named!r} is not among the version's artifacts; it was deleted or "
            "never uploaded. Log the model again.",
        )
    return path


@contextmanager
def code_path(folder: Path, config: dict[str, Any]) -> Iterator[None]:
    """The modules that were logged with the model (`code_paths`), importable while it loads."""
    code = config.get("code")
    path = str(folder / code) if isinstance(code, str) and code else ""
    if path:
        sys.path.insert(0, path)
    try:
        yield
    finally:
        if path and path in sys.path:
            sys.path.remove(path)


def unreadable(path: Path, error: BaseException) -> Refused:
    """The refusal for a model file that its library cannot read."""
    return Refused(
        "model_unreadable",
        f"The model's file {path.name!r} cannot be read: it is cut short or damaged "
        f"({_first_line(error)}). Log the model again.",
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    text = quoted(lines[0]) if lines else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
