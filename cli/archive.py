"""Unpacks a bundle's archive that nobody vouches for: no path out, no link, no bomb."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from cli.outcomes import Refusal

# A bundle is a model, its golden rows and a small Maven project.
MOST_FILES = 10_000
MOST_BYTES = 20 * 1024**3
# Text of golden rows and sources packs well, but never this well over a whole archive.
MOST_RATIO = 500
RATIO_COUNTS_FROM = 100 * 1024**2
LONGEST_NAME = 255  # bytes
CHUNK = 1 << 20


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip into `folder`, which must be empty.

    Raises:
        Refusal: it is no zip, is damaged, or holds what no bundle holds.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            check_entries(entries, archive.stat().st_size)
            for entry in entries:
                if not entry.is_dir():
                    _copy(opened, entry, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Refusal(
            "damaged_archive",
            f"{archive.name} is no whole zip archive ({error}); download it again.",
        ) from error


def check_entries(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """Judge an archive's table of contents; `packed` is the archive's size in bytes.

    Raises:
        Refusal: a path that leads out, a link, an entry twice, too many files or bytes.
    """
    names = [str(PurePosixPath(entry.filename)).casefold() for entry in entries]
    files = {name for name, entry in zip(names, entries, strict=True) if not entry.is_dir()}
    if len(entries) > MOST_FILES:
        raise _hostile(f"it holds {len(entries)} files; a bundle has {MOST_FILES} at most")
    if len(set(names)) != len(names):
        raise _hostile("a name occurs twice in it")
    if any(str(above) in files for name in names for above in PurePosixPath(name).parents):
        raise _hostile("a name is both a file and a folder in it")
    for entry in entries:
        _check_entry(entry)
    total = sum(entry.file_size for entry in entries)
    if total > MOST_BYTES or (total > RATIO_COUNTS_FROM and total > MOST_RATIO * packed):
        raise _hostile(f"{packed} bytes would unpack to {total}")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    path = PurePosixPath(name)
    mode = entry.external_attr >> 16
    if entry.flag_bits & 0x1:
        raise _hostile(f"{name!r} is encrypted")
    if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _hostile(f"{name!r} is a link or a device")
    if any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in path.parts):
        raise _hostile("a name in it is longer than file systems take")
    outside = path.is_absolute() or ".." in path.parts or not path.parts
    if outside or "\\" in name or ":" in name or "\0" in name:
        raise _hostile(f"the path {name!r} leads out of it")


def _copy(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / PurePosixPath(entry.filename)
    target.parent.mkdir(parents=True, exist_ok=True)
    # zipfile stops at the size that the table of contents names and checks the CRC.
    with opened.open(entry) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, CHUNK)


def _hostile(what: str) -> Refusal:
    return Refusal("hostile_archive", f"This archive is no bundle of Crossport's: {what}.")
