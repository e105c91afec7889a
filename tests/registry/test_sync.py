"""The mirror equals its source, whatever happened there."""

import threading
import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection, connections

from registry.connectors import SourceProblem
from registry.connectors.mlflow import MlflowConnector
from registry.locks import source_lock
from registry.models import Alias, ModelVersion, RegisteredModel, Source, SyncRun, SyncState
from registry.sources import add_source
from registry.sync import sync_source
from tests.registry.conftest import MLMODEL


def sync(source):
    run = sync_source(source)
    assert (run.state, run.sentence) == (SyncState.DONE, "")
    return run


def model_of(source, name):
    return RegisteredModel.objects.get(source=source, name=name)


def version_of(source, name, number=1):
    return ModelVersion.objects.get(model__source=source, model__name=name, number=number)


def test_a_synced_model_carries_every_field_that_the_registry_holds(source, mlflow_url):
    run = sync(source)
    model = model_of(source, "credit-risk")
    assert model.description == "Whether a loan will be repaid; words and numbers, with gaps."
    assert model.tags["team"] == "lending"
    assert {alias.name: alias.version.number for alias in model.aliases.all()} == {
        "champion": 2,
        "challenger": 3,
    }
    assert abs((model.remote_created_at - datetime.now(UTC)).total_seconds()) < 86400
    assert model.remote_updated_at >= model.remote_created_at
    assert run.models_seen >= 10
    assert run.versions_seen == run.added - run.models_seen
    assert run.finished_at is not None


def test_a_synced_version_carries_its_stage_run_flavors_signature_and_requirements(source):
    sync(source)
    version = version_of(source, "credit-risk", 2)
    assert (version.stage, version.status) == ("Production", "READY")
    assert version.description == "In use since the spring review."
    assert version.tags == {"team": "lending", "flavor": "sklearn"}
    assert version.run_name == "credit-risk training"
    assert version.user
    assert version.params == {"c": "1.0"}
    assert 0.5 < version.metrics["accuracy"] <= 1.0
    assert version.source_uri.startswith("models:/m-")
    assert version.artifact_uri.startswith("mlflow-artifacts:/")
    assert set(version.flavors) == {"python_function", "sklearn"}
    assert "Besch\u00e4ftigung" in version.mlmodel["signature"]["inputs"] or (
        "Besch\\u00e4ftigung" in version.mlmodel["signature"]["inputs"]
    )
    assert version.mlmodel["run_id"] == version.run_id
    assert version.mlmodel_problem == ""
    assert any(line.startswith("scikit-learn==") for line in version.requirements)
    assert version_of(source, "scaled-forest", 1).stage == ""


def test_every_demo_version_is_readable(source):
    sync(source)
    rows = ModelVersion.objects.filter(model__tags__has_key="demo.complete", model__source=source)
    assert rows.count() == 24
    assert {row.mlmodel_problem for row in rows} == {""}
    assert {"xgboost", "lightgbm", "sklearn"} <= {name for row in rows for name in row.flavors}


