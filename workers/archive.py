"""Zip files of which the same content is the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

# The same files must be the same bytes: the oldest date that a zip can hold, one mode, one level.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
ZIP_MODE = 0o100644 << 16
ZIP_LEVEL = 6
UNIX = 3
# Weights hardly shrink: from here on a file is stored as it is.
STORED_FROM = 32 * 2**20


def write(archive: Path, files: Mapping[str, Path]) -> None:
    """These files under these names and in this order."""
    with zipfile.ZipFile(archive, "w") as target:
        for name, path in files.items():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.create_system = UNIX
            entry.external_attr = ZIP_MODE
            stored = path.stat().st_size >= STORED_FROM
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            entry._compresslevel = ZIP_LEVEL  # type: ignore[attr-defined]
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, target.open(entry, "w") as sink:
                while block := source.read(2**20):
                    sink.write(block)
