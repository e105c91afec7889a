"""Doing jobs: claims, leases, publishing, cancelling; real database, real children."""

from __future__ import annotations

import hashlib
import threading
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from registry.storage import store
from registry.sync import sync_source
from tests.workers.rows import make_export, make_job, make_version
from tests.workers.scripted import CONVERT
from workers import archive, dispatch, execute, publish, reconcile
from workers.lease import claim
from workers.models import Bundle, Job, JobState, LostRace, StepState
from workers.reports import JobReport

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fetched(monkeypatch):
    """The model's files without a server, for tests that are about something else."""

    def fetch(folder: Path) -> dict[str, str]:
        (folder / "MLmodel").write_text("flavors: {}")
        return {"MLmodel": hashlib.sha256(b"flavors: {}").hexdigest()}

    monkeypatch.setattr(execute, "fetcher", lambda version, stopped: fetch)


def run(job: Job) -> Job:
    execute.execute(job.pk, "tester")
    job.refresh_from_db()
    return job


def in_thread(job: Job) -> threading.Thread:
    def work() -> None:
        try:
            execute.execute(job.pk, "tester")
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_for(holds, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def test_a_real_model_from_a_real_server_becomes_a_bundle(version_of, home):
    export, _ = dispatch.request_export(version_of("diabetes-linear"), "onnx")
    job = run(export.jobs.get())
    assert job.state == JobState.SUCCEEDED, job.sentence or job.log
    bundle = Bundle.objects.get()
    assert bundle.job == job
    assert bundle.build == job.build == bundle.manifest["build"] == 1
    assert bundle.file_name == f"diabetes-linear-{export.version.number}.1-onnx.zip"
    assert hashlib.sha256(store().path(bundle.sha256).read_bytes()).hexdigest() == bundle.sha256
    with zipfile.ZipFile(store().path(bundle.sha256)) as archive:
        names = archive.namelist()
        assert {"manifest.json", "model.onnx", "SHA256SUMS", "README.md"} <= set(names)
        assert archive.testzip() is None
    report = JobReport.from_json(job.report)
    assert report.judge is not None and report.judge.state == "proven"
    assert report.convert is not None and report.peak_mb["convert"] > 50
    steps = {step.name: step.state for step in job.steps.all()}
    assert [steps[name] for name in ("fetch", "convert", "parity", "bundle")] == ["done"] * 4
    assert steps["jvm"] == StepState.SKIPPED
    assert "convert ended" in job.log
    assert not (home / "jobs").exists() or not list((home / "jobs").iterdir())


def test_a_model_with_own_python_is_refused_with_what_to_do(version_of):
    export, _ = dispatch.request_export(version_of("affordability"), "onnx")
    job = run(export.jobs.get())
    assert (job.state, job.code) == (JobState.REFUSED, "own_python")
    assert "debt_ratio" in job.sentence
    assert not Bundle.objects.exists()
    assert job.steps.get(name="convert").state == StepState.FAILED
    assert job.steps.get(name="bundle").state == StepState.PENDING


def test_a_version_whose_artifacts_vanished_is_refused_and_can_be_asked_for_again(version_of):
    version = version_of("diabetes-linear")
    version.artifact_uri = "mlflow-artifacts:/1/models/m-0/artifacts"
    version.save()
    export, _ = dispatch.request_export(version, "onnx")
    job = run(export.jobs.get())
    assert (job.state, job.code) == (JobState.REFUSED, "artifacts_gone")
    assert job.sentence.endswith(".")
    assert dispatch.worth_another(job)


def test_files_that_changed_after_they_were_mirrored_are_not_exported_as_that_version(version_of):
    version = version_of("diabetes-linear")
    version.mlmodel["model_uuid"] = "what the mirror read before somebody logged over it"
    version.save()
    export, _ = dispatch.request_export(version, "onnx")
    job = run(export.jobs.get())
    assert (job.state, job.code) == (JobState.REFUSED, "artifacts_changed")
    assert not Bundle.objects.exists()
    # The next sync reads them, and then the request is another one, which goes through.
    sync_source(version.model.source)
    version.refresh_from_db()
    again, created = dispatch.request_export(version, "onnx")
    assert created
    assert run(again.jobs.get()).state == JobState.SUCCEEDED


def test_a_registry_that_does_not_answer_is_a_crash_with_a_sentence():
    job = run(make_job())
    assert (job.state, job.code) == (JobState.CRASHED, "not_answering")
    assert "127.0.0.1:1" in job.sentence


def test_a_job_is_done_once_however_often_its_message_comes(script, fetched):
    job = make_job()
    threads = [in_thread(job) for _ in range(4)]
    for thread in threads:
        thread.join()
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    assert Bundle.objects.count() == 1
    assert execute.execute(job.pk, "late") is None


def test_a_message_for_a_job_that_is_done_wakes_up_for_the_next_one():
    done, waiting = make_job(), make_job()
    done.move(JobState.CANCELLED)
    taken = claim(done.pk, "tester")
    assert taken == waiting
    assert taken is not None and taken.attempt == 1
    assert claim(done.pk, "tester") is None


def test_the_same_files_make_the_same_archive(tmp_path):
    digests = []
    for place in ("a", "b"):
        folder = tmp_path / place / "bundle"
        (folder / "java").mkdir(parents=True)
        for name in ("z.txt", "java/é.java") if place == "a" else ("java/é.java", "z.txt"):
            (folder / name).write_text(name * 1000)
            time.sleep(0.02)
        (folder / "z.txt").chmod(0o600 if place == "a" else 0o755)
        files = [path for path in folder.rglob("*") if path.is_file()]
        names = {path.relative_to(folder).as_posix(): path for path in files}
        archive.write(tmp_path / f"{place}.zip", dict(sorted(names.items())))
        digests.append(hashlib.sha256((tmp_path / f"{place}.zip").read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_builds_count_up_for_a_version_and_target_also_when_reserved_at_once(script, fetched):
    version = make_version(name="a b/ü:c")
    jobs = [make_job(make_export(version)) for _ in range(4)]
    other = make_job(make_export(version, target="pmml"))
    threads = [in_thread(job) for job in jobs]
    for thread in threads:
        thread.join()
    assert sorted(Bundle.objects.values_list("build", flat=True)) == [1, 2, 3, 4]
    assert Bundle.objects.get(build=1).file_name == "a-b-c-1.1-onnx.zip"
    other.move(JobState.RUNNING)
    assert publish.reserve_build(other, 1) == 1


def test_a_second_attempt_keeps_the_number_that_the_first_reserved():
    job = make_job()
    job.move(JobState.RUNNING)
    assert publish.reserve_build(job, 1) == 1
    job.move(JobState.QUEUED)
    job.move(JobState.RUNNING)
    assert publish.reserve_build(make_running(make_export(job.export.version)), 1) == 2
    assert publish.reserve_build(job, 2) == 1
    with pytest.raises(LostRace):
        publish.reserve_build(job, 1)


def make_running(export) -> Job:
    job = make_job(export)
    job.move(JobState.RUNNING)
    return job


def test_a_running_job_is_cancelled_within_two_seconds(script, fetched, home):
    script(convert="import time; print('at work', flush=True); time.sleep(99)")
    job = make_job()
    thread = in_thread(job)
    wait_for(lambda: "at work" in Job.objects.get(pk=job.pk).log)  # the log is live
    dispatch.cancel(Job.objects.get(pk=job.pk))
    begun = time.monotonic()
    thread.join()
    assert time.monotonic() - begun < 2
    job.refresh_from_db()
    assert (job.state, job.code) == (JobState.CANCELLED, "cancelled")
    assert not list((home / "jobs").iterdir())


def test_what_a_worker_found_after_it_lost_its_lease_is_dropped(script, fetched, home):
    script(convert="import time; print('at work', flush=True); time.sleep(99)")
    job = make_job()
    thread = in_thread(job)
    wait_for(lambda: "at work" in Job.objects.get(pk=job.pk).log)
    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))
    reconcile.reap()
    thread.join()  # it noticed, and ended its child
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.QUEUED, 1)
    script(convert=CONVERT)
    assert run(job).state == JobState.SUCCEEDED
    assert job.attempt == 2
    assert Bundle.objects.count() == 1


