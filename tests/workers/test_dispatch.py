"""Asking for exports, cancelling, trying again."""

from __future__ import annotations

import copy
import threading
from datetime import UTC, datetime
from importlib import metadata

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection

from converters import contract
from converters.catalog import ROUTES, TARGETS
from tests.workers.rows import MLMODEL, make_export, make_job, make_version
from workers import dispatch
from workers.models import Export, Job, JobState


def end(job: Job, state: JobState, code: str = "") -> None:
    job.move(JobState.RUNNING)
    job.move(state, code=code)


@pytest.mark.django_db
def test_an_export_gets_a_queued_job_on_its_routes_queue():
    owner = User.objects.create(username="owner")
    export, created = dispatch.request_export(make_version(), "onnx", None, "java-cpu", owner)
    job = export.jobs.get()
    assert created
    assert (export.target, export.flavor, export.requested_by) == ("onnx", "sklearn", owner)
    assert (job.state, job.queue, job.attempt) == (JobState.QUEUED, "cpu", 0)


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_told_after_the_commit_by_one_message(broker):
    dispatch.request_export(make_version(), "onnx")
    assert len(list(broker.iterdir())) == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_does_not_answer_loses_no_export(broker):
    broker.rmdir()
    broker.write_text("in the way")
    export, created = dispatch.request_export(make_version(), "onnx")
    assert created
    assert export.jobs.get().state == JobState.QUEUED


@pytest.mark.django_db
def test_the_same_request_twice_is_the_same_export_with_one_job():
    version = make_version()
    first, created = dispatch.request_export(version, "onnx", {"inputs": "auto"})
    again, created_again = dispatch.request_export(version, "onnx", contract.Options())
    assert (created, created_again) == (True, False)
    assert again == first
    assert first.jobs.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("crashed", [0, 1])
def test_eight_that_ask_for_the_same_at_once_get_one_export_with_one_job(broker, crashed):
    version = make_version()
    for _ in range(crashed):
        end(dispatch.request_export(version, "onnx")[0].jobs.get(), JobState.CRASHED)
    gate = threading.Barrier(8)
    answers: list[tuple[int, bool]] = []

    def ask() -> None:
        gate.wait()
        try:
            export, created = dispatch.request_export(version, "onnx")
            answers.append((export.pk, created))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len({pk for pk, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1 - crashed
    assert Job.objects.count() == 1 + crashed
    assert len(list(broker.iterdir())) == 1 + crashed


@pytest.mark.django_db
def test_other_options_targets_and_versions_are_other_exports():
    version = make_version()
    exports = {
        dispatch.request_export(version, "onnx")[0].pk,
        dispatch.request_export(version, "pmml")[0].pk,
        dispatch.request_export(version, "onnx", {"inputs": "columns"})[0].pk,
        dispatch.request_export(version, "onnx", {"opset": 18})[0].pk,
        dispatch.request_export(make_version(), "onnx")[0].pk,
    }
    assert len(exports) == 5


@pytest.mark.django_db
def test_new_converters_make_a_new_export(monkeypatch):
    version = make_version()
    first, _ = dispatch.request_export(version, "onnx")
    versions = dispatch.converter_versions()
    assert versions["onnxruntime"].startswith("1.29")
    # What loads the model and what writes the graph counts as much as what scores it.
    for name in ("scikit-learn", "skl2onnx", "sklearn2pmml", "lightgbm", "xgboost-cpu"):
        assert versions[name] == metadata.version(name)
    monkeypatch.setattr(dispatch, "converter_versions", lambda: versions | {"skl2onnx": "99"})
    second, created = dispatch.request_export(version, "onnx")
    assert created
    assert second != first


@pytest.mark.django_db
@pytest.mark.parametrize("state", [JobState.CRASHED, JobState.CANCELLED])
def test_asking_again_after_a_crash_or_a_cancel_makes_another_job(state):
    version = make_version()
    export, _ = dispatch.request_export(version, "onnx")
    end(export.jobs.get(), state)
    again, created = dispatch.request_export(version, "onnx")
    assert (again, created) == (export, False)
    assert [job.state for job in export.jobs.all()] == [JobState.QUEUED, state]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [JobState.REFUSED, JobState.SUCCEEDED])
def test_asking_again_after_an_answer_gives_that_answer(state):
    version = make_version()
    export, _ = dispatch.request_export(version, "onnx")
    end(export.jobs.get(), state, code="parity")
    again, created = dispatch.request_export(version, "onnx")
    assert (again, created) == (export, False)
    assert export.jobs.count() == 1


@pytest.mark.django_db
def test_asking_again_when_the_files_were_gone_looks_for_them_again():
    version = make_version()
    export, _ = dispatch.request_export(version, "onnx")
    end(export.jobs.get(), JobState.REFUSED, code="artifacts_gone")
    dispatch.request_export(version, "onnx")
    assert export.jobs.count() == 2


@pytest.mark.django_db
def test_what_was_exported_stays_to_be_had_when_the_version_is_gone():
    version = make_version()
    export, _ = dispatch.request_export(version, "onnx")
    end(export.jobs.get(), JobState.SUCCEEDED)
    version.gone_at = datetime.now(UTC)
    version.save()
    assert dispatch.request_export(version, "onnx") == (export, False)


@pytest.mark.django_db
def test_an_anonymous_request_belongs_to_nobody():
    export, _ = dispatch.request_export(make_version(), "onnx", user=AnonymousUser())
    assert export.requested_by is None


def signed(kind: str) -> dict[str, object]:
    mlmodel = copy.deepcopy(MLMODEL)
    mlmodel["signature"]["inputs"] = f'[{{"name": "a", "type": "{kind}"}}]'
    return mlmodel


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("over", "target", "options", "profile", "code"),
    [
        ({}, "docx", None, "java-cpu", "unknown_target"),
        ({}, "onnx", None, "toaster", "unknown_profile"),
        ({}, "onnx", {"inputs": "sideways"}, "java-cpu", "bad_options"),
        ({}, "onnx", {"opset": "18"}, "java-cpu", "bad_options"),
        ({}, "onnx", {"opset": -1}, "java-cpu", "bad_options"),
        ({}, "onnx", {"colour": "red"}, "java-cpu", "bad_options"),
        ({}, "pmml", {"opset": 18}, "java-cpu", "bad_options"),
        ({"mlmodel": signed("binary")}, "onnx", None, "java-cpu", "column_type"),
        ({"mlmodel": {"flavors": {"spacy": {}}}}, "pmml", None, "java-cpu", "no_route"),
        (
            {"mlmodel": {}, "mlmodel_problem": "It is no YAML."},
            "onnx",
            None,
            "java-cpu",
            "mlmodel_unread",
        ),
        ({"gone_at": datetime.now(UTC)}, "onnx", None, "java-cpu", "version_gone"),
    ],
)
def test_what_cannot_be_is_refused_at_once_and_stores_nothing(over, target, options, profile, code):
    version = make_version(**over)
    with pytest.raises(dispatch.Refused) as refusal:
        dispatch.request_export(version, target, options, profile)
    assert refusal.value.code == code
    assert refusal.value.sentence.endswith(".")
    assert not Export.objects.exists()


