"""Makes the archive, stores it, and records it: whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from converters import contract
from registry.models import ModelVersion
from registry.storage import store
from workers import archive, maven
from workers.models import Bundle, Job, JobState, LostRace
from workers.pipeline import Outcome


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
    packed = folder / "bundle.zip"
    inside = folder / contract.BUNDLE_DIR
    names = {path.relative_to(inside).as_posix(): path for path in outcome.files}
    archive.write(packed, dict(sorted(names.items())))
    blob = store().put(packed)
    made = (
        maven.make(folder / "maven", inside, outcome.classes, outcome.manifest)
        if outcome.classes
        else []
    )
    with transaction.atomic():
        job.move(JobState.SUCCEEDED, attempt=attempt, code="", sentence="", report=report, log=log)
        bundle = Bundle.objects.create(
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
        maven.record(bundle, made)
        return bundle


def file_name(job: Job) -> str:
    """`<model>-<version>.<build>-<target>.zip`, with what no file system likes left out."""
    version = job.export.version
    model = re.sub(r"[^A-Za-z0-9._-]+", "-", version.model.name).strip("-.")[:200] or "model"
    return f"{model}-{version.number}.{job.build}-{job.export.target}.zip"