def test_a_second_sync_of_an_unchanged_registry_reads_no_files_and_writes_no_rows(source, upstream):
    name = upstream.model()
    upstream.version(name)
    first = sync(source)
    before = model_of(source, name), version_of(source, name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM registry_modelversion WHERE id=%s", [before[1].pk])
        (written,) = cursor.fetchone()
    second = sync(source)
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM registry_modelversion WHERE id=%s", [before[1].pk])
        assert cursor.fetchone() == (written,)
    assert second.calls < first.calls
    assert version_of(source, name).row_hash == before[1].row_hash


def test_a_moved_alias_a_tag_a_stage_and_a_description_arrive(source, upstream):
    name = upstream.model()
    upstream.version(name)
    upstream.version(name)
    alias = "/registered-models/alias"
    upstream.call("POST", alias, name=name, alias="champion", version="1")
    upstream.call("POST", alias, name=name, alias="old", version="1")
    sync(source)
    upstream.call("POST", alias, name=name, alias="champion", version="2")
    upstream.call("DELETE", alias, name=name, alias="old")
    upstream.call("POST", "/model-versions/set-tag", name=name, version="2", key="k", value="v")
    upstream.call("POST", "/registered-models/set-tag", name=name, key="mk", value="mv")
    upstream.call("PATCH", "/registered-models/update", name=name, description="now described")
    upstream.call("PATCH", "/model-versions/update", name=name, version="1", description="one")
    stage = "/model-versions/transition-stage"
    upstream.call(
        "POST", stage, name=name, version="2", stage="Staging", archive_existing_versions=False
    )
    sync(source)
    model = model_of(source, name)
    assert [(row.name, row.version.number) for row in model.aliases.all()] == [("champion", 2)]
    assert (model.description, model.tags) == ("now described", {"mk": "mv"})
    second = version_of(source, name, 2)
    assert (second.tags, second.stage) == ({"k": "v"}, "Staging")
    assert version_of(source, name, 1).description == "one"


def test_run_metrics_that_are_not_numbers_are_kept_by_name(source, upstream):
    name = upstream.model()
    upstream.version(name)
    sync(source)
    run_id = version_of(source, name).run_id
    for key, value in [("nan", "NaN"), ("top", "Infinity"), ("loss", 0.25)]:
        upstream.call(
            "POST", "/runs/log-metric", run_id=run_id, key=key, value=value, timestamp=1, step=0
        )
    sync(source)
    metrics = version_of(source, name).metrics
    assert (metrics["nan"], metrics["loss"]) == ("NaN", 0.25)
    assert metrics["top"] == "Infinity" or metrics["top"] > 1e300


def test_a_deleted_version_is_marked_gone_and_its_row_stays(source, upstream):
    name = upstream.model()
    upstream.version(name)
    upstream.version(name)
    upstream.call("POST", "/registered-models/alias", name=name, alias="a", version="2")
    sync(source)
    upstream.call("DELETE", "/model-versions/delete", name=name, version="2")
    sync(source)
    assert version_of(source, name, 2).gone_at is not None
    assert version_of(source, name, 1).gone_at is None
    assert not Alias.objects.filter(model__name=name, model__source=source).exists()


def test_a_deleted_model_is_marked_gone_with_its_versions(source, upstream):
    name = upstream.model()
    upstream.version(name)
    sync(source)
    upstream.delete(name)
    run = sync(source)
    assert model_of(source, name).gone_at is not None
    assert version_of(source, name).gone_at is not None
    assert run.gone >= 2


def test_a_model_made_again_under_its_name_does_not_take_over_the_old_ones_versions(
    source, upstream
):
    name = upstream.model(description="old")
    upstream.version(name)
    sync(source)
    old = version_of(source, name)
    upstream.delete(name)
    upstream.model(name, description="new")
    upstream.version(name)
    sync(source)
    new = version_of(source, name)
    assert new.pk != old.pk
    assert (new.model.description, new.gone_at) == ("new", None)
    old.refresh_from_db()
    assert old.gone_at is not None
    assert old.model.name.startswith(f"{name} (deleted")


def test_a_number_that_names_another_version_now_is_read_anew(source, upstream):
    name = upstream.model()
    upstream.version(name)
    sync(source)
    row = version_of(source, name)
    # As it would stand here if the registry had been restored from before this version was made.
    ModelVersion.objects.filter(pk=row.pk).update(
        run_id="0" * 32,
        artifact_uri="mlflow-artifacts:/0/elsewhere",
        mlmodel={"flavors": {"old": {}}},
        flavors=["old"],
        row_hash="x",
    )
    sync(source)
    again = version_of(source, name)
    assert again.pk == row.pk
    assert (again.artifact_uri, again.flavors) == (row.artifact_uri, row.flavors)
    assert again.mlmodel == row.mlmodel


def test_a_renamed_model_appears_under_its_new_name_and_the_old_one_is_gone(source, upstream):
    name = upstream.model()
    upstream.version(name)
    sync(source)
    other = f"{name}-renamed"
    upstream.call("POST", "/registered-models/rename", name=name, new_name=other)
    upstream.made[:] = [other]
    sync(source)
    assert model_of(source, name).gone_at is not None
    assert version_of(source, other).gone_at is None


def test_a_model_and_a_version_that_the_lists_skip_stay_while_the_source_still_has_them(
    source, upstream, monkeypatch
):
    hidden, other = upstream.model(), upstream.model()
    upstream.version(hidden)
    upstream.version(other)
    sync(source)
    models, versions = MlflowConnector.models, MlflowConnector.versions
    monkeypatch.setattr(
        MlflowConnector, "models", lambda self: (m for m in models(self) if m.name != hidden)
    )
    monkeypatch.setattr(
        MlflowConnector, "versions", lambda self: (v for v in versions(self) if v.model != other)
    )
    sync(source)
    for name in (hidden, other):
        assert model_of(source, name).gone_at is None
        assert version_of(source, name).gone_at is None


def test_a_model_that_may_no_longer_be_seen_is_not_taken_for_deleted(source, upstream, monkeypatch):
    name = upstream.model()
    upstream.version(name)
    upstream.call("POST", "/registered-models/alias", name=name, alias="a", version="1")
    sync(source)
    models = MlflowConnector.models

    def refused(self, name):
        raise SourceProblem("forbidden", "no")

    monkeypatch.setattr(
        MlflowConnector, "models", lambda self: (m for m in models(self) if m.name != name)
    )
    monkeypatch.setattr(MlflowConnector, "model", refused)
    sync(source)
    assert model_of(source, name).gone_at is None
    assert version_of(source, name).gone_at is None
    assert Alias.objects.filter(model__source=source, model__name=name).count() == 1


def test_what_only_looked_deleted_comes_back(source, upstream):
    name = upstream.model()
    upstream.version(name)
    sync(source)
    now = datetime.now(UTC)
    RegisteredModel.objects.filter(source=source, name=name).update(gone_at=now)
    ModelVersion.objects.filter(model__source=source, model__name=name).update(gone_at=now)
    sync(source)
    assert model_of(source, name).gone_at is None
    assert version_of(source, name).gone_at is None


@pytest.mark.parametrize(
    "name",
    [
        "with blank",
        "dots.and-dashes_",
        "emoji 🚢",
        "it's",
        'say "so"',
        "ümläut",
        "%41?#&=+",
        "x" * 240,
    ],
)
def test_odd_names_are_mirrored(source, upstream, name):
    name = upstream.model(f"{name} {uuid.uuid4().hex[:6]}")
    upstream.version(name)
    sync(source)
    version = version_of(source, name)
    assert version.flavors == ["python_function", "sklearn"]
    upstream.call("DELETE", "/model-versions/delete", name=name, version="1")
    sync(source)
    version.refresh_from_db()
    assert version.gone_at is not None
    assert model_of(source, name).gone_at is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("flavors: [unclosed", "is not YAML (line"),
        ("just words", "holds no mapping"),
        ("run_id: abc\n", "names no flavors"),
        (b"\xff\xfe\x00\xd8", "is not YAML"),
        (None, "There is no MLmodel file at"),
    ],
)
def test_an_unreadable_mlmodel_is_told_and_read_again_once_mended(
    source, upstream, content, sentence
):
    name = upstream.model()
    upstream.version(name, content)
    sync(source)
    version = version_of(source, name)
    assert sentence in version.mlmodel_problem
    assert (version.mlmodel, version.flavors) == ({}, [])
    upstream.put(version.source_uri, "MLmodel", MLMODEL)
    upstream.call("POST", "/model-versions/set-tag", name=name, version="1", key="k", value="v")
    sync(source)
    version.refresh_from_db()
    assert (version.flavors, version.mlmodel_problem) == (["python_function", "sklearn"], "")