@pytest.mark.django_db
def test_pmml_can_be_switched_off(settings):
    settings.PMML_ENABLED = False
    with pytest.raises(dispatch.Refused, match=r"AGPL.*CROSSPORT_PMML=1"):
        dispatch.request_export(make_version(), "pmml")
    dispatch.request_export(make_version(), "onnx")


@pytest.mark.django_db
def test_a_waiting_job_is_cancelled_at_once():
    job = make_job()
    dispatch.cancel(job)
    assert job.state == JobState.CANCELLED
    assert job.finished_at is not None


@pytest.mark.django_db
def test_a_running_job_is_asked_to_end():
    job = make_job()
    job.move(JobState.RUNNING)
    dispatch.cancel(job)
    assert job.state == JobState.RUNNING
    assert job.cancel_requested


@pytest.mark.django_db
def test_a_job_that_has_ended_cannot_be_cancelled():
    job = make_job()
    end(job, JobState.SUCCEEDED)
    with pytest.raises(dispatch.NotNow) as error:
        dispatch.cancel(job)
    assert error.value.code == "job_not_live"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "code"),
    [
        (None, "job_not_final"),
        (JobState.SUCCEEDED, "job_not_retryable"),
        (JobState.REFUSED, "job_not_retryable"),
    ],
)
def test_retry_says_why_not(state, code):
    job = make_job()
    if state:
        end(job, state, code="parity")
    with pytest.raises(dispatch.NotNow) as error:
        dispatch.retry(job.export)
    assert error.value.code == code


@pytest.mark.django_db
def test_retry_makes_another_job_after_a_crash():
    export = make_export()
    end(make_job(export), JobState.CRASHED)
    job = dispatch.retry(export)
    assert job.state == JobState.QUEUED
    assert export.jobs.count() == 2


@pytest.mark.django_db
def test_every_target_is_asked_for_by_its_catalogue_name():
    for target in TARGETS:
        flavor = next(row.flavor for row in ROUTES if row.target == target.name)
        version = make_version(mlmodel={**MLMODEL, "flavors": {flavor: {}}})
        assert dispatch.request_export(version, target.name)[1]


@pytest.mark.django_db
def test_only_an_administrator_sets_a_tolerance_and_it_makes_another_export():
    version = make_version()
    member = User.objects.create(username="member")
    admin = User.objects.create(username="admin", is_staff=True)
    for nobody in (None, AnonymousUser(), member):
        with pytest.raises(dispatch.Refused) as refusal:
            dispatch.request_export(version, "onnx", {"tolerance": 0.01}, user=nobody)
        assert refusal.value.code == "tolerance_reserved"
    assert not Export.objects.exists()
    usual, _ = dispatch.request_export(version, "onnx", user=admin)
    wide, created = dispatch.request_export(version, "onnx", {"tolerance": 0.01}, user=admin)
    assert created and wide != usual
    assert wide.options["tolerance"] == 0.01
    for absurd in (-1.0, 0.5, float("nan")):
        with pytest.raises(dispatch.Refused) as refusal:
            dispatch.request_export(version, "onnx", {"tolerance": absurd}, user=admin)
        assert refusal.value.code == "bad_options"
