"""Reads the `MLmodel` document and finds the files that it names."""

from __future__ import annotations

import os
import pickle
import resource
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
# No honest model takes so many times its file's size in memory, compressed ones included.
GROWTH = 100
DEEPEST_YAML = 100
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
    document = read_yaml(path)
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


def read_yaml(path: Path) -> Any:
    """What a YAML file of the model holds.

    Raises:
        Refused: `mlmodel_unreadable` where it is none, or nested deeper than any honest one.
    """
    try:
        content = path.read_bytes()
        depth = 0
        # The composer of libyaml's loader recurses in C, and ends the process where that is deep.
        for event in yaml.parse(content, Loader=SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST_YAML:
                raise Refused(
                    "mlmodel_unreadable",
                    f"The {path.name} file is nested more than {DEEPEST_YAML} deep, as no file of "
                    "MLflow's is; log the model again.",
                )
        return yaml.load(content, Loader=SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Refused(
            "mlmodel_unreadable",
            f"The {path.name} file is not YAML ({_first_line(error)}); log the model again.",
        ) from error


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
        Refused: `flavor_missing`, or `mlmodel_unreadable` where it says nothing useful.
    """
    config = document["flavors"].get(flavor)
    if config is not None and not isinstance(config, dict):
        raise Refused(
            "mlmodel_unreadable",
            f"The MLmodel file's {flavor} flavor is no mapping; log the model again.",
        )
    if config is None:
        have = ", ".join(map(str, document["flavors"]))
        raise Refused("flavor_missing", f"The model has no {flavor} flavor; it has {have}.")
    return config


def model_file(folder: Path, named: object) -> Path:
    """The model's own file, as a flavor names it, never outside the folder.

    Raises:
        Refused: `mlmodel_unreadable` for a name that is none, `model_file_missing`.
    """
    path = _inside(folder, named, "file")
    if not path.is_file():
        raise _missing("file", named)
    return path


def model_folder(folder: Path, named: object) -> Path:
    """The folder that a flavor names, for models of several files; never outside the model's.

    Raises:
        Refused: `mlmodel_unreadable` for a name that is none, `model_file_missing`.
    """
    path = _inside(folder, named, "folder")
    if not path.is_dir():
        raise _missing("folder", named)
    return path


def _inside(folder: Path, named: object, kind: str) -> Path:
    if not isinstance(named, str) or not named:
        raise Refused(
            "mlmodel_unreadable",
            f"The MLmodel file does not name the model's {kind}; log the model again.",
        )
    try:
        path = (folder / named).resolve()
        path.exists()
    except (OSError, ValueError) as error:  # NUL, or longer than any name
        raise Refused(
            "mlmodel_unreadable",
            f"The MLmodel file names {named[:60]!r}, which is no name of a {kind}; log "
            "the model again.",
        ) from error
    if not path.is_relative_to(folder.resolve()):
        raise Refused(
            "mlmodel_unreadable", f"The MLmodel file names {named!r}, outside the model's folder."
        )
    return path


def _missing(kind: str, named: object) -> Refused:
    return Refused(
        "model_file_missing",
        f"The model's {kind} {named!r} is not among the version's artifacts; it was deleted or "
        "never uploaded. Log the model again.",
    )


@contextmanager
def code_path(folder: Path, config: dict[str, Any]) -> Iterator[None]:
    """The modules that were logged with the model (`code_paths`), importable while it loads."""
    code = config.get("code")
    path = str(_inside(folder, code, "code")) if isinstance(code, str) and code else ""
    if path:
        sys.path.insert(0, path)
    try:
        yield
    finally:
        if path and path in sys.path:
            sys.path.remove(path)


def is_absurd(path: Path) -> bool:
    """Whether a file, or a folder of files, is far too small to fill the memory when it is read.

    A MemoryError then comes of a length that damage made, not of the model.
    """
    files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    size = sum(one.stat().st_size for one in files)
    allowed, _ = resource.getrlimit(resource.RLIMIT_DATA)
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most = there if allowed == resource.RLIM_INFINITY else min(allowed, there)
    return size * GROWTH < most


def absurd(path: Path) -> Refused:
    """The refusal for such a file."""
    return unreadable(path, MemoryError(f"it asks for more than {GROWTH} times its own size"))


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
