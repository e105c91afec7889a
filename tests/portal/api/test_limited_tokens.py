"""A token for some sources: what others hold is not there for it, whichever way it asks."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.api import tokens
from registry.models import Source
from tests.portal.rows import make_bundle, make_export, make_model, make_source, make_version
from workers.models import Bundle, Export

pytestmark = pytest.mark.django_db


def row(slug: str) -> Bundle:
    """A source with a model, a version, an export and a bundle."""
    version = make_version(model=make_model(source=make_source(slug=slug), name=f"{slug}-model"))
    return make_bundle(version=version, export=make_export(version=version, target="onnx"))


@pytest.fixture
def own(db) -> Bundle:
    return row("own")


@pytest.fixture
def foreign(db) -> Bundle:
    return row("foreign")


@pytest.fixture
def limited(chief: User, own: Bundle) -> Client:
    """Of a member of the staff, so that nothing but the token's limit keeps it out."""
    _, text = tokens.issue(chief, "limited", sources=[own.version.model.source])
    return Client(headers={"Authorization": f"Bearer {text}"})


def addresses(bundle: Bundle) -> list[str]:
    version = bundle.version
    return [
        f"sources/{version.model.source_id}/",
        f"models/{version.model_id}/",
        f"models/{version.model_id}/versions/",
        f"versions/{version.pk}/",
        f"versions/{version.pk}/preflight/",
        f"exports/{bundle.export_id}/",
        f"exports/{bundle.export_id}/log/",
        f"bundles/{bundle.pk}/",
    ]


def test_what_other_sources_hold_is_not_there(limited: Client, own: Bundle, foreign: Bundle):
    assert [limited.get(f"/api/v1/{one}").status_code for one in addresses(own)] == [200] * 8
    assert [limited.get(f"/api/v1/{one}").status_code for one in addresses(foreign)] == [404] * 8
    for one in (f"bundles/{foreign.pk}/download/", f"bundles/{foreign.pk}/files/manifest.json"):
        assert limited.get(f"/api/v1/{one}").status_code == 404


def test_lists_hold_ones_own_alone(limited: Client, own: Bundle, foreign: Bundle):
    for name in ("sources", "models", "exports", "bundles"):
        found = limited.get(f"/api/v1/{name}/").json()["results"]
        assert len(found) == 1, name
        assert "foreign" not in str(found)


def test_nothing_of_other_sources_is_started_or_stopped(
    limited: Client, own: Bundle, foreign: Bundle
):
    number = str(foreign.version.number)
    ref = {"source": "foreign", "model": "foreign-model", "version": number}
    before = Export.objects.count()
    body = {"ref": ref, "target": "pmml"}
    told = limited.post("/api/v1/exports/", body, content_type="application/json")
    assert (told.status_code, Export.objects.count()) == (404, before)
    for verb in ("cancel", "retry"):
        assert limited.post(f"/api/v1/exports/{foreign.export_id}/{verb}/").status_code == 404
    source = foreign.version.model.source_id
    assert limited.post(f"/api/v1/sources/{source}/sync/").status_code == 404
    added = {"slug": "third", "kind": "mlflow", "url": "http://127.0.0.1:9"}
    told = limited.post("/api/v1/sources/", added, content_type="application/json")
    assert (told.status_code, told.json()["code"]) == (403, "permission_denied")


def test_a_token_stays_limited_when_its_source_is_no_more(chief: User, foreign: Bundle):
    gone = make_source(slug="gone")
    _, text = tokens.issue(chief, "limited", sources=[gone])
    gone.delete()
    client = Client(headers={"Authorization": f"Bearer {text}"})
    assert client.get("/api/v1/models/").json()["results"] == []
    assert Source.objects.filter(slug="foreign").exists()


def test_a_token_is_made_for_sources_by_their_names(client: Client, owner: User, own: Bundle):
    client.force_login(owner)
    made = client.post(
        "/api/v1/tokens/",
        {"name": "build", "sources": ["own"]},
        content_type="application/json",
    )
    assert (made.status_code, made.json()["sources"]) == (201, ["own"])
    unknown = client.post(
        "/api/v1/tokens/",
        {"name": "build", "sources": ["nowhere"]},
        content_type="application/json",
    )
    assert unknown.status_code == 400
    assert "nowhere" in str(unknown.json())
    page = client.post("/account/", {"name": "by page", "days": "90", "sources": ["own"]})
    assert page.status_code == 200
    told = {row["name"]: row["sources"] for row in client.get("/api/v1/tokens/").json()["results"]}
    assert told == {"build": ["own"], "by page": ["own"]}
