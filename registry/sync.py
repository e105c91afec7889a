"""Walks a source and makes the mirror equal to it; the only writer of the mirror."""

from __future__ import annotations

import logging
import time

from django.utils import timezone

from registry.connectors import Connector, SourceProblem
from registry.details import read_details
from registry.locks import source_lock
from registry.mirror import Mirror, Seen
from registry.mlmodel import clean
from registry.models import Source, SyncRun, SyncState
from registry.sources import connect_source

logger = logging.getLogger(__name__)


def sync_source(source: Source) -> SyncRun:
    """Mirror one source now; the run says what was seen and changed, or why it failed.

    While another process syncs this source, its run is what comes back, in state `running`.
    """
    while True:
        with source_lock(source) as mine:
            if mine:
                return _sync(source)
        running = source.runs.filter(state=SyncState.RUNNING).first()
        if running is not None:
            return running
        time.sleep(0.05)  # the other one is just beginning, or has just ended


def _sync(source: Source) -> SyncRun:
    """With the source's lock held, so a run that looks running belongs to a process that died."""
    source.runs.filter(state=SyncState.RUNNING).update(
        state=SyncState.FAILED,
        code="interrupted",
        sentence="The process that ran this sync ended in the middle; the next sync starts over.",
        finished_at=timezone.now(),
    )
    run = SyncRun.objects.create(source=source)
    try:
        with connect_source(source) as connector:
            _walk(run, connector)
    except SourceProblem as problem:
        logger.info("sync of %s failed: %s", source.slug, problem.sentence)
        return _end(run, SyncState.FAILED, problem.code, problem.sentence)
    except BaseException:
        _end(
            run, SyncState.FAILED, "crashed", "Crossport itself failed; the worker's log says why."
        )
        raise
    return _end(run, SyncState.DONE)


def _walk(run: SyncRun, connector: Connector) -> None:
    seen = Seen(models={row.name: row for row in connector.models()})
    seen.add(connector.versions())
    mirror = Mirror(run.source)
    _look_again(mirror, connector, seen)
    seen.runs = connector.runs([row.run_id for row in seen.versions.values() if row.run_id])
    run.models_seen, run.versions_seen = len(seen.models), len(seen.versions)
    run.added, run.changed, run.gone = mirror.write(seen)
    run.calls = connector.calls
    run.save()
    read_details(run, connector)
    run.calls = connector.calls


def _look_again(mirror: Mirror, connector: Connector, seen: Seen) -> None:
    """Ask by name for everything that the lists no longer hold, and add what is still there.

    A model deleted during the scan moves the pages' offsets, so that live rows are skipped: only
    an answer about the one name tells a deletion.
    """
    for name in sorted(mirror.live_models() - set(seen.models)):
        try:
            model = connector.model(name)
        except SourceProblem as problem:
            _spare(problem)
            seen.spared_models.add(name)
            continue
        if model is not None:
            seen.models[name] = model
            seen.add(connector.versions_of(name))
    for name, number in sorted(mirror.live_versions() - set(seen.versions)):
        if name not in seen.models:
            continue
        try:
            version = connector.version(name, number)
        except SourceProblem as problem:
            _spare(problem)
            seen.spared_versions.add((name, number))
            continue
        if version is not None:
            seen.add([version])


def _spare(problem: SourceProblem) -> None:
    """What we may no longer see is not deleted; any other problem ends the sync."""
    if problem.code != "forbidden":
        raise problem


def _end(run: SyncRun, state: SyncState, code: str = "", sentence: str = "") -> SyncRun:
    run.state, run.code, run.sentence = state, code, clean(sentence)
    run.finished_at = timezone.now()
    run.save()
    return run
