"""The sum of every file of a bundle: SHA256SUMS, and the walk that finds what is really there."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

SUMS_FILE = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class SumsError(ValueError):
    """SHA256SUMS is not what `sha256sum` writes, or the folder holds what no bundle holds."""


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_of(folder: Path) -> list[str]:
    """Every file below `folder` as a path with `/`, sorted.

    Raises:
        SumsError: a link or a device, which a bundle never holds.
    """
    found = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise SumsError(f"{name} is not a regular file")
        if path.is_file():
            found.append(name)
    return sorted(found)


def sums_of(folder: Path) -> dict[str, str]:
    """Path → sha256 of every file below `folder`."""
    return {name: sha256(folder / name) for name in files_of(folder)}


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over all that `folder` holds, as `sha256sum -c` reads it."""
    lines = [f"{digest}  {name}\n" for name, digest in sums_of(folder).items()]
    (folder / SUMS_FILE).write_text("".join(lines), encoding="utf-8", newline="\n")


def read_sums(folder: Path) -> dict[str, str]:
    """Path → sha256 as SHA256SUMS says.

    Raises:
        SumsError: the file is missing or has a line that is no sum.
    """
    try:
        text = (folder / SUMS_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SumsError(f"{SUMS_FILE} cannot be read") from error
    sums = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise SumsError(f"{SUMS_FILE} has a line that is no sum: {line[:80]!r}")
        sums[match[2]] = match[1]
    return sums
