"""Exports over the API: asked for once, watched, cancelled, tried again."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from converters import contract
from portal.api.resources import exports
from portal.api.shapes.work import OptionsShape
from portal.models import IdempotencyKey
from tests.portal.api.conftest import calling
from tests.portal.api.rows import (
    make_alias,
    make_bundle,
    make_export,
    make_job,
    make_model,
    make_version,
)
from workers.models import Export, Job

pytestmark = pytest.mark.django_db

REF = {"source": "prod", "model": "fraud", "version": "1"}


def ask(client: Client, key: str = "", **over: object):
    headers = {"Idempotency-Key": key} if key else {}
    body = {"ref": REF, "target": "onnx", **over}
    return client.post(
        "/api/v1/exports/", json.dumps(body), content_type="application/json", headers=headers
    )


def test_the_same_request_twice_is_one_export_and_says_so(as_owner: Client):
    make_version()
    first, second = ask(as_owner), ask(as_owner)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["state"] == "queued"
    assert first.json()["requested_by"] == "owner"
    assert Job.objects.count() == 1


def test_other_options_are_another_export(as_owner: Client):
    make_version()
    first, second = ask(as_owner), ask(as_owner, options={"inputs": "columns", "opset": 18})
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]
    assert second.json()["options"] == {"inputs": "columns", "opset": 18, "tolerance": 0.0}


def test_an_alias_in_place_of_a_version_exports_what_it_points_at(as_owner: Client):
    make_version(make_model(), 1)
    champion = make_version(make_model("churn"), 7)
    make_alias(champion)
    answer = ask(as_owner, ref={"source": "prod", "model": "churn", "alias": "champion"})
    assert answer.json()["ref"] == {"source": "prod", "model": "churn", "version": "7"}


def test_the_ref_of_an_export_is_good_for_asking_again(as_owner: Client):
    make_version()
    first = ask(as_owner).json()
    assert ask(as_owner, ref=first["ref"]).json()["id"] == first["id"]


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"ref": {"source": "prod", "model": "fraud"}}, "ref"),
        ({"ref": {**REF, "alias": "champion"}}, "ref"),
        ({"ref": {**REF, "version": "0"}}, "ref.version"),
        ({"ref": "prod/fraud/1"}, "ref"),
        ({"target": "gold"}, "target"),
        ({"options": {"colour": "red"}}, "options.colour"),
        ({"options": {"opset": "many"}}, "options.opset"),
        ({"options": ["opset"]}, "options"),
    ],
)
def test_a_request_that_makes_no_sense_names_the_field(
    as_owner: Client, over: dict[str, Any], field: str
):
    make_version()
    answer = ask(as_owner, **over)
    assert answer.status_code == 400
    assert (answer.json()["code"], list(answer.json()["errors"])) == ("invalid", [field])
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("ref", "word"),
    [
        ({**REF, "source": "nowhere"}, "nowhere"),
        ({**REF, "model": "ghost"}, "ghost"),
        ({**REF, "version": "9"}, "9"),
        ({"source": "prod", "model": "fraud", "alias": "nobody"}, "nobody"),
    ],
)
def test_a_ref_to_nothing_says_what_is_missing(as_owner: Client, ref: dict[str, str], word: str):
    make_version()
    answer = ask(as_owner, ref=ref)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert word in answer.json()["detail"]


def test_an_export_that_cannot_be_is_refused_with_the_reason_of_preflight(as_owner: Client):
    make_version(mlmodel={"flavors": {"prophet": {}}}, flavors=["prophet"])
    answer = ask(as_owner)
    assert answer.status_code == 422
    assert answer.json()["code"] == "no_route"
    assert answer.json()["detail"]
    assert not Export.objects.exists()


def test_what_is_no_json_is_a_problem(as_owner: Client):
    answer = as_owner.post("/api/v1/exports/", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    answer = as_owner.post("/api/v1/exports/", "a=b", content_type="text/plain")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert as_owner.put("/api/v1/exports/").json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["exports/", "exports/1/cancel/", "exports/1/retry/"])
def test_a_stranger_asks_for_cancels_and_retries_nothing(client: Client, path: str):
    answer = client.post(f"/api/v1/{path}", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_an_idempotency_key_gets_the_first_answer_again(as_owner: Client):
    make_version()
    first, again = ask(as_owner, key="build-1"), ask(as_owner, key="build-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]


def test_an_idempotency_key_with_another_body_is_a_conflict(as_owner: Client):
    make_version()
    ask(as_owner, key="build-1")
    answer = ask(as_owner, key="build-1", options={"opset": 18})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert Export.objects.count() == 1


def test_an_idempotency_key_belongs_to_one_person(as_owner: Client, as_outsider: Client):
    make_version()
    assert ask(as_owner, key="build-1").status_code == 201
    assert ask(as_outsider, key="build-1", options={"opset": 18}).status_code == 201


def test_a_refused_request_leaves_its_idempotency_key_free(as_owner: Client):
    make_version()
    assert ask(as_owner, key="build-1", target="gold").status_code == 400
    assert ask(as_owner, key="build-1").status_code == 201
    assert IdempotencyKey.objects.count() == 1


def test_an_export_tells_its_steps_its_end_and_its_bundle(client: Client):
    job = make_job(state="succeeded", worker="w-1", report={"schema": 1})
    bundle = make_bundle(job)
    row = client.get(f"/api/v1/exports/{job.export_id}/").json()
    assert (row["state"], row["worker"], row["report"]) == ("succeeded", "w-1", {"schema": 1})
    assert [step["name"] for step in row["steps"]] == ["fetch", "convert"]
    assert row["bundle"]["sha256"] == bundle.sha256


def test_a_refused_export_tells_code_and_sentence(client: Client):
    job = make_job(state="refused", code="no_signature", sentence="It has no signature.")
    row = client.get(f"/api/v1/exports/{job.export_id}/").json()
    assert (row["code"], row["sentence"]) == ("no_signature", "It has no signature.")
    assert row["bundle"] is None


def test_the_newest_job_speaks_for_an_export(client: Client):
    export = make_export()
    make_job(export, "crashed", code="child_crashed")
    make_job(export, "running")
    row = client.get(f"/api/v1/exports/{export.pk}/").json()
    assert (row["state"], row["code"]) == ("running", "")
    states = [("running", 1), ("crashed", 0)]
    for state, count in states:
        found = client.get("/api/v1/exports/", {"state": state}).json()["results"]
        assert len(found) == count


def test_exports_are_found_by_target_version_and_model(client: Client):
    one = make_export(make_version(make_model("a")))
    two = make_export(make_version(make_model("b")), target="pmml")
    for export in (one, two):
        make_job(export)

    def found(**filters: str | int) -> list[int]:
        rows = client.get("/api/v1/exports/", filters).json()["results"]
        return [row["id"] for row in rows]

    assert found() == [two.pk, one.pk]
    assert found(target="pmml") == [two.pk]
    assert found(version=one.version_id) == [one.pk]
    assert found(model=two.version.model_id) == [two.pk]


def test_the_log_is_plain_text(client: Client):
    job = make_job(state="crashed", log="one\n<b>two</b>\n")
    answer = client.get(f"/api/v1/exports/{job.export_id}/log/")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == "one\n<b>two</b>\n"


def test_waiting_for_an_export_that_has_ended_takes_no_time(client: Client):
    job = make_job(state="succeeded")
    begun = time.monotonic()
    assert client.get(f"/api/v1/exports/{job.export_id}/", {"wait": 30}).status_code == 200
    assert time.monotonic() - begun < 5


def test_waiting_ends_with_the_time_that_was_given(client: Client):
    job = make_job()
    begun = time.monotonic()
    row = client.get(f"/api/v1/exports/{job.export_id}/", {"wait": 1}).json()
    assert row["state"] == "queued"
    assert 0.9 < time.monotonic() - begun < 10


def test_many_that_wait_leave_room_for_everybody_else(client: Client):
    job = make_job()
    with contextlib.ExitStack() as waiting:
        while exports._room_to_wait.acquire(blocking=False):
            waiting.callback(exports._room_to_wait.release)
        begun = time.monotonic()
        row = client.get(f"/api/v1/exports/{job.export_id}/", {"wait": 30}).json()
        assert (row["state"], time.monotonic() - begun < 5) == ("queued", True)
    assert exports._room_to_wait.acquire(blocking=False)
    exports._room_to_wait.release()


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_when_the_export_does(client: Client):
    job = make_job(state="running")

    def end() -> None:
        time.sleep(0.5)
        Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=timezone.now())
        connection.close()

    thread = threading.Thread(target=end)
    thread.start()
    begun = time.monotonic()
    row = client.get(f"/api/v1/exports/{job.export_id}/", {"wait": 30}).json()
    thread.join()
    assert row["state"] == "succeeded"
    assert time.monotonic() - begun < 10


@pytest.mark.django_db(transaction=True)
def test_one_idempotency_key_sent_at_once_from_two_places_makes_one_export(owner: User):
    make_version()
    clients, answers = [calling(owner), calling(owner)], []

    def send(client: Client) -> None:
        answers.append(ask(client, key="build-1"))
        connection.close()

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Job.objects.count() == 1


def test_a_waiting_export_is_cancelled_at_once(as_owner: Client):
    make_version()
    export = ask(as_owner).json()
    answer = as_owner.post(f"/api/v1/exports/{export['id']}/cancel/")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


def test_what_has_ended_is_not_cancelled(as_owner: Client):
    job = make_job(state="succeeded")
    answer = as_owner.post(f"/api/v1/exports/{job.export_id}/cancel/")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_live")


def test_a_crashed_export_is_tried_again_and_a_refused_one_is_not(as_owner: Client):
    crashed = make_job(state="crashed")
    answer = as_owner.post(f"/api/v1/exports/{crashed.export_id}/retry/")
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    again = as_owner.post(f"/api/v1/exports/{crashed.export_id}/retry/")
    assert (again.status_code, again.json()["code"]) == (409, "job_not_final")
    refused = make_job(make_export(make_version(make_model("other"))), "refused")
    answer = as_owner.post(f"/api/v1/exports/{refused.export_id}/retry/")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_retryable")


def test_the_api_knows_every_option_of_the_contract():
    known = {field: value.default for field, value in OptionsShape().fields.items()}
    assert known == vars(contract.Options())


def test_an_error_that_nobody_foresaw_is_told_without_its_text(
    as_owner: Client, monkeypatch: pytest.MonkeyPatch
):
    def broken(*arguments: object) -> None:
        raise RuntimeError("the password is hush")

    make_version()
    monkeypatch.setattr("workers.dispatch.request_export", broken)
    answer = ask(as_owner)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert b"hush" not in answer.content
