"""The pages' doors, growth and text: who may write, what a list costs, what a hostile name does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.portal import rows
from workers.models import Export, Job, JobState

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script> & \"quotes\" 'n' all"


def _queries(client: Client, path: str) -> int:
    client.get(path)  # the first one pays for what is cached afterwards: content types, sites
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def _model() -> None:
    rows.make_bundle()


@pytest.mark.parametrize("path", ["/", "/exports/"])
def test_a_longer_list_costs_no_more_queries(client: Client, path: str):
    for _ in range(2):
        _model()
    few = _queries(client, path)
    for _ in range(18):
        _model()
    assert _queries(client, path) == few


def test_a_model_with_more_versions_costs_no_more_queries(client: Client):
    model = rows.make_model()
    path = f"/models/{model.source.slug}/{model.name}/"
    numbers = iter(range(1, 30))
    for _ in range(2):
        rows.make_bundle(export=rows.make_export(version=_version(model, next(numbers))))
    few = _queries(client, path)
    for _ in range(15):
        rows.make_bundle(export=rows.make_export(version=_version(model, next(numbers))))
    assert _queries(client, path) == few


def _version(model, number):
    return rows.make_version(model=model, number=number)


def test_more_sources_cost_no_more_queries(client: Client):
    for _ in range(2):
        rows.make_source()
    few = _queries(client, "/sources/")
    for _ in range(10):
        rows.make_source()
    assert _queries(client, "/sources/") == few


def _export_form() -> tuple[str, dict[str, str]]:
    version = rows.make_version()
    model = version.model
    return f"/models/{model.source.slug}/{model.name}/{version.number}/", {"target": "onnx"}


def _cancel() -> tuple[str, dict[str, str]]:
    return f"/exports/{rows.make_job(JobState.RUNNING).export_id}/cancel/", {}


def _retry() -> tuple[str, dict[str, str]]:
    return f"/exports/{rows.make_job(JobState.CRASHED).export_id}/retry/", {}


def _sync() -> tuple[str, dict[str, str]]:
    return f"/sources/{rows.make_source().pk}/sync/", {}


def _revoke() -> tuple[str, dict[str, str]]:
    return "/account/tokens/1/revoke/", {}


WRITES = [_export_form, _cancel, _retry, _sync, _revoke]


@pytest.mark.parametrize("write", WRITES)
def test_a_stranger_who_writes_is_sent_to_sign_in_and_changes_nothing(
    client: Client, write: Callable[[], tuple[str, dict[str, str]]]
):
    path, data = write()
    before = (Export.objects.count(), list(Job.objects.values_list("state", "cancel_requested")))
    answer = client.post(path, data)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")
    after = (Export.objects.count(), list(Job.objects.values_list("state", "cancel_requested")))
    assert after == before


@pytest.mark.parametrize("write", WRITES)
def test_a_form_from_elsewhere_is_refused(write: Callable[[], tuple[str, dict[str, str]]]):
    client = Client(enforce_csrf_checks=True)
    client.force_login(rows.make_user(is_staff=True))
    path, data = write()
    assert client.post(path, data).status_code == 403


@pytest.mark.parametrize("write", [_cancel, _retry, _sync, _revoke])
def test_what_writes_is_never_done_by_a_link(
    client: Client, write: Callable[[], tuple[str, dict[str, str]]]
):
    client.force_login(rows.make_user(is_staff=True))
    assert client.get(write()[0]).status_code == 405


def test_only_staff_connects_and_syncs_sources(client: Client):
    client.force_login(rows.make_user())
    path, _ = _sync()
    assert client.post(path).status_code == 403
    body = {"slug": "mine", "url": "http://127.0.0.1:9", "maven_group": "models"}
    assert client.post("/sources/", body).status_code == 403


def test_nobody_revokes_another_ones_token(client: Client):
    from portal.api import tokens

    token, text = tokens.issue(rows.make_user(), "owner's")
    client.force_login(rows.make_user())
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    assert tokens.find(text) == token


def test_with_reading_closed_every_page_leads_to_signing_in(client: Client, settings):
    settings.OPEN_READING = False
    bundle = rows.make_bundle()
    model = bundle.version.model
    base = f"/models/{model.source.slug}/{model.name}/"
    paths = ["/", base, f"{base}1/", "/exports/", f"/exports/{bundle.export_id}/", "/sources/"]
    paths += [f"/bundles/{bundle.pk}/", f"/bundles/{bundle.pk}/download/", "/account/"]
    for path in paths:
        answer = client.get(path)
        assert (answer.status_code, answer["Location"][:16]) == (302, "/accounts/login/"), path
    assert client.get("/api/v1/models/").status_code in {401, 403}
    assert client.get(f"/api/v1/bundles/{bundle.pk}/download/").status_code in {401, 403}
    assert client.get("/accounts/login/").status_code == 200


def test_signing_in_never_leads_to_another_site(client: Client):
    rows.make_user("staff-member")
    body = {"login": "staff-member", "password": rows.PASSWORD}
    answer = client.post("/accounts/login/?next=https://elsewhere.example/", body)
    assert answer.status_code == 302
    assert "elsewhere" not in answer["Location"]


def test_hostile_text_is_shown_and_never_run(client: Client):
    model = rows.make_model(name=HOSTILE, description=HOSTILE, tags={HOSTILE: HOSTILE})
    version = rows.make_version(model=model, description=HOSTILE, run_name=HOSTILE)
    export = rows.make_export(version=version)
    rows.make_job(
        JobState.REFUSED, export=export, code="parity_failed", sentence=HOSTILE, log=HOSTILE
    )
    for path in ("/", f"/exports/{export.pk}/", "/exports/"):
        text = client.get(path).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    "path",
    ["/?q=%00", "/?after=junk", "/?tag=nocolon", "/?has_bundle=maybe", "/exports/?after=%00"],
)
def test_junk_in_the_address_is_no_crash(client: Client, path: str):
    assert client.get(path).status_code in {200, 400, 404}


@pytest.mark.parametrize("path", ["/", "/nowhere/", "/accounts/login/", "/api/v1/models/"])
def test_every_answer_carries_the_content_policy(client: Client, path: str):
    policy = client.get(path)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_bundle_without_java_says_why_and_how_its_file_is_opened(client: Client):
    bundle = rows.make_bundle(export=rows.make_export(target="xgboost"))
    why = "The model has a base score for each of its outputs."
    assert "Use it from Java" in client.get(f"/bundles/{bundle.pk}/").text
    files = {name: one for name, one in bundle.manifest["files"].items() if "java" not in name}
    bundle.manifest |= {"lacks_java": why, "files": files}
    bundle.save()
    page = client.get(f"/bundles/{bundle.pk}/").text
    assert why in page
    assert "XGBoost.loadModel" in page
    assert "Use it from Java" not in page
    assert "A worker that has one will run it" not in page
