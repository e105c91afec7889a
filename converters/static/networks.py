"""Layers of Keras files and what is in archives: .keras, HDF5, torch, MOJO, skops, CoreML."""

from __future__ import annotations

import configparser
import itertools
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converters.quoting import quoted
from converters.static.errors import Unreadable

HDF5 = b"\x89HDF\r\n\x1a\n"
MOST_BYTES = 64 << 20  # of one text inside an archive
MOST_ENTRIES = 200_000
DEEPEST = 200
MOST_PLACES = 20  # in an HDF5 file, where a configuration may begin


def members(path: Path) -> list[str]:
    """The names in an archive.

    Raises:
        Unreadable: no archive, or one of more than 200,000 entries.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise Unreadable(f"it is a damaged archive: {quoted(error, 120)}") from error
    if len(names) > MOST_ENTRIES:
        raise Unreadable(f"it holds more than {MOST_ENTRIES} files")
    return names


def member(path: Path, name: str) -> bytes:
    """One file of an archive, at most 64 MB.

    Raises:
        Unreadable: it is not there, is damaged or larger.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
            content = stream.read(MOST_BYTES + 1)
    except (KeyError, zipfile.BadZipFile, OSError, RuntimeError, ValueError, EOFError) as error:
        raise Unreadable(f"{name} cannot be read in it: {quoted(error, 120)}") from error
    except NotImplementedError as error:
        raise Unreadable(f"{name} is compressed in an unknown way") from error
    if len(content) > MOST_BYTES:
        raise Unreadable(f"{name} is larger than {MOST_BYTES >> 20} MB")
    return content


def layers(config: Any, depth: int = 0) -> Iterator[str]:
    """The class names in a Keras configuration.

    Raises:
        Unreadable: nested more than 200 deep.
    """
    if depth > DEEPEST:
        raise Unreadable(f"its configuration is nested more than {DEEPEST} deep")
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config["class_name"]
        for value in config.values():
            yield from layers(value, depth + 1)
    elif isinstance(config, list):
        for value in config:
            yield from layers(value, depth + 1)


def keras_layers(path: Path) -> set[str]:
    """The layers of a `.keras` archive.

    Raises:
        Unreadable: it has no configuration that can be read.
    """
    return set(layers(_json(member(path, "config.json"))))


def hdf5_layers(content: bytes) -> set[str]:
    """The layers of a Keras HDF5 file, whose configuration is one text among its attributes.

    Raises:
        Unreadable: no HDF5 file, or none of Keras.
    """
    if not content.startswith(HDF5):
        raise Unreadable("it is no HDF5 file")
    found = re.findall(rb'"class_name": ?"([A-Za-z_][\w>]{0,100})"', content)
    if not found:
        raise Unreadable("it is an HDF5 file without a Keras model in it (perhaps weights alone)")
    return {name.decode("ascii") for name in found}


def keras_config(path: Path) -> Any:
    """The whole configuration of a `.keras` or HDF5 file; None where an HDF5 file shows none.

    Raises:
        Unreadable: a `.keras` file without one that can be read.
    """
    with path.open("rb") as stream:
        if stream.read(8) != HDF5:
            return _json(member(path, "config.json"))
    content = path.read_bytes()
    places = re.finditer(rb'\{"(?:module|class_name)": ?"', content)
    for found in itertools.islice(places, MOST_PLACES):
        text = content[found.start() : found.start() + MOST_BYTES].decode("latin-1")
        try:
            config, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            continue  # cut by the file's own structure
        if isinstance(config, dict) and isinstance(config.get("config"), dict):
            return config
    return None


def skops_names(path: Path) -> set[str]:
    """Every `module.Class` that a skops file names.

    Raises:
        Unreadable: it has no schema that can be read.
    """
    found: set[str] = set()
    stack: list[Any] = [_json(member(path, "schema.json"))]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            module, name = item.get("__module__"), item.get("__class__")
            if isinstance(module, str) and isinstance(name, str):
                found.add(f"{module}.{name}")
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return found


def skops_root(path: Path) -> str:
    """`module.Class` of the object itself."""
    told = _json(member(path, "schema.json"))
    if not isinstance(told, dict):
        raise Unreadable("its schema is no mapping")
    return f"{told.get('__module__', '')}.{told.get('__class__', '')}"


def mojo(path: Path) -> dict[str, str]:
    """The `[info]` of an H2O MOJO: algorithm, h2o_version, mojo_version …

    Raises:
        Unreadable: it has no model.ini that can be read.
    """
    text = member(path, "model.ini").decode("utf-8", "replace").partition("[columns]")[0]
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string(text)
        return dict(parser["info"])
    except (configparser.Error, KeyError) as error:
        raise Unreadable(f"its model.ini cannot be read: {quoted(error, 120)}") from error


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"its configuration is not JSON: {quoted(error, 120)}") from error
