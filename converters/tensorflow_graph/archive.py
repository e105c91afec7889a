"""A SavedModel's folder as one file: a zip that stores its entries sorted, at one fixed time.

Whoever reads one trusts nothing: names are checked, and nothing unpacks to more than it takes.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from converters.quoting import quoted

GRAPH_FILE = "saved_model.pb"
# Written by TensorFlow beside the graph; it differs from run to run and no runtime needs it.
LEFT_OUT = frozenset({"fingerprint.pb"})
MOST_ENTRIES = 10_000
CHUNK = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*(/[A-Za-z0-9_][A-Za-z0-9_.\-]*)*")


class ArchiveError(ValueError):
    """A file that is no archive of a SavedModel; the message says what is wrong."""


def pack(folder: Path, to: Path) -> None:
    """Write the folder's files into `to`; equal content gives equal bytes.

    Raises:
        ArchiveError: a file's name that `unpack` does not take.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in sorted(files):
            if not files[name].is_file() or name in LEFT_OUT:
                continue
            if not _NAME.fullmatch(name):
                raise ArchiveError(f"a file of the SavedModel is named {name!r}")
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o644 << 16
            with (
                files[name].open("rb") as source,
                archive.open(entry, "w", force_zip64=False) as out,
            ):
                while chunk := source.read(CHUNK):
                    out.write(chunk)


def unpack(path: Path, folder: Path) -> None:
    """Unpack such a file into an empty folder.

    Raises:
        ArchiveError: anything that `pack` does not write.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if len(entries) > MOST_ENTRIES or len(set(names)) < len(names):
                raise ArchiveError("the archive has too many entries, or two of one name")
            if GRAPH_FILE not in names:
                raise ArchiveError(f"the archive has no {GRAPH_FILE}")
            for entry in entries:
                _check(entry)
                place = folder / entry.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, place.open("xb") as out:
                    while chunk := source.read(CHUNK):
                        out.write(chunk)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"the file is no zip archive: {quoted(error)}") from error


def _check(entry: zipfile.ZipInfo) -> None:
    if not _NAME.fullmatch(entry.filename) or ".." in entry.filename:
        raise ArchiveError(f"the archive has an entry named {entry.filename!r}")
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise ArchiveError(f"the archive's entry {entry.filename!r} is not stored as it is")
