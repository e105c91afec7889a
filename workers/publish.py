"""Makes the archive, stores it, and records it: whole or not at all."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from converters import contract
from registry.models import ModelVersion
from registry.storage import store
from workers.models import Bundle, Job, JobState, LostRace
from workers.pipeline import Outcome

# The same files must be the same bytes: the oldest date that a zip can hold, one mode, one level.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
ZIP_MODE = 0o100644 << 16
ZIP_LEVEL = 6
UNIX = 3
# Weights hardly shrink: from here on a file is stored as it is.
STORED_FROM = 32 * 2**20


def reserve_build(job: Job, attempt: int) -> int:
    """The bundle's number, the next for its version and target; once given it stays the job's.

    Raises:
        LostRace: another attempt holds the job, or it has ended.
    """
    with transaction.atomic():
        # One reservation at a time for a version; the mirror's own writes wait a moment.
        ModelVersion.objects.select_for_update().get(pk=job.export.version_id)
        held = Job.objects.filter(pk=job.pk, attempt=attempt, state=JobState.RUNNING).first()
        if held is None:
            raise LostRace(job.pk, JobState.SUCCEEDED)
        if held.build is None:
            export = job.export
            same = {"version_id": export.version_id, "target": export.target}
            jobs = Job.objects.filter(
                export__version_id=export.version_id, export__target=export.target
            )
            last = max(
                jobs.aggregate(last=Max("build"))["last"] or 0,
                Bundle.objects.filter(**same).aggregate(last=Max("build"))["last"] or 0,
            )
            held.build = last + 1
            held.save(update_fields=["build"])
    job.build = held.build
    return held.build


def publish(
    job: Job, attempt: int, folder: Path, outcome: Outcome, *, report: dict[str, Any], log: str
) -> Bundle:
    """Publish a proven outcome as the job's bundle.

    Raises:
        LostRace: another attempt holds the job, or it has ended; nothing is recorded.
        StorageFull, OSError: no room; nothing is recorded.
    """
    export = job.export
    archive = folder / "bundle.zip"
    write_zip(archive, folder / contract.BUNDLE_DIR, outcome.files)
    blob = store().put(archive)
    with transaction.atomic():
        job.move(JobState.SUCCEEDED, attempt=attempt, code="", sentence="", report=report, log=log)
        return Bundle.objects.create(
            version=export.version,
            export=export,
            job=job,
            target=export.target,
            build=job.build or 0,
            file_name=file_name(job),
            sha256=blob.sha256,
            size=blob.size,
            manifest=outcome.manifest,
        )


def file_name(job: Job) -> str:
    """`<model>-<version>.<build>-<target>.zip`, with what no file system likes left out."""
    version = job.export.version
    model = re.sub(r"[^A-Za-z0-9._-]+", "-", version.model.name).strip("-.")[:200] or "model"
    return f"{model}-{version.number}.{job.build}-{job.export.target}.zip"


def write_zip(archive: Path, folder: Path, files: Sequence[Path]) -> None:
    """These files of `folder` as a zip; the same content gives the same bytes."""
    names = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    with zipfile.ZipFile(archive, "w") as target:
        for name, path in names:
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.create_system = UNIX
            entry.external_attr = ZIP_MODE
            stored = path.stat().st_size >= STORED_FROM
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            entry._compresslevel = ZIP_LEVEL  # type: ignore[attr-defined]
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, target.open(entry, "w") as sink:
                while block := source.read(2**20):
                    sink.write(block)
