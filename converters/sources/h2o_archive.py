"""Reads H2O's MOJO archive as data: its `model.ini` and the bytes of its trees."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

INI = "model.ini"


@dataclass(frozen=True)
class Archive:
    """One model as H2O wrote it for its scoring library.

    Attributes:
        info: the `[info]` section, texts by key.
        columns: the features in the order in which the model reads them.
        trees: (class, group) → one tree's bytes; a class that no training row had has none.
    """

    info: dict[str, str]
    columns: tuple[str, ...]
    trees: dict[tuple[int, int], bytes]

    @property
    def order(self) -> str:
        """The bytes' order in struct's letters."""
        return ">" if self.info.get("endianness") == "BIG_ENDIAN" else "<"

    def number(self, key: str, default: float = 0.0) -> float:
        """One number; `default` where the archive does not say."""
        return float(self.info.get(key, default))

    def flag(self, key: str) -> bool:
        """Whether a key says true."""
        return self.info.get(key) == "true"

    def numbers(self, key: str, dtype: str = "float64") -> npt.NDArray[np.float64]:
        """[n] doubles, which were of `dtype` in the model; empty where the archive has none."""
        text = self.info.get(key, "null").strip("[]")
        if text in ("null", ""):
            return np.zeros(0)
        # Through the dtype: 0.1 as a float is another number than 0.1 as a double.
        return np.array(text.split(", ")).astype(dtype).astype(np.float64)


def read(path: Path) -> Archive:
    """Read the archive that H2O's server wrote.

    Raises:
        zipfile.BadZipFile, KeyError: no MOJO, which would be the server's fault.
    """
    with zipfile.ZipFile(path) as archive:
        sections = _sections(archive.read(INI).decode("utf-8"))
        info = {key.strip(): value.strip() for key, _, value in _pairs(sections["info"])}
        trees = {}
        for name in archive.namelist():
            if name.startswith("trees/") and name.endswith(".bin") and "_aux" not in name:
                kind, _, group = name.removeprefix("trees/t").removesuffix(".bin").partition("_")
                trees[int(kind), int(group)] = archive.read(name)
    return Archive(info, tuple(sections["columns"][: int(info["n_features"])]), trees)


def _pairs(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition("=") for line in lines if "=" in line]


def _sections(text: str) -> dict[str, list[str]]:
    """Section → its lines, which are kept as they are: a column's name may be anything."""
    found: dict[str, list[str]] = {}
    lines = text.split("\n")
    for line in lines:
        if line in ("[info]", "[columns]", "[domains]") and line[1:-1] not in found:
            found[line[1:-1]] = []
        elif found:
            found[list(found)[-1]].append(line)
    return found
