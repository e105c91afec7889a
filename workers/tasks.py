"""Celery's leaves: each calls one function that works without Celery. Never imported, but named."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from registry import sync as mirror
from registry.models import Source, SyncState
from workers import libraries, proofs, readings, reconcile
from workers.celery import app
from workers.execute import execute
from workers.queues import wake_sync


@app.task(bind=True)  # type: ignore[untyped-decorator]
def run_job(self: Any, job_id: int) -> None:
    """Do a job, this one or the next that waits."""
    execute(job_id, self.request.hostname)


@app.task  # type: ignore[untyped-decorator]
def sync_source(source_id: int) -> None:
    """Mirror one source, then have new files read; one that was removed meanwhile needs nothing."""
    source = Source.objects.filter(pk=source_id).first()
    if source is not None and mirror.sync_source(source).state == SyncState.DONE:
        readings.wake(source)


@app.task  # type: ignore[untyped-decorator]
def read_files(version_id: int) -> None:
    """Read a version's files for pre-flight, unless that was done."""
    readings.read(version_id)


@app.task  # type: ignore[untyped-decorator]
def sync_all() -> None:
    """Have every source synced, each by whoever is free."""
    for source_id in Source.objects.values_list("pk", flat=True):
        # The next round asks again: what busy workers did not get to must not pile up.
        wake_sync(source_id, expires=float(settings.SYNC_SECONDS))


@app.task  # type: ignore[untyped-decorator]
def prove_java(bundle_id: int) -> None:
    """Run the Java of a bundle that was published without, unless that was done."""
    proofs.prove(bundle_id)


@app.task  # type: ignore[untyped-decorator]
def publish_library(build_id: int) -> None:
    """Compile a library of ours for the Maven repository, unless that was done."""
    libraries.publish(build_id)


@app.task  # type: ignore[untyped-decorator]
def reap() -> None:
    """Take back what dead workers held, and have done what nobody did: bundles' Java, libraries."""
    reconcile.reap()
    proofs.wake()
    libraries.wake()
