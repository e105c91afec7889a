"""Does one job: claims it, runs the pipeline under a lease, and records how it ended."""

from __future__ import annotations

import contextlib
import functools
import logging
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from converters import contract
from registry.storage import StorageFull, store
from workers import pipeline, publish
from workers.fetch import fetcher
from workers.jvm import Checker
from workers.lease import Lease, claim
from workers.models import Job, JobState, LostRace, Step, StepState
from workers.pipeline import Outcome, State
from workers.reports import JobReport, storable
from workers.sandbox import level, remove_tree

ENDS = {
    State.REFUSED: JobState.REFUSED,
    State.CRASHED: JobState.CRASHED,
    State.CANCELLED: JobState.CANCELLED,
}

logger = logging.getLogger(__name__)


def execute(job_id: int, worker: str) -> Job | None:
    """Do this job or the next that waits in its queue; the job done, or None where there was none.

    A result that comes late, because the lease was lost, is dropped. An error of the database is
    raised: the lease then runs out and the reaper decides.
    """
    job = claim(job_id, worker)
    if job is None:
        return None
    attempt = job.attempt
    folder = job_folder(job.pk, attempt)
    try:
        with Lease(job) as lease:
            if attempt > 1:
                lease.log(f"── attempt {attempt} on {worker} ──\n")
            _end(job, attempt, _work(job, folder, lease), folder, lease)
    except LostRace:
        logger.warning("job %s: what attempt %s found came too late", job.pk, attempt)
    finally:
        # The reaper removes what cannot be removed now; another attempt may be at work beside it.
        with contextlib.suppress(OSError):
            remove_tree(folder)
            folder.parent.rmdir()
    return job


def job_folder(job_id: int, attempt: int) -> Path:
    """Where an attempt works; nothing there outlives it."""
    return jobs_folder() / str(job_id) / str(attempt)


def jobs_folder() -> Path:
    """Where all attempts on this machine work."""
    return Path(settings.CROSSPORT_HOME) / "jobs"


def checker() -> Checker:
    """What runs generated Java in this process; its JVM ends with the process."""
    return _checker(Path(settings.CROSSPORT_HOME) / "jvm", settings.JVM_CHECKS)


_checker = functools.cache(Checker)


def _work(job: Job, folder: Path, lease: Lease) -> Outcome:
    """The pipeline's outcome; what it did not foresee is a crash with its trace in our log."""
    try:
        folder.mkdir(parents=True, mode=0o700)
        return pipeline.run(
            folder,
            request_of(job),
            fetcher(job.export.version, lease.stopped),
            _Recorder(job, lease),
            lease.stopped,
            lambda: publish.reserve_build(job, job.attempt),
            Path(settings.ENVIRONMENTS_FOLDER),
            checker(),
        )
    except (LostRace, DatabaseError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("job %s, attempt %s", job.pk, job.attempt)
        crash = _crash(error)
        Step.objects.filter(job=job, attempt=job.attempt, state=StepState.RUNNING).update(
            state=StepState.FAILED, detail=crash.sentence[:300], finished_at=timezone.now()
        )
        return crash


def _end(job: Job, attempt: int, outcome: Outcome, folder: Path, lease: Lease) -> None:
    """Publish, or record why not.

    Raises:
        LostRace: another attempt holds the job by now, or it has ended.
    """
    report = JobReport(
        convert=outcome.convert,
        judge=outcome.judge,
        jvm=outcome.jvm,
        sandbox=str(level()),
        peak_mb=outcome.peak_mb,
        page=store().put(outcome.page).sha256 if outcome.page else "",
    ).to_json()
    if outcome.state is State.PROVEN:
        try:
            publish.publish(job, attempt, folder, outcome, report=report, log=lease.text)
            return
        except (OSError, StorageFull) as error:
            logger.exception("job %s, attempt %s: publishing", job.pk, attempt)
            outcome = _crash(error)
            rows = Step.objects.filter(job=job, attempt=attempt, name=pipeline.STEPS[-1])
            rows.update(state=StepState.FAILED, detail=outcome.sentence[:300])
    job.move(
        ENDS[outcome.state],
        attempt=attempt,
        code=storable(outcome.code)[:60],
        sentence=storable(outcome.sentence)[:2000],
        report=report,
        log=lease.text,
    )


def _crash(error: Exception) -> Outcome:
    full = isinstance(error, StorageFull) or (
        isinstance(error, OSError) and error.errno in pipeline.FULL_DISK
    )
    code, sentence = (
        pipeline.disk_full()
        if full
        else ("internal_error", "Crossport failed while it did this job; its own log says where.")
    )
    return Outcome(State.CRASHED, code, sentence)


def request_of(job: Job) -> contract.Request:
    """What the children are asked, from the rows."""
    export = job.export
    version = export.version
    source = version.model.source
    return contract.Request(
        flavor=export.flavor,
        target=export.target,
        identity=contract.Identity(
            source=source.slug,
            model=version.model.name,
            version=str(version.number),
            run_id=version.run_id,
            maven_group=source.maven_group,
            description=version.description or version.model.description,
        ),
        options=contract.Options(**export.options),
        profile=export.profile,
    )


class _Recorder:
    """Keeps the steps of one attempt in the database."""

    def __init__(self, job: Job, lease: Lease) -> None:
        self._rows = Step.objects.filter(job=job, attempt=job.attempt)
        self.log = lease.log
        Step.objects.bulk_create(
            Step(job=job, attempt=job.attempt, position=position, name=name)
            for position, name in enumerate(pipeline.STEPS)
        )

    def started(self, step: str) -> None:
        """Now running."""
        self._rows.filter(name=step).update(state=StepState.RUNNING, started_at=timezone.now())

    def done(self, step: str, detail: str) -> None:
        """Ended well."""
        self._finish(step, StepState.DONE, detail)

    def skipped(self, step: str, detail: str) -> None:
        """Not needed."""
        self._finish(step, StepState.SKIPPED, detail)

    def failed(self, step: str, detail: str) -> None:
        """Ended, and the job with it."""
        self._finish(step, StepState.FAILED, detail)

    def _finish(self, step: str, state: StepState, detail: str) -> None:
        self._rows.filter(name=step).update(
            state=state, detail=storable(detail)[:300], finished_at=timezone.now()
        )
