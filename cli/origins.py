"""Where a model comes from when there is no portal: a folder, or an MLflow server."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.outcomes import Ended, Misuse, Refusal, Unreachable
from converters import contract
from converters.static import module_code
from converters.static.kinds import EXAMPLE, SUFFIXES
from registry.connectors import DOWNLOAD_LIMIT, RemoteFile, SourceProblem
from registry.connectors.artifacts import DiskFolder, download
from registry.connectors.mlflow import MlflowConnector
from registry.connectors.model_uri import ModelUri, Resolved, fetch_folder, parse, resolve

MLMODEL = "MLmodel"
MLMODEL_LIMIT = 16 * 1024**2
TORCH_SUFFIXES = frozenset({".pt", ".pth", ".pt2"})
# The server's answer could not be had at all, as against an answer that says no.
AWAY = frozenset({"not_answering", "tls", "server_error"})


@dataclass(frozen=True)
class Fetched:
    """A model's files in a folder: sha256 of each by its path, and whose they are."""

    sums: dict[str, str]
    identity: contract.Identity


def fetch(text: str, folder: Path) -> Fetched:
    """Copy a model's files into `folder`, which is empty.

    Raises:
        Misuse: not a URI that this command knows, or no server is named.
        Refusal: there is no such model.
        Unreachable: its server does not answer.
    """
    with _problems():
        uri = parse(text)
        if uri.folder is not None:
            files = _fetch_local(uri.folder, folder)
            identity = contract.Identity("local", _name_of(uri.folder), "1")
        else:
            with _server(uri) as server:
                found = resolve(uri, server)
                files = server.download(found.artifact_uri, folder)
            identity = _identity(found)
    return Fetched({file.path: file.sha256 for file in files}, identity)


def fetch_mlmodel(text: str, folder: Path) -> None:
    """Copy what pre-flight reads into `folder`; raises what `fetch` raises.

    From a server that is the `MLmodel` file alone; what is on this machine is copied whole.
    """
    with _problems():
        uri = parse(text)
        if uri.folder is not None:
            _fetch_local(uri.folder, folder)
            return
        else:
            with _server(uri) as server:
                where = resolve(uri, server).artifact_uri
                content: bytes | None = server.read_file(where, MLMODEL, MLMODEL_LIMIT)
    if content is None:
        raise Refusal("mlmodel_missing", f"There is no MLmodel file at {text}.")
    (folder / MLMODEL).write_bytes(content)


def _server(uri: ModelUri) -> MlflowConnector:
    url = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not url.startswith(("http://", "https://")):
        raise Misuse(
            f"{uri.text} is on an MLflow server: set MLFLOW_TRACKING_URI to its http address"
        )
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN", ""):
        return MlflowConnector(url, "", token)
    return MlflowConnector(
        url,
        os.environ.get("MLFLOW_TRACKING_USERNAME", ""),
        os.environ.get("MLFLOW_TRACKING_PASSWORD", ""),
    )


def _identity(found: Resolved) -> contract.Identity:
    return contract.Identity(
        source="mlflow",
        model=found.model,
        version=str(found.version or 1),
        run_id=found.run_id,
        description=found.description,
    )


def _fetch_local(place: Path, folder: Path) -> list[RemoteFile]:
    """Copy a model's folder, or a plain model file, from this machine."""
    if place.is_file():
        return [_copied(one, folder) for one in (place, *_beside(place))]
    if not place.exists():
        raise Refusal("not_found", f"There is no file or folder {place}.")
    suffixes = {path.suffix.lower() for path in place.iterdir()}
    if not (place / MLMODEL).is_file() and suffixes & set(SUFFIXES):
        return download(DiskFolder(str(place), place.resolve(), own=True), folder, DOWNLOAD_LIMIT)
    return fetch_folder(place, folder, DOWNLOAD_LIMIT)


def _copied(file: Path, folder: Path) -> RemoteFile:
    """A copy of a file, and its sum."""
    shutil.copyfile(file, folder / file.name)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return RemoteFile(file.name, file.stat().st_size, digest)


def _beside(file: Path) -> list[Path]:
    """What belongs to a plain file of PyTorch: the Python that defines it, and its example."""
    if file.suffix.lower() not in TORCH_SUFFIXES:
        return []
    names = dict.fromkeys((f"{file.stem}.py", module_code.BESIDE, EXAMPLE))
    return [path for name in names if (path := file.with_name(name)).is_file()]


def _name_of(folder: Path) -> str:
    """A model's name from its folder's: letters, digits, dots and dashes."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-.")
    return name or "model"


@contextmanager
def _problems() -> Iterator[None]:
    """Turn what a source says into how a command ends."""
    try:
        yield
    except SourceProblem as problem:
        raise _ended(problem) from problem


def _ended(problem: SourceProblem) -> Ended:
    if problem.code in AWAY:
        return Unreachable(problem.code, problem.sentence)
    if problem.code == "bad_uri":
        return Misuse(problem.sentence)
    return Refusal(problem.code, problem.sentence)
