"""The names under which tasks are sent, and the wake-ups that are sent by them.

A message carries one id and is only a wake-up: what there is to do stands in the rows.
"""

from __future__ import annotations

from django.db import transaction

from converters.catalog import Queue
from workers.celery import app
from workers.models import Job

RUN_JOB = "workers.tasks.run_job"
SYNC_SOURCE = "workers.tasks.sync_source"
SYNC_ALL = "workers.tasks.sync_all"
READ_FILES = "workers.tasks.read_files"
REAP = "workers.tasks.reap"
PROVE_JAVA = "workers.tasks.prove_java"
PUBLISH_LIBRARY = "workers.tasks.publish_library"

SYNC_QUEUE = "sync"


def wake_job(job: Job, *, expires: float | None = None) -> None:
    """Tell the workers of the job's queue, once the rows are committed.

    A broker that does not answer is logged and no more: the reaper sends the wake-up again.
    expires: seconds after which a worker that is busy until then may drop the message.
    """
    job_id, queue = job.pk, job.queue

    def send() -> None:
        app.send_task(RUN_JOB, (job_id,), queue=queue, expires=expires)

    transaction.on_commit(send, robust=True)


def wake_sync(source_id: int, *, expires: float | None = None) -> None:
    """Have a source synced, once the rows are committed.

    expires: seconds after which a worker that is busy until then may drop the message.
    """

    def send() -> None:
        app.send_task(SYNC_SOURCE, (source_id,), queue=SYNC_QUEUE, expires=expires)

    transaction.on_commit(send, robust=True)


def wake_reading(version_id: int, *, expires: float) -> None:
    """Have a version's files read for pre-flight, once the rows are committed.

    expires: seconds after which a worker that is busy until then may drop the message.
    """

    def send() -> None:
        app.send_task(READ_FILES, (version_id,), queue=SYNC_QUEUE, expires=expires)

    transaction.on_commit(send, robust=True)


def wake_proof(bundle_id: int, *, expires: float) -> None:
    """Have a bundle's Java run in a JVM, once the rows are committed.

    expires: seconds after which a worker that is busy until then may drop the message.
    """

    def send() -> None:
        app.send_task(PROVE_JAVA, (bundle_id,), queue=str(Queue.CPU), expires=expires)

    transaction.on_commit(send, robust=True)


def wake_library(build_id: int, *, expires: float) -> None:
    """Have a library of ours compiled for the Maven repository, once the rows are committed.

    expires: seconds after which a worker that is busy until then may drop the message.
    """

    def send() -> None:
        app.send_task(PUBLISH_LIBRARY, (build_id,), queue=str(Queue.CPU), expires=expires)

    transaction.on_commit(send, robust=True)
