"""What a worker holds while it does a job: the lease, kept fresh; the wish to cancel, noticed."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from types import TracebackType

from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now

from workers.models import Job, JobState, LostRace
from workers.pipeline import clip
from workers.reports import storable

LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10.0
LOOK_SECONDS = 0.5
LOG_SECONDS = 1.0

logger = logging.getLogger(__name__)


def claim(job_id: int, worker: str) -> Job | None:
    """The job of this id, or the next that waits in its queue, taken for this worker; or none.

    A message is only a wake-up: the job that it names may be done, and another one waiting.
    """
    named = Job.objects.filter(pk=job_id).first()
    if named is None:
        return None
    waiting = Job.objects.filter(queue=named.queue, state=JobState.QUEUED).order_by("pk")
    for job in (named, *waiting[:20]):
        if job.state == JobState.QUEUED and _take(job, worker):
            return job
    return None


def _take(job: Job, worker: str) -> bool:
    begun = {"started_at": Now(), "lease_until": Now() + LEASE}
    try:
        job.move(JobState.RUNNING, attempt=job.attempt, worker=worker, **begun)
    except LostRace:
        return False
    return True


class Lease:
    """Holds one attempt of a job while the `with` block runs, in a thread of its own."""

    def __init__(self, job: Job) -> None:
        self._rows = Job.objects.filter(pk=job.pk, attempt=job.attempt, state=JobState.RUNNING)
        self._name = f"job {job.pk}, attempt {job.attempt}"
        self._over = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._text = clip(job.log)
        self._thread = threading.Thread(target=self._hold, name=f"lease {job.pk}", daemon=True)
        self.lost = False

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def stopped(self) -> bool:
        """Whether the work should end: cancelled, or no longer ours."""
        return self._stop.is_set()

    def log(self, text: str) -> None:
        """Add to the job's log; it is written at most once a second."""
        with self._lock:
            self._text = clip(self._text + storable(text))

    @property
    def text(self) -> str:
        """The log so far."""
        with self._lock:
            return self._text

    def _hold(self) -> None:
        renewed = logged = time.monotonic()
        shown = ""
        try:
            while not self._over.wait(LOOK_SECONDS):
                now = time.monotonic()
                fields: dict[str, object] = {}
                if now - renewed >= RENEW_SECONDS:
                    fields["lease_until"] = Now() + LEASE
                if now - logged >= LOG_SECONDS and self.text != shown:
                    fields["log"] = shown = self.text
                    logged = now
                if self._look(fields):
                    renewed = now if "lease_until" in fields else renewed
                elif now - renewed > LEASE.total_seconds():
                    self._lose("the database did not answer for the length of a lease")
        finally:
            connection.close()

    def _look(self, fields: dict[str, object]) -> bool:
        """Write `fields` and read what is wished; False where the database does not answer."""
        try:
            ours = self._rows.update(**fields) if fields else self._rows.exists()
            if not ours:
                self._lose("another attempt holds it, or it has ended")
            elif self._rows.filter(cancel_requested=True).exists():
                self._stop.set()
        except (DatabaseError, InterfaceError):
            logger.warning("%s: the database does not answer", self._name, exc_info=True)
            connection.close()
            return False
        return True

    def _lose(self, why: str) -> None:
        if not self.lost:
            logger.info("%s is not held any more: %s", self._name, why)
        self.lost = True
        self._stop.set()
