"""Model URIs as a person types them: what they name, and their files in a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from registry.connectors import RemoteFile, SourceProblem
from registry.connectors.artifacts import DiskFolder, download
from registry.connectors.mlflow import MlflowConnector

FORMS = "a folder, models:/name/3, models:/name@alias or runs:/id/path"
_VERSION = re.compile(r"models:/(?P<model>[^/@]+)/(?P<version>[0-9]+)")
_ALIAS = re.compile(r"models:/(?P<model>[^/]+)@(?P<alias>[^/@]+)")
_LOGGED = re.compile(r"models:/(?P<logged>m-[0-9a-f]+)")
_RUN = re.compile(r"runs:/(?P<run>[0-9A-Za-z]+)/(?P<path>.+)")


@dataclass(frozen=True)
class ModelUri:
    """What a model URI names: a folder, or something that an MLflow server knows."""

    text: str
    folder: Path | None = None
    model: str = ""
    version: int = 0
    alias: str = ""
    logged: str = ""
    run: str = ""
    path: str = ""

    @property
    def needs_server(self) -> bool:
        return self.folder is None


@dataclass(frozen=True)
class Resolved:
    """The model behind a URI as the server names it; version 0 where it is not registered."""

    artifact_uri: str
    model: str
    version: int = 0
    run_id: str = ""
    description: str = ""


def parse(text: str) -> ModelUri:
    """Read a model URI.

    Raises:
        SourceProblem: `bad_uri` for a form that is none of FORMS.
    """
    if match := _VERSION.fullmatch(text):
        return ModelUri(text, model=match["model"], version=int(match["version"]))
    if match := _LOGGED.fullmatch(text):
        return ModelUri(text, logged=match["logged"])
    if match := _ALIAS.fullmatch(text):
        return ModelUri(text, model=match["model"], alias=match["alias"])
    if match := _RUN.fullmatch(text):
        return ModelUri(text, run=match["run"], path=match["path"].strip("/"))
    if text.startswith("file://"):
        return ModelUri(text, folder=Path(text.removeprefix("file://")))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        raise SourceProblem("bad_uri", f"{text!r} is no model URI that can be read; use {FORMS}.")
    return ModelUri(text, folder=Path(text).expanduser())


def resolve(uri: ModelUri, server: MlflowConnector) -> Resolved:
    """Ask the server what a URI names.

    Raises:
        SourceProblem: `not_found`, and what the connector raises.
    """
    if uri.logged:
        return Resolved(_found(server.logged_model_uri(uri.logged), uri), uri.logged)
    if uri.run:
        where = _found(server.run_model_uri(uri.run, uri.path), uri)
        return Resolved(where, uri.path.rsplit("/", 1)[-1], run_id=uri.run)
    version = (
        server.version_of_alias(uri.model, uri.alias)
        if uri.alias
        else server.version(uri.model, uri.version)
    )
    if version is None:
        raise _not_found(uri)
    where = server.artifact_uri(version.model, version.number)
    return Resolved(where, version.model, version.number, version.run_id, version.description)


def fetch_folder(folder: Path, target: Path, limit: int) -> list[RemoteFile]:
    """Copy a model's folder, hashing it, as a download from a server would.

    Raises:
        SourceProblem: `not_found` where it has no MLmodel at its top, and what `download` raises.
    """
    if not (folder / "MLmodel").is_file():
        raise SourceProblem(
            "not_found",
            f"There is no MLmodel file in {folder}; give the folder that MLflow saved.",
        )
    return download(DiskFolder(str(folder), folder.resolve()), target, limit)


def _found(value: str | None, uri: ModelUri) -> str:
    if value is None:
        raise _not_found(uri)
    return value


def _not_found(uri: ModelUri) -> SourceProblem:
    return SourceProblem("not_found", f"The MLflow server knows no {uri.text}; check the name.")