def test_a_late_publish_of_a_stale_attempt_records_nothing(script, fetched, monkeypatch):
    job = make_job()
    real = archive.write

    def slow(*arguments) -> None:
        real(*arguments)
        stale = Job.objects.get(pk=job.pk)
        if stale.attempt == 1:  # meanwhile the lease ran out and another worker took over
            stale.move(JobState.QUEUED)
            stale.move(JobState.RUNNING)

    monkeypatch.setattr(archive, "write", slow)
    run(job)
    assert (job.state, job.attempt) == (JobState.RUNNING, 2)
    assert not Bundle.objects.exists()


def test_a_full_store_is_a_crash_and_nothing_is_half_published(
    script, fetched, settings, small_disk
):
    small = small_disk
    settings.STORAGE_URL = f"file://{small}"
    (small / "fill").write_bytes(b"x" * (8 * 2**20 - 4096 * 3))
    with pytest.MonkeyPatch.context() as patch:
        real = archive.write

        def large(packed: Path, *rest) -> None:
            real(packed, *rest)
            with packed.open("ab") as stream:
                stream.write(b"x" * 2**20)

        patch.setattr(archive, "write", large)
        job = run(make_job())
    assert (job.state, job.code) == (JobState.CRASHED, "disk_full")
    assert not Bundle.objects.exists()
    assert not list((small / "incoming").iterdir())
    assert job.steps.get(name="bundle").state == StepState.FAILED
    (small / "fill").unlink()
    assert run(dispatch.retry(job.export)).state == JobState.SUCCEEDED


def test_text_that_a_database_cannot_hold_is_made_fit(script, fetched):
    hostile = (
        "import sys; from pathlib import Path; from converters.contract import *\n"
        "folder = Path(sys.argv[1]) / 'convert'; folder.mkdir()\n"
        "sys.stdout.buffer.write(b'nul \\0 and \\xff'); sys.stdout.flush()\n"
        "text = chr(0) + chr(0xd800) + 'x' * 5000\n"
        "report = ConvertReport('refused', 'c' * 99, text, facts={text: text}, notes=[text])\n"
        "(folder / 'report.json').write_text(__import__('json').dumps(__import__('dataclasses')"
        ".asdict(report)))"
    )
    script(convert=hostile)
    job = run(make_job())
    assert job.state == JobState.REFUSED
    assert len(job.code) == 60
    assert JobReport.from_json(job.report).convert is not None
    assert "nul" in job.log


def test_what_nobody_foresaw_is_a_crash_whose_step_has_ended(monkeypatch):
    def fetch(folder: Path) -> dict[str, str]:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(execute, "fetcher", lambda version, stopped: fetch)
    job = run(make_job())
    assert (job.state, job.code) == (JobState.CRASHED, "internal_error")
    step = job.steps.get(name="fetch")
    assert (step.state, step.detail) == (StepState.FAILED, job.sentence)
    assert step.finished_at is not None
    assert not job.steps.filter(state=StepState.RUNNING).exists()


def test_times_are_recorded(script, fetched):
    job = run(make_job())
    assert job.started_at is not None and job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at <= timezone.now()
    assert job.lease_until is None
