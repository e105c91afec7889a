"""A version's files, behind MLflow's artifact proxy or on this machine's own disk.

What a source names is not trusted: paths stay inside the folder, sizes have limits, and local
paths are read only where the source itself is on this machine.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from registry.connectors import RemoteFile, SourceProblem
from registry.connectors.http import Missing, SourceHttp

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
PIECE = 1024 * 1024
FILES_LIMIT = 100_000
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Folder(Protocol):
    """A tree of files somewhere."""

    uri: str

    def walk(self) -> Iterator[str]:
        """The paths of all files, with `/`."""

    def pieces(self, path: str) -> Iterator[bytes]:
        """One file's content. Raises Missing where there is none."""

    def read(self, path: str, limit: int) -> bytes | None:
        """One small file whole; None where there is none."""


def folder(http: SourceHttp, uri: str) -> Folder:
    """The folder that an artifact URI of this source names.

    Raises:
        SourceProblem: `artifact_scheme` for a place that cannot be read from here.
    """
    parts = urlsplit(uri)
    own_host = urlsplit(http.url).hostname or ""
    if parts.scheme == "mlflow-artifacts" and parts.hostname in {None, own_host}:
        return ProxyFolder(http, uri, unquote(parts.path).strip("/"))
    if parts.scheme in {"", "file"} and parts.path and own_host in LOOPBACK:
        return DiskFolder(uri, Path(unquote(parts.path) if parts.scheme else uri))
    where = uri if parts.scheme else f"{uri!r} on the MLflow server's own disk"
    raise SourceProblem(
        "artifact_scheme",
        f"The files are at {where}, which cannot be read from here; let the MLflow server serve "
        "them (`mlflow server --serve-artifacts`) and log the model again.",
    )


def download(
    source: Folder, target: Path, limit: int, wanted: Callable[[str], bool] = lambda path: True
) -> list[RemoteFile]:
    """Copy the wanted files, or all, into `target`, hashing what is written; sorted by path.

    limit: bytes of all of them together.

    Raises:
        SourceProblem: `artifacts_gone`, `bad_name`, `too_large`, `disk_full` and what HTTP raises.
    """
    files: list[RemoteFile] = []
    left = limit
    for path in filter(wanted, source.walk()):
        if len(files) >= FILES_LIMIT:
            raise SourceProblem("too_large", f"{source.uri} holds more than {FILES_LIMIT} files.")
        file = _copy(source, path, target / check_name(path), left, limit)
        left -= file.size
        files.append(file)
    if not files:
        raise SourceProblem(
            "artifacts_gone",
            f"There are no files at {source.uri} any more; log the model again as a new version.",
        )
    return sorted(files, key=lambda file: file.path)


def check_name(path: str) -> str:
    """The path, if it stays inside the folder that it is put under.

    Raises:
        SourceProblem: `bad_name`.
    """
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or "\0" in path or {"", ".", ".."} & set(parts):
        raise SourceProblem("bad_name", f"The source names a file {path!r}, which is not accepted.")
    return path


def _copy(source: Folder, path: str, target: Path, left: int, limit: int) -> RemoteFile:
    aside = target.with_name(target.name + ".part")
    digest, size = hashlib.sha256(), 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            for piece in source.pieces(path):
                size += len(piece)
                if size > left:
                    most = f"{limit / 2**30:.1f} GiB" if limit >= 2**30 else f"{limit >> 20} MiB"
                    raise SourceProblem("too_large", f"{source.uri} holds more than {most}.")
                digest.update(piece)
                file.write(piece)
        aside.replace(target)
    except Missing as missing:
        raise SourceProblem(
            "artifacts_gone", f"The file {path} is no longer at {source.uri}."
        ) from missing
    except OSError as error:
        raise _disk_problem(error, target) from error
    finally:
        aside.unlink(missing_ok=True)
    return RemoteFile(path, size, digest.hexdigest())


def _disk_problem(error: OSError, target: Path) -> Exception:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return SourceProblem(
            "disk_full", f"The disk that holds {target.parent} is full; make room and try again."
        )
    return error


@dataclass
class ProxyFolder:
    """Files behind the server's own artifact proxy."""

    http: SourceHttp
    uri: str
    root: str

    def walk(self) -> Iterator[str]:
        waiting = [""]
        while waiting:
            below = waiting.pop()
            where = "/".join(part for part in (self.root, below) if part)
            try:
                answer = self.http.json("GET", PROXY, {"path": where})
            except Missing:
                continue
            for row in answer.get("files", []):
                name = str(row.get("path", ""))
                path = f"{below}/{name}" if below else name
                if row.get("is_dir"):
                    waiting.append(check_name(path))
                else:
                    yield path

    def pieces(self, path: str) -> Iterator[bytes]:
        with self._open(path) as pieces:
            yield from pieces

    def read(self, path: str, limit: int) -> bytes | None:
        content = b""
        try:
            for piece in self.pieces(path):
                content += piece
                if len(content) > limit:
                    raise SourceProblem("too_large", f"{path} is larger than {limit} bytes.")
        except Missing:
            return None
        return content

    @contextmanager
    def _open(self, path: str) -> Iterator[Iterator[bytes]]:
        address = f"{PROXY}/{quote(f'{self.root}/{check_name(path)}')}"
        with self.http.stream(address) as answer:
            yield answer.iter_bytes(PIECE)


@dataclass
class DiskFolder:
    """Files on this machine, where an MLflow server on this machine put them.

    own: whoever runs this process named the folder himself, and it need not hold an MLmodel.
    """

    uri: str
    root: Path
    own: bool = False

    def walk(self) -> Iterator[str]:
        # Only what is a model: a source must not make us read any folder that it names.
        if not self.own and not (self.root / "MLmodel").is_file():
            return
        for below, folders, names in os.walk(self.root):
            if self.own:
                folders[:] = [one for one in folders if one[0] != "." and one != "__pycache__"]
            for name in names:
                path = Path(below, name)
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(self.root).as_posix()

    def pieces(self, path: str) -> Iterator[bytes]:
        try:
            with (self.root / check_name(path)).open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Missing(path) from error

    def read(self, path: str, limit: int) -> bytes | None:
        target = self.root / check_name(path)
        if target.is_symlink() or not target.is_file():
            return None
        if target.stat().st_size > limit:
            raise SourceProblem("too_large", f"{path} is larger than {limit} bytes.")
        return target.read_bytes()
