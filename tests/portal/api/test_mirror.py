"""Sources, models and versions over the API: found, shown, guarded."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from converters.catalog import TARGETS
from registry import secrets
from registry.models import Source, SyncRun
from tests.portal.api.rows import (
    make_alias,
    make_bundle,
    make_export,
    make_job,
    make_model,
    make_source,
    make_version,
)

pytestmark = pytest.mark.django_db


def results(client: Client, path: str, **filters: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/{path}", filters)
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def names(client: Client, **filters: str) -> list[str]:
    return sorted(row["name"] for row in results(client, "models/", **filters))


def count_queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/api/v1/{path}").status_code == 200
    return len(captured)


def test_a_source_is_shown_without_its_login(client: Client):
    make_source(username="robot", secret=secrets.seal("hush"))
    body = client.get("/api/v1/sources/").content.decode()
    assert "robot" not in body
    assert "hush" not in body
    assert "secret" not in body


def test_staff_connect_a_source_and_have_it_synced(
    as_chief: Client, django_capture_on_commit_callbacks
):
    wanted = {"slug": "prod", "url": "http://mlflow.example", "password": "hush"}
    with django_capture_on_commit_callbacks() as callbacks:
        made = as_chief.post("/api/v1/sources/", wanted, content_type="application/json")
    assert made.status_code == 201, made.content
    assert "password" not in made.json()
    assert Source.objects.get().slug == "prod"
    assert len(callbacks) == 1  # the wake-up of its first sync


def test_a_source_that_is_there_already_is_refused_with_a_sentence(as_chief: Client):
    make_source("prod")
    wanted = {"slug": "prod", "url": "http://mlflow.example"}
    answer = as_chief.post("/api/v1/sources/", wanted, content_type="application/json")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "slug_taken"
    assert "prod" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["sources/", "sources/1/sync/"])
def test_an_ordinary_account_neither_connects_nor_syncs_a_source(as_owner: Client, path: str):
    make_source()
    answer = as_owner.post(f"/api/v1/{path}", {}, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"


def test_staff_have_a_source_synced_again(as_chief: Client, django_capture_on_commit_callbacks):
    source = make_source()
    with django_capture_on_commit_callbacks() as callbacks:
        answer = as_chief.post(f"/api/v1/sources/{source.pk}/sync/")
    assert answer.status_code == 202
    assert len(callbacks) == 1


def test_a_source_tells_its_newest_sync_and_why_it_failed(client: Client):
    source = make_source()
    from django.utils import timezone

    done = {"state": "done", "finished_at": timezone.now()}
    SyncRun.objects.create(source=source, **done)
    failed = {**done, "state": "failed", "code": "not_answering", "sentence": "It is silent."}
    SyncRun.objects.create(source=source, **failed)
    last = client.get(f"/api/v1/sources/{source.pk}/").json()["last_sync"]
    assert (last["state"], last["code"], last["sentence"]) == (
        "failed",
        "not_answering",
        "It is silent.",
    )


def test_each_filter_finds_its_models_and_no_others(client: Client):
    fraud = make_version(make_model("fraud", tags={"team": "risk"}), stage="Production")
    make_alias(fraud)
    make_bundle(make_job(make_export(fraud), "succeeded"))
    other = make_model("churn", make_source("test"), description="who leaves")
    make_version(other, flavors=["h2o", "python_function"], mlmodel={"flavors": {"h2o": {}}})
    assert names(client) == ["churn", "fraud"]
    assert names(client, q="LEAVES") == ["churn"]
    assert names(client, name="fraud") == ["fraud"]
    assert names(client, source="test") == ["churn"]
    assert names(client, flavor="sklearn") == ["fraud"]
    assert names(client, tag="team:risk") == ["fraud"]
    assert names(client, tag="team:other") == []
    assert names(client, alias="champion") == ["fraud"]
    assert names(client, stage="Production") == ["fraud"]
    assert names(client, exportable="onnx") == ["churn", "fraud"]
    assert names(client, exportable="torchscript") == []
    assert names(client, has_bundle="true") == ["fraud"]
    assert names(client, has_bundle="false") == ["churn"]


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"tag": "team"}, "tag"),
        ({"exportable": "gold"}, "exportable"),
        ({"has_bundle": "maybe"}, "has_bundle"),
    ],
)
def test_a_filter_that_means_nothing_is_an_error_and_not_the_whole_list(
    client: Client, filters: dict[str, str], field: str
):
    answer = client.get("/api/v1/models/", filters)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert list(answer.json()["errors"]) == [field]


def test_a_model_tells_its_aliases_and_its_latest_version(client: Client):
    model = make_model()
    make_version(model, 1)
    make_alias(make_version(model, 2))
    row = client.get(f"/api/v1/models/{model.pk}/").json()
    assert row["source"] == "prod"
    assert row["aliases"] == {"champion": "2"}
    assert row["latest_version"] == "2"


def test_versions_come_highest_first_and_are_found_by_number_and_alias(client: Client):
    model = make_model()
    for number in (1, 2, 10):
        version = make_version(model, number)
    make_alias(version)
    path = f"models/{model.pk}/versions/"
    assert [row["version"] for row in results(client, path)] == ["10", "2", "1"]
    assert [row["version"] for row in results(client, path, version="2")] == ["2"]
    assert [row["version"] for row in results(client, path, alias="champion")] == ["10"]
    assert results(client, path, alias="nobody") == []


def test_a_version_shows_its_signature_and_its_run(client: Client):
    version = make_version(run_id="abc", params={"C": "1.0"}, metrics={"auc": 0.9, "loss": "NaN"})
    row = client.get(f"/api/v1/versions/{version.pk}/").json()
    assert row["signature"]["columns"] == [{"name": "a", "type": "double", "required": True}]
    assert row["metrics"] == {"auc": 0.9, "loss": "NaN"}
    assert (row["run_id"], row["params"]) == ("abc", {"C": "1.0"})


def test_preflight_says_for_every_target_whether_and_why_not(client: Client):
    version = make_version()
    rows = client.get(f"/api/v1/versions/{version.pk}/preflight/").json()
    assert {row["depth"] for row in rows} == {"mlmodel"}
    assert [row["target"] for row in rows] == [target.name for target in TARGETS]
    assert [row["target"] for row in rows if row["answer"] == "can"] == ["onnx", "pmml"]
    assert all(row["sentence"] for row in rows if row["answer"] == "cannot")


def test_preflight_of_a_version_whose_mlmodel_is_unread_says_so(client: Client):
    version = make_version(mlmodel={}, mlmodel_problem="The MLmodel file is not YAML.")
    rows = client.get(f"/api/v1/versions/{version.pk}/preflight/").json()
    assert {row["code"] for row in rows} == {"mlmodel_unread"}
    assert "not YAML" in rows[0]["sentence"]


def test_pmml_that_is_switched_off_is_not_offered(client: Client, settings):
    settings.PMML_ENABLED = False
    version = make_version()
    rows = client.get(f"/api/v1/versions/{version.pk}/preflight/").json()
    codes = {row["target"]: row["code"] for row in rows}
    assert (codes["onnx"], codes["pmml"]) == ("", "target_off")


@pytest.mark.parametrize("path", ["sources/", "models/", "exports/", "bundles/"])
def test_a_closed_portal_shows_nothing_to_strangers(client: Client, settings, path: str):
    settings.OPEN_READING = False
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


def test_a_closed_portal_is_open_to_an_account(as_owner: Client, settings):
    settings.OPEN_READING = False
    assert as_owner.get("/api/v1/models/").status_code == 200


def test_pages_follow_each_other_without_a_gap_or_a_double(client: Client):
    for number in range(7):
        make_model(f"m{number}")
    seen, path = [], "/api/v1/models/?page_size=3"
    while path:
        page = client.get(path).json()
        seen += [row["name"] for row in page["results"]]
        path = page["next"]
    assert seen == [f"m{number}" for number in reversed(range(7))]


def test_an_unchanged_read_is_an_empty_304(client: Client):
    make_model()
    first = client.get("/api/v1/models/")
    again = client.get("/api/v1/models/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    make_model("another")
    changed = client.get("/api/v1/models/", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize("path", ["models/", "sources/", "exports/", "bundles/"])
def test_a_list_costs_the_same_queries_however_long_it_is(client: Client, path: str):
    def grow(first: int, last: int) -> None:
        for number in range(first, last):
            model = make_model(f"m{number}", make_source(f"s{number}"))
            version = make_version(model)
            make_alias(version)
            make_bundle(make_job(make_export(version), "succeeded"))

    grow(0, 2)
    few = count_queries(client, path)
    grow(2, 12)
    assert count_queries(client, path) == few


@pytest.mark.parametrize(
    ("path", "long"),
    [
        ("exports/", ('"log"', '"report"', '"manifest"', '"mlmodel"')),
        ("bundles/", ('"log"', '"manifest"', '"mlmodel"')),
        ("models/{model}/versions/", ('"manifest"', '"mlmodel"', '"requirements"')),
    ],
)
def test_a_list_does_not_read_what_only_one_rows_page_shows(
    client: Client, path: str, long: tuple[str, ...]
):
    job = make_job(make_export(), "succeeded")
    make_bundle(job)
    with CaptureQueriesContext(connection) as captured:
        rows = results(client, path.format(model=job.export.version.model_id))
    assert len(rows) == 1
    read = " ".join(query["sql"] for query in captured.captured_queries)
    assert [column for column in long if f".{column}" in read] == []


def test_a_list_of_versions_costs_the_same_queries_however_long_it_is(client: Client):
    model = make_model()
    path = f"models/{model.pk}/versions/"
    for number in (1, 2):
        make_alias(make_version(model, number), f"a{number}")
    few = count_queries(client, path)
    for number in range(3, 15):
        make_alias(make_version(model, number), f"a{number}")
    assert count_queries(client, path) == few


@pytest.mark.parametrize(
    "path", ["models/?q=%00", "models/?tag=a%00:b", "exports/?target=%00", "bundles/?target=%00"]
)
def test_a_filter_that_the_database_cannot_hold_is_told(client: Client, path: str):
    answer = client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("path", ["models/999/", "nowhere/", "versions/999/preflight/", "models"])
def test_what_is_not_there_is_a_problem_and_not_a_page(client: Client, path: str):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
