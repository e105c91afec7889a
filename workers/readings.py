"""Readings: what the files of mirrored versions tell pre-flight, before any export is asked for.

A confined child reads the bytes and loads nothing; what it found is kept with the version, and made
anew when the files or the readers change. The rows are the truth, a message is only a wake-up.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from converters import contract, reading
from converters.preflight import Verdict
from registry.models import ModelVersion, Source
from workers import pipeline, preflight_child
from workers.fetch import fetch_some
from workers.models import Reading, ReadingState
from workers.queues import wake_reading
from workers.reports import storable
from workers.sandbox import remove_tree

# So many a sync, newest first: a large registry is caught up with beside exports, not before them.
BATCH = 50
FETCH_SECONDS = 120.0
# Longer than fetching and reading may take together.
LEASE = timedelta(minutes=6)
# What failed is tried again after these; then it stays as it is until files or readers change.
PAUSES = (timedelta(minutes=2), timedelta(hours=1))
MOST_TRIES = len(PAUSES) + 1
SENTENCE_CHARACTERS = 2000

logger = logging.getLogger(__name__)


def verdicts(version: ModelVersion, row: Reading | None = None) -> list[Verdict]:
    """One verdict a target, in the order of the catalogue, by all that is known of the version.

    row: what `reading_of` gives, where the caller has it already.
    """
    return reading.verdicts(version.mlmodel, _told(row or reading_of(version)))


def reading_of(version: ModelVersion) -> Reading:
    """The version's reading; one in state `pending`, and not stored, where none holds."""
    rows = Reading.objects.filter(version=version, **_holding(version.files_revision))
    return rows.first() or Reading(version=version)


def wake(source: Source) -> None:
    """Have the files of this source's versions read that were not, some at a time."""
    for pk in _due(source).values_list("pk", flat=True)[:BATCH]:
        # The next sync asks again: what busy workers did not get to must not pile up.
        wake_reading(pk, expires=float(settings.SYNC_SECONDS))


def read(version_id: int) -> Reading | None:
    """Read a version's files and keep what they tell; None where there is nothing to do.

    An error of the database is raised; the claim then runs out, and another try follows.
    """
    version = (
        ModelVersion.objects.select_related("model__source")
        .filter(pk=version_id, gone_at=None)
        .exclude(mlmodel={})
        .first()
    )
    row = _claim(version) if version is not None and settings.READ_MB else None
    if version is None or row is None:
        return None
    folder = readings_folder() / str(version.pk) / str(row.attempt)
    try:
        folder.mkdir(parents=True, mode=0o700)
        _keep(row, **_outcome(version, folder))
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("files of version %s", version.pk)
        _keep(row, **_failed(_unforeseen(error)))
    finally:
        # The reaper removes what cannot be removed now; another try may be at work beside it.
        with contextlib.suppress(OSError):
            remove_tree(folder)
            folder.parent.rmdir()
    return Reading.objects.filter(pk=row.pk).first()  # gone where its source was removed meanwhile


def readings_folder() -> Path:
    """Where files are read on this machine; nothing there outlives its reading."""
    return Path(settings.CROSSPORT_HOME) / "readings"


def end_lost() -> None:
    """Say so where every try lost its worker; called by the reaper."""
    Reading.objects.filter(
        state=ReadingState.PENDING, tries__gte=MOST_TRIES, busy_until__lt=Now()
    ).update(
        state=ReadingState.FAILED,
        busy_until=None,
        sentence=f"The worker that read the model's files was lost {MOST_TRIES} times.",
    )


def _holding(revision: int | OuterRef) -> dict[str, Any]:
    """What a reading has that tells of these files, in the words of today's readers."""
    return {"readers": reading.digest(), "files_revision": revision}


def _told(row: Reading) -> reading.Told:
    if row.state != ReadingState.READ:
        return reading.NOTHING
    return reading.told_by({"depth": row.depth, "findings": row.findings})


def _due(source: Source) -> QuerySet[ModelVersion]:
    """The source's versions whose files are to be read now, newest first."""
    versions = ModelVersion.objects.filter(model__source=source, gone_at=None).exclude(mlmodel={})
    if not settings.READ_MB:
        return versions.none()
    rows = Reading.objects.filter(version=OuterRef("pk"), **_holding(OuterRef("files_revision")))
    settled = rows.exclude(_open())
    return versions.filter(~Exists(settled)).order_by(
        F("remote_created_at").desc(nulls_last=True), "-pk"
    )


