"""Fetches a version's files from its source: what jobs and readings have the network for."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from converters import contract
from registry.connectors import Connector, RemoteFile, SourceProblem
from registry.details import forget_details
from registry.mlmodel import MlmodelProblem, parse
from registry.models import ModelVersion
from registry.sources import connect_source
from workers.pipeline import Cancelled, Fetch, FetchFailed, disk_full

LOOK_SECONDS = 0.2

logger = logging.getLogger(__name__)


def fetcher(version: ModelVersion, stopped: Callable[[], bool]) -> Fetch:
    """What the pipeline calls to get this version's files into the model folder."""

    def fetch(folder: Path) -> Mapping[str, str]:
        with _source_of(version) as (connector, uri):
            sums = _Download(lambda: connector.download(uri, folder)).result(stopped)
            take_dataset(connector, version.run_id, folder.parent)
        _check_mlmodel(version, folder)
        return sums

    return fetch


def fetch_some(
    version: ModelVersion,
    folder: Path,
    wanted: Callable[[str], bool],
    limit: int,
    stopped: Callable[[], bool],
) -> None:
    """Get the wanted files of this version, and its MLmodel among them, into a folder.

    limit: bytes of all of them together.

    Raises:
        FetchFailed: `too_large`, `artifacts_changed` and what else keeps them from being had.
        Cancelled: `stopped` said so.
    """
    with _source_of(version) as (connector, uri):
        _Download(lambda: connector.download(uri, folder, limit, wanted)).result(stopped)
    _check_mlmodel(version, folder)


@contextmanager
def _source_of(version: ModelVersion) -> Iterator[tuple[Connector, str]]:
    """The version's source, and where its files are there.

    Raises:
        FetchFailed: the source, or what is done with it, has a problem.
    """
    try:
        with connect_source(version.model.source) as connector:
            uri = version.artifact_uri or connector.artifact_uri(version.model.name, version.number)
            yield connector, uri
    except SourceProblem as problem:
        code, sentence = problem.code, problem.sentence
        if code == "disk_full":  # its own sentence names a folder of this machine
            code, sentence = disk_full()
        raise FetchFailed(code, sentence) from problem


def take_dataset(connector: Connector, run_id: str, jobdir: Path) -> None:
    """Put the table that the run logged beside the model, where the source itself keeps one.

    Parity draws rows from it; without it, or without a source that answers for it, rows come from
    elsewhere, so that no export fails for want of it.
    """
    try:
        found = connector.training_data(run_id)
    except SourceProblem as problem:
        logger.info("run %s: its dataset cannot be read: %s", run_id, problem)
        note = f"The dataset that the run logged was not used: {problem.sentence.rstrip('.')}."
        (jobdir / contract.DATASET_NOTE).write_text(note, encoding="utf-8")
        return
    if found is not None:
        suffix, content = found
        (jobdir / f"{contract.DATASET_STEM}{suffix}").write_bytes(content)


def _check_mlmodel(version: ModelVersion, folder: Path) -> None:
    """See that these are the files that the mirror, and whoever asked for the export, know.

    Before MLflow 3, logging a model twice in one run overwrote the files of a version.

    Raises:
        FetchFailed: `artifacts_changed`.
    """
    try:
        known = json.loads(json.dumps(parse((folder / "MLmodel").read_bytes())))
    except (FileNotFoundError, MlmodelProblem):
        known = None
    if known != version.mlmodel:
        forget_details(version)
        raise FetchFailed(
            "artifacts_changed",
            "The files of this version were changed after they were mirrored; the next sync reads "
            "them anew. Look at the version again, then ask for the export again.",
        )


class _Download:
    """A download in a thread of its own, so that gigabytes in flight do not hold up a cancel."""

    def __init__(self, download: Callable[[], list[RemoteFile]]) -> None:
        self._download = download
        self._sums: dict[str, str] = {}
        self._error: BaseException | None = None

    def result(self, stopped: Callable[[], bool]) -> Mapping[str, str]:
        """Wait for the files; the sha256 of each by its path.

        Raises:
            Cancelled: `stopped` said so; the caller closes the connector, which ends the thread.
            SourceProblem, OSError: what the download raised.
        """
        thread = threading.Thread(target=self._run, name="download", daemon=True)
        thread.start()
        while thread.is_alive():
            if stopped():
                raise Cancelled
            thread.join(LOOK_SECONDS)
        if self._error is not None:
            raise self._error
        return self._sums

    def _run(self) -> None:
        try:
            self._sums = {file.path: file.sha256 for file in self._download()}
        except BaseException as error:  # handed to the thread that waits
            self._error = error