def test_files_on_a_disk_or_store_that_cannot_be_read_are_told(source, upstream):
    name = upstream.model()
    upstream.version(name, None, source="s3://bucket/models/1")
    sync(source)
    assert "s3://bucket/models/1" in version_of(source, name).mlmodel_problem
    assert "--serve-artifacts" in version_of(source, name).mlmodel_problem


def test_a_sync_of_a_source_that_does_not_answer_keeps_the_mirror_and_says_so(source):
    sync(source)
    held = ModelVersion.objects.filter(model__source=source, gone_at=None).count()
    Source.objects.filter(pk=source.pk).update(url="http://127.0.0.1:9")
    source.refresh_from_db()
    run = sync_source(source)
    assert (run.state, run.code) == (SyncState.FAILED, "not_answering")
    assert "http://127.0.0.1:9 does not answer" in run.sentence
    assert ModelVersion.objects.filter(model__source=source, gone_at=None).count() == held


def test_a_run_left_by_a_dead_process_does_not_block_the_next(source):
    dead = SyncRun.objects.create(source=source)
    sync(source)
    dead.refresh_from_db()
    assert (dead.state, dead.code) == (SyncState.FAILED, "interrupted")


@pytest.mark.django_db(transaction=True)
def test_a_second_sync_of_one_source_at_once_gets_the_first_ones_run(mlflow_url):
    source = add_source(f"s-{uuid.uuid4().hex[:8]}", mlflow_url)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with source_lock(source) as mine:
            assert mine
            held.set()
            release.wait(30)
        connections.close_all()

    running = SyncRun.objects.create(source=source)
    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(10)
        assert sync_source(source).pk == running.pk
        running.refresh_from_db()
        assert running.state == SyncState.RUNNING
    finally:
        release.set()
        thread.join()
    sync(source)
