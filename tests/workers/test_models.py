"""The job's state table."""

from __future__ import annotations

import itertools

import pytest

from tests.workers.rows import make_job
from workers.models import FINAL, NEXT, Job, JobState, LostRace


@pytest.mark.django_db
@pytest.mark.parametrize(("origin", "to"), list(itertools.product(JobState, JobState)))
def test_a_job_moves_only_as_the_table_says(origin, to):
    job = make_job()
    if origin is not JobState.QUEUED:
        job.move(JobState.RUNNING)
    if origin in FINAL:
        job.move(origin)
    if to in NEXT.get(origin, frozenset()):
        job.move(to)
        assert job.state == to
        assert (job.finished_at is not None) == (to in FINAL)
    else:
        with pytest.raises(LostRace):
            job.move(to)
        assert Job.objects.get(pk=job.pk).state == origin


@pytest.mark.django_db
def test_each_claim_is_a_new_attempt_and_an_old_one_can_no_longer_write():
    job = make_job()
    job.move(JobState.RUNNING)
    job.move(JobState.QUEUED, attempt=1)
    job.move(JobState.RUNNING)
    assert job.attempt == 2
    with pytest.raises(LostRace):
        job.move(JobState.SUCCEEDED, attempt=1)
    job.move(JobState.SUCCEEDED, attempt=2)
