"""What the steps share: reading a job directory whose content they do not trust, and the clock."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from converters.contract import DATASET_FILES, GIVEN_FILES, Request
from converters.errors import Refused


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fresh(folder: Path) -> Path:
    """An empty folder in place of whatever has that name, links included."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def verify_model(folder: Path, expected: Mapping[str, str]) -> None:
    """See that the model's files are those that were fetched: all of them, and no others.

    expected: path inside `folder` → sha256; empty where nothing was recorded (a local folder).

    Raises:
        Refused: `model_changed`.
    """
    if not expected:
        return
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    }
    missing = sorted(set(expected) - set(found))
    strange = sorted(set(found) - set(expected))
    changed = sorted(
        name
        for name in set(found) & set(expected)
        if found[name].is_symlink() or sha256_of(found[name]) != expected[name]
    )
    for names, what in ((missing, "is missing"), (strange, "was added"), (changed, "has changed")):
        if names:
            raise Refused(
                "model_changed",
                f"The model's file {names[0]!r} {what} since it was fetched; export it again.",
            )


def given_file(jobdir: Path, request: Request) -> Path | None:
    """The file of the user's own rows, if it is the very one that was asked with; None without.

    Raises:
        Refused: `rows_changed`.
    """
    if not request.given:
        return None
    path = jobdir / request.given
    if request.given not in GIVEN_FILES or path.is_symlink() or not path.is_file():
        raise Refused("rows_changed", "The given rows are no longer there; convert again.")
    if sha256_of(path) != request.given_sha256:
        raise Refused("rows_changed", "The given rows have changed meanwhile; convert again.")
    return path


def dataset_file(jobdir: Path, request: Request) -> Path | None:
    """The file of the data that the run logged; None without, or where it is another file now.

    It only makes rows more telling, so nothing is refused for it.
    """
    path = jobdir / request.dataset
    if request.dataset not in DATASET_FILES or path.is_symlink() or not path.is_file():
        return None
    return path if sha256_of(path) == request.dataset_sha256 else None


def versions(*packages: str) -> dict[str, str]:
    """The installed versions of these distributions; those that are not installed are left out."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Record how long the block took, in seconds, also when it raises."""
    start = time.monotonic()
    try:
        yield
    finally:
        seconds[step] = round(time.monotonic() - start, 4)
