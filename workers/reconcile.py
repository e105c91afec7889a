"""Takes back what dead workers held, and sends wake-ups that were lost. Run every ten seconds."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from workers import readings
from workers.execute import jobs_folder
from workers.models import Job, JobState, Reading, Step, StepState, Worker
from workers.queues import wake_job
from workers.sandbox import remove_tree

MOST_ATTEMPTS = 3
# A wake-up that was not answered for this long counts as lost; only a few are sent at a time, and
# they expire, so that a long queue behind busy workers does not fill the broker.
STALE = timedelta(seconds=15)
MOST_WAKE_UPS = 4
WAKE_UP_EXPIRES = 60.0
# A worker that was killed leaves its row; the pages show it as not seen for a while.
FORGOTTEN = timedelta(hours=1)
LOST = "Its worker was lost."

logger = logging.getLogger(__name__)


def reap() -> None:
    """Requeue or end jobs whose lease ran out, wake up for what waits, clear away what is dead."""
    expired = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=Now())
    for job_id in expired.values_list("pk", flat=True):
        _take_back(job_id)
    _wake_waiting()
    readings.end_lost()
    _remove_dead_folders()
    Worker.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()


def _take_back(job_id: int) -> None:
    with transaction.atomic():
        # Locked: a heartbeat that comes at this moment waits, and then finds the job gone.
        job = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(pk=job_id, state=JobState.RUNNING, lease_until__lt=Now())
            .first()
        )
        if job is None:
            return
        logger.warning("job %s: worker %s was lost", job.pk, job.worker)
        Step.objects.filter(job=job, attempt=job.attempt, state=StepState.RUNNING).update(
            state=StepState.FAILED, detail=LOST, finished_at=timezone.now()
        )
        if job.cancel_requested:
            job.move(
                JobState.CANCELLED,
                attempt=job.attempt,
                code="cancelled",
                sentence="Cancelled; its worker was lost meanwhile.",
            )
        elif job.attempt >= MOST_ATTEMPTS:
            job.move(
                JobState.CRASHED,
                attempt=job.attempt,
                code="killed_workers",
                sentence="This job has killed its worker three times; an administrator should "
                "look at the worker's log and memory before it is tried again.",
            )
        else:
            job.move(JobState.QUEUED, attempt=job.attempt, lease_until=None, worker="")
            wake_job(job)


def _wake_waiting() -> None:
    waiting = Job.objects.filter(state=JobState.QUEUED, created_at__lt=Now() - STALE)
    for queue in waiting.order_by("queue").values_list("queue", flat=True).distinct():
        for job in waiting.filter(queue=queue).order_by("pk")[:MOST_WAKE_UPS]:
            wake_job(job, expires=WAKE_UP_EXPIRES)


def _remove_dead_folders() -> None:
    """Remove what attempts and readings left that are over, on this machine."""
    # Listed before the rows are read: a folder is made after its claim, so no live one is missed.
    jobs, read = _numbered(jobs_folder()), _numbered(readings.readings_folder())
    live = Job.objects.filter(state=JobState.RUNNING).values_list("pk", "attempt")
    _remove_dead(jobs, live)
    busy = Reading.objects.filter(busy_until__gt=Now())
    _remove_dead(read, busy.values_list("version_id", "attempt"))


def _numbered(parent: Path) -> list[Path]:
    return [path for path in parent.glob("*/*") if path.parent.name.isdecimal()]


def _remove_dead(found: list[Path], live: Iterable[tuple[int, int]]) -> None:
    keep = {(str(pk), str(attempt)) for pk, attempt in live}
    for folder in found:
        if (folder.parent.name, folder.name) not in keep:
            # A child of the dead worker may still be writing; the next round tries again.
            with contextlib.suppress(OSError):
                remove_tree(folder)
            with contextlib.suppress(OSError):
                folder.parent.rmdir()
