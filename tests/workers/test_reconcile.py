"""What dead workers leave is taken back, once; lost wake-ups are sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tests.workers.rows import make_job
from workers.execute import job_folder
from workers.models import Job, JobState, Step, StepState, Worker
from workers.reconcile import MOST_WAKE_UPS, reap

pytestmark = pytest.mark.django_db(transaction=True)


def lost(job: Job | None = None, **fields) -> Job:
    """A running job whose worker died a while ago."""
    job = job or make_job()
    job.move(JobState.RUNNING, worker="dead")
    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1), **fields)
    return job


def test_a_job_of_a_dead_worker_waits_again_and_workers_are_told(broker):
    job = lost()
    Step.objects.create(job=job, attempt=1, position=2, name="convert", state=StepState.RUNNING)
    reap()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.worker) == (JobState.QUEUED, 1, "")
    assert job.steps.get().state == StepState.FAILED
    assert len(list(broker.iterdir())) == 1


def test_a_job_whose_lease_is_fresh_is_left_alone(broker):
    job = make_job()
    job.move(JobState.RUNNING, lease_until=Now() + timedelta(seconds=20))
    reap()
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert not list(broker.iterdir())


def test_a_job_that_killed_its_worker_three_times_is_not_given_to_a_fourth():
    job = lost()
    for attempt in (2, 3):
        reap()
        job.refresh_from_db()
        assert job.state == JobState.QUEUED
        lost(job)
        assert job.attempt == attempt
    reap()
    job.refresh_from_db()
    assert (job.state, job.code) == (JobState.CRASHED, "killed_workers")
    assert "three times" in job.sentence


def test_a_cancel_that_a_dead_worker_did_not_hear_is_kept():
    job = lost(cancel_requested=True)
    reap()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_a_wake_up_that_was_lost_is_sent_again_but_not_for_all_that_wait(broker):
    fresh = make_job()
    reap()
    assert not list(broker.iterdir())
    for _ in range(9):
        make_job()
    Job.objects.exclude(pk=fresh.pk).update(created_at=Now() - timedelta(minutes=1))
    reap()
    assert len(list(broker.iterdir())) == MOST_WAKE_UPS


def test_folders_of_attempts_that_are_over_are_removed_and_others_stay(home):
    running, over = make_job(), make_job()
    running.move(JobState.RUNNING, lease_until=Now() + timedelta(seconds=20))
    kept = job_folder(running.pk, 1)
    gone = [job_folder(over.pk, 1), job_folder(10**9, 1), job_folder(running.pk, 0)]
    for folder in (kept, *gone):
        (folder / "model").mkdir(parents=True)
    reap()
    assert kept.is_dir()
    assert not any(folder.exists() for folder in gone)
    assert not gone[0].parent.exists()


def test_a_worker_that_was_not_seen_for_long_is_forgotten():
    for name, age in (("here", 1), ("away", 30), ("gone", 90)):
        Worker.objects.create(name=name, host="h", seen_at=timezone.now() - timedelta(minutes=age))
    reap()
    assert set(Worker.objects.values_list("name", flat=True)) == {"here", "away"}