def _open() -> Q:
    """A reading that nobody is at and that may end otherwise than it has."""
    failed = Q(state=ReadingState.FAILED, due_at__lt=Now())
    too_large = Q(state=ReadingState.TOO_LARGE, limit_mb__lt=settings.READ_MB)
    again = Q(tries__lt=MOST_TRIES) & (Q(state=ReadingState.PENDING) | failed)
    return (Q(busy_until=None) | Q(busy_until__lt=Now())) & (again | too_large)


def _claim(version: ModelVersion) -> Reading | None:
    """The version's reading, for this caller alone; None where it is done, or another is at it."""
    Reading.objects.bulk_create([Reading(version=version)], ignore_conflicts=True)
    rows = Reading.objects.filter(version=version)
    now = _holding(version.files_revision)
    with transaction.atomic():
        # Whoever still reads the old files loses the claim by its number.
        rows.exclude(**now).update(
            **now,
            state=ReadingState.PENDING,
            sentence="",
            depth=reading.NOTHING.depth,
            findings=[],
            tries=0,
            attempt=F("attempt") + 1,
            busy_until=None,
            due_at=None,
        )
        taken = rows.filter(_open()).update(
            tries=F("tries") + 1, attempt=F("attempt") + 1, busy_until=Now() + LEASE
        )
        return rows.get() if taken else None


def _keep(row: Reading, **fields: Any) -> None:
    """Store how a try ended, unless the claim is another's by now."""
    if fields["state"] == ReadingState.FAILED and row.tries < MOST_TRIES:
        fields["due_at"] = Now() + PAUSES[row.tries - 1]
    held = Reading.objects.filter(pk=row.pk, attempt=row.attempt)
    if not held.update(busy_until=None, read_at=Now(), limit_mb=settings.READ_MB, **fields):
        logger.info("files of version %s: attempt %s came too late", row.version_id, row.attempt)


def _outcome(version: ModelVersion, folder: Path) -> dict[str, Any]:
    """Fetch what is to be read, have a child read it; the fields to keep."""
    wanted = reading.wanted(version.mlmodel)
    if wanted is None:
        return _read(reading.NOTHING)
    deadline = time.monotonic() + FETCH_SECONDS
    limit = settings.READ_MB << 20
    try:
        place = folder / contract.MODEL_DIR
        place.mkdir()
        fetch_some(version, place, wanted, limit, lambda: time.monotonic() > deadline)
        answer = preflight_child.ask(folder)
        if sentence := answer.get("sentence"):
            return _failed(str(sentence))
        return _read(reading.told_by(answer))
    except pipeline.FetchFailed as failure:
        if failure.code == "too_large":
            return _not_read(
                ReadingState.TOO_LARGE,
                f"The files to be read are larger than {settings.READ_MB} MB.",
            )
        return _failed(failure.sentence)
    except pipeline.Cancelled:
        return _failed(f"The registry did not send the files within {FETCH_SECONDS:.0f} seconds.")
    except preflight_child.Broken as broken:
        logger.warning("files of version %s: %s", version.pk, broken.tail[-2000:])
        return _failed(f"The process that read the model's files {broken}.")
    except ValueError as error:
        return _failed(f"The process that read the model's files gave no answer: {error}.")


def _read(told: reading.Told) -> dict[str, Any]:
    findings = [
        {name: storable(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in map(dataclasses.asdict, told.findings)
    ]
    return {
        "state": ReadingState.READ,
        "sentence": "",
        "depth": str(told.depth),
        "findings": findings,
        "due_at": None,
    }


def _failed(sentence: str) -> dict[str, Any]:
    return _not_read(ReadingState.FAILED, sentence)


def _not_read(state: ReadingState, sentence: str) -> dict[str, Any]:
    kept = storable(sentence)[:SENTENCE_CHARACTERS]
    return {**_read(reading.NOTHING), "state": state, "sentence": kept}


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in pipeline.FULL_DISK:
        return "The disk that Crossport works on is full."
    return "Crossport failed while it read the model's files; its own log says where."
