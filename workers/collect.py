"""Reads what a child left behind, all of it hostile: plain files only, of bounded size."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Any, TypeVar

from converters import contract

REPORT_BYTES = 16 * 2**20
SUMS_FILE = "SHA256SUMS"

T = TypeVar("T")


class Strange(Exception):
    """A child left something that an honest one never leaves; the message says what and where."""


def check_tree(folder: Path, most_files: int = 20_000) -> list[Path]:
    """Every file under `folder`, sorted by path; call it only once the child is gone.

    Raises:
        Strange: a link, a second name of a file, anything that is neither file nor folder, or more
            files than any conversion leaves.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise Strange(f"{folder.name}/ is missing or is no folder")
    found: list[Path] = []
    for path, folders, files in os.walk(folder, onerror=_unreadable):
        for name in (*folders, *files):
            entry = Path(path, name)
            facts = entry.lstat()
            if stat.S_ISDIR(facts.st_mode):
                continue
            if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
                where = entry.relative_to(folder.parent).as_posix()
                raise Strange(f"{where} is a link or a special file")
            found.append(entry)
        if len(found) > most_files:
            raise Strange(f"{folder.name}/ holds more than {most_files} files")
    return sorted(found)


def read_bytes(path: Path, most: int = REPORT_BYTES) -> bytes:
    """A file's content, never through a link and never more than `most` bytes.

    Raises:
        Strange: missing, a link, no plain file, or too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Strange(f"{path.name} cannot be read: {error.strerror}") from error
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            raise Strange(f"{path.name} is a folder, a link or a special file")
        if facts.st_size > most:
            raise Strange(f"{path.name} is larger than {most // 2**20} MB")
        # Python opens no stream on a folder, so what it is was asked of the handle before.
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(most)
    finally:
        os.close(handle)


def read_report(kind: type[T], path: Path) -> T:
    """A child's report, checked field by field.

    Raises:
        Strange: missing or hostile as a file.
        ContractError: not the document that it should be, or with numbers that JSON has not.
    """
    report = contract.load(kind, read_bytes(path))
    try:
        contract.dump(report)
    except ValueError as error:  # NaN and Infinity, which Python's reader lets through
        raise contract.ContractError(str(error)) from error
    return report


def sha256_of(path: Path) -> str:
    """The sha256 of a plain file, in hexadecimal.

    Raises:
        Strange: missing, or a link.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Strange(f"{path.name} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_sums(folder: Path) -> list[Path]:
    """See that SHA256SUMS names every other file of the bundle, once and rightly; all its files.

    Raises:
        Strange: a file missing from the list, or from the folder, or with another sum.
    """
    files = check_tree(folder)
    listed: dict[str, str] = {}
    for line in read_bytes(folder / SUMS_FILE).decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    for path in files:
        name = path.relative_to(folder).as_posix()
        if name != SUMS_FILE and listed.pop(name, "") != sha256_of(path):
            raise Strange(f"{name} is not what {SUMS_FILE} says")
    if listed:
        raise Strange(f"{SUMS_FILE} names {sorted(listed)[0]}, which is not there")
    return files


def _unreadable(error: OSError) -> Any:
    raise Strange(f"{Path(error.filename or '').name} cannot be read: {error.strerror}")
