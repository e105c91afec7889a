"""Blobs by their sha256 under STORAGE_URL: written whole or not at all, never changed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PIECE = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


class StorageFull(Exception):
    """The disk that holds the blobs is full; nothing was stored."""

    def __init__(self, root: Path) -> None:
        self.sentence = f"The storage at {root} is full; make room and try again."
        super().__init__(self.sentence)


@dataclass(frozen=True)
class Blob:
    """What was stored: its sha256 in hex and its size in bytes."""

    sha256: str
    size: int


class Store:
    """Blobs in a folder, as `sha256/ab/ab…`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, file: Path) -> Blob:
        """Store a file's content; the same content twice is one blob.

        Raises:
            StorageFull: and then nothing has changed.
        """
        try:
            return self._put(file)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull(self.root) from error
            raise

    def exists(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes. Raises FileNotFoundError where there is no such blob."""
        return self.path(sha256).stat().st_size

    def open(self, sha256: str) -> BinaryIO:
        """The blob for reading. Raises FileNotFoundError where there is none."""
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """Where the blob is or would be.

        Raises:
            ValueError: for what is not a sha256 in lower-case hex.
        """
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a sha256: {sha256!r}")
        return self.root / "sha256" / sha256[:2] / sha256

    def writable(self) -> bool:
        """Whether blobs can be stored: the folder, or the one that it will be made in, is there."""
        there = next(path for path in (self.root, *self.root.parents) if path.exists())
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)

    def _put(self, file: Path) -> Blob:
        aside_folder = self.root / "incoming"
        aside_folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=aside_folder)
        aside = Path(name)
        try:
            digest, size = hashlib.sha256(), 0
            with os.fdopen(handle, "wb") as copy, file.open("rb") as original:
                while piece := original.read(PIECE):
                    digest.update(piece)
                    size += len(piece)
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
            blob = Blob(digest.hexdigest(), size)
            target = self.path(blob.sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                aside.chmod(0o444)
                aside.replace(target)
                _sync_folder(target.parent)
            return blob
        finally:
            aside.unlink(missing_ok=True)


def store() -> Store:
    """The store that STORAGE_URL names.

    Raises:
        ImproperlyConfigured: for anything but a file:// URL.
    """
    parts = urlsplit(settings.STORAGE_URL)
    if parts.scheme != "file" or parts.netloc or not parts.path.startswith("/"):
        raise ImproperlyConfigured(
            f"STORAGE_URL={settings.STORAGE_URL!r} cannot be used; "
            "give a folder as file:///absolute/path."
        )
    return Store(Path(unquote(parts.path)))


def _sync_folder(folder: Path) -> None:
    """A new name is only safe from a power cut when its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
