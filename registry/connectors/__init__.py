"""What a registry source looks like to Crossport, whatever it is upstream. No Django in here.

`connect` gives a `Connector`; everything that goes wrong upstream is a `SourceProblem`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

# More than any model that this product converts; a hostile or broken source must not fill the disk.
DOWNLOAD_LIMIT = 20 * 1024**3


class SourceProblem(Exception):
    """Why a source could not be read: a stable `code` and a sentence for whoever set it up.

    Codes: not_answering, not_mlflow, redirects, needs_login, forbidden, tls, server_error,
    wrong_version, artifacts_gone, artifact_scheme, bad_name, too_large, disk_full, bad_uri,
    unknown_kind, not_found, no_table.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


# A table that a run logged; rows of it are enough, so a larger one is left alone.
DATASET_LIMIT = 64 * 2**20


@dataclass(frozen=True)
class RemoteModel:
    """A registered model as a source lists it; `aliases` maps each alias to a version's number."""

    name: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class RemoteVersion:
    """A model version as a source lists it: nothing that needs its files or its run."""

    model: str
    number: int
    stage: str = ""
    status: str = ""
    status_message: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    run_id: str = ""
    source_uri: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class RemoteRun:
    """A training run. Metrics are numbers, or `NaN`, `Infinity`, `-Infinity` as text."""

    run_id: str
    name: str = ""
    user: str = ""
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class RemoteFile:
    """One downloaded file: its path in the folder (with `/`), size in bytes, our own sha256."""

    path: str
    size: int
    sha256: str


class Connector(Protocol):
    """One upstream registry. Every method may raise `SourceProblem`."""

    @property
    def calls(self) -> int:
        """How many requests were sent so far."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def check(self) -> None:
        """One cheap call that tells whether this is such a registry and lets us in."""

    def models(self) -> Iterator[RemoteModel]:
        """Every registered model. A model deleted meanwhile may hide others: see `model`."""

    def versions(self) -> Iterator[RemoteVersion]:
        """Every version of every model, with the same caveat."""

    def model(self, name: str) -> RemoteModel | None:
        """One model by name, or None where the source says that there is none."""

    def version(self, model: str, number: int) -> RemoteVersion | None:
        """One version, or None where the source says that there is none."""

    def versions_of(self, model: str) -> Iterator[RemoteVersion]:
        """Every version of one model."""

    def runs(self, run_ids: Sequence[str]) -> dict[str, RemoteRun]:
        """The runs of these ids; one that is not readable is missing from the answer."""

    def artifact_uri(self, model: str, number: int) -> str:
        """Where the version's files are."""

    def read_file(self, artifact_uri: str, path: str, limit: int) -> bytes | None:
        """One file below `artifact_uri`, at most `limit` bytes; None where there is none."""

    def download(
        self,
        artifact_uri: str,
        folder: Path,
        limit: int = DOWNLOAD_LIMIT,
        wanted: Callable[[str], bool] = lambda path: True,
    ) -> list[RemoteFile]:
        """The wanted files below `artifact_uri`, or all, into `folder`; sorted by path."""

    def training_data(self, run_id: str, limit: int = DATASET_LIMIT) -> tuple[str, bytes] | None:
        """The table that a run logged as its dataset: suffix (`.csv`, `.parquet`) and content.

        None where the run logged none. At most `limit` bytes.

        Raises:
            SourceProblem: `no_table` where it logged one that this source itself does not keep:
                what lies elsewhere is not asked for.
        """


def connect(kind: str, url: str, username: str = "", secret: str = "") -> Connector:
    """A connector for a source of this kind; nothing is asked of it yet.

    username and secret: HTTP Basic where both are given, a bearer token where only the secret is.

    Raises:
        SourceProblem: `unknown_kind`.
    """
    # Here, because the connectors import this module's types.
    from registry.connectors.mlflow import MlflowConnector

    if kind == "mlflow":
        return MlflowConnector(url, username, secret)
    raise SourceProblem("unknown_kind", f"There is no connector for sources of kind {kind!r}.")
