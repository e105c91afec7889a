"""Tokens: made with a password, shown once, kept as a hash, gone when revoked."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from portal.api import tokens
from portal.models import ApiToken

pytestmark = pytest.mark.django_db


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_name_and_password_make_a_token_that_opens_the_api(client: Client, owner: User):
    made = client.post(
        "/api/v1/tokens/",
        {"name": "laptop"},
        content_type="application/json",
        headers=basic("owner", "correct horse"),
    )
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    me = client.get("/api/v1/me/", headers=bearer(made.json()["token"]))
    assert me.json() == {"username": "owner", "staff": False, "token_id": made.json()["id"]}


def test_the_database_holds_no_more_than_the_hash_and_the_beginning_of_a_token(owner: User):
    token, text = tokens.issue(owner, "laptop")
    assert text.startswith("cpt_")
    assert token.sha256 == hashlib.sha256(text.encode()).hexdigest()
    stored = [str(value) for value in ApiToken.objects.values_list().get(pk=token.pk)]
    assert not any(text[12:] in value for value in stored)


def test_the_list_shows_ones_own_tokens_without_their_text(as_owner: Client, outsider: User):
    _, text = tokens.issue(outsider, "secret of outsider")
    rows = as_owner.get("/api/v1/tokens/").json()["results"]
    assert [row["name"] for row in rows] == ["test"]
    assert not any("token" in row or "sha256" in row for row in rows)
    assert text not in str(rows)


def test_a_revoked_token_opens_nothing_from_the_next_request_on(client: Client, owner: User):
    token, text = tokens.issue(owner, "laptop")
    assert client.delete(f"/api/v1/tokens/{token.pk}/", headers=bearer(text)).status_code == 204
    answer = client.get("/api/v1/me/", headers=bearer(text))
    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_token"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_ran_out_opens_nothing(client: Client, owner: User):
    token, text = tokens.issue(owner, "laptop", timezone.now() + timedelta(hours=1))
    assert client.get("/api/v1/me/", headers=bearer(text)).status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert client.get("/api/v1/me/", headers=bearer(text)).status_code == 401


def test_a_token_of_a_closed_account_opens_nothing(client: Client, owner: User):
    _, text = tokens.issue(owner, "laptop")
    owner.is_active = False
    owner.save()
    assert client.get("/api/v1/me/", headers=bearer(text)).status_code == 401


def test_a_token_that_expires_in_the_past_is_not_made(client: Client, owner: User):
    answer = client.post(
        "/api/v1/tokens/",
        {"name": "old", "expires_at": "2020-01-01T00:00:00Z"},
        content_type="application/json",
        headers=basic("owner", "correct horse"),
    )
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["expires_at"]


def test_a_token_makes_no_other_token(as_owner: Client):
    made = as_owner.post("/api/v1/tokens/", {"name": "more"}, content_type="application/json")
    assert made.status_code == 403
    assert made.json()["code"] == "permission_denied"


def test_nobody_makes_a_token_without_signing_in(client: Client):
    made = client.post("/api/v1/tokens/", {"name": "x"}, content_type="application/json")
    assert made.status_code == 401
    assert made.json()["code"] == "not_authenticated"


def test_a_wrong_password_makes_no_token_and_many_are_held_off(client: Client, owner: User):
    def attempt(password: str):
        return client.post(
            "/api/v1/tokens/",
            {"name": "x"},
            content_type="application/json",
            headers=basic("owner", password),
        )

    first = attempt("wrong")
    assert (first.status_code, first.json()["code"]) == (401, "bad_password")
    codes = [attempt(f"wrong {number}").status_code for number in range(20)]
    assert codes[-1] == 429
    assert attempt("correct horse").status_code == 429


def test_a_password_opens_no_other_resource(client: Client, owner: User):
    answer = client.get("/api/v1/me/", headers=basic("owner", "correct horse"))
    assert answer.status_code == 401


def test_nobody_revokes_the_token_of_another(as_owner: Client, outsider: User):
    token, text = tokens.issue(outsider, "outsider's")
    assert as_owner.delete(f"/api/v1/tokens/{token.pk}/").status_code == 404
    assert tokens.find(text) is not None


def test_failures_behind_a_proxy_hold_off_their_own_address_alone(
    client: Client, outsider: User, settings
):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def attempt(name: str, password: str, address: str) -> int:
        return client.post(
            "/api/v1/tokens/",
            {"name": "x"},
            content_type="application/json",
            headers={**basic(name, password), "X-Forwarded-For": f"10.9.9.9, {address}"},
        ).status_code

    codes = [attempt(f"guess-{number}", "wrong", "203.0.113.1") for number in range(12)]
    assert codes[-1] == 429
    assert attempt("outsider", "battery staple", "203.0.113.2") == 201


def test_the_last_use_is_written_once_a_minute_at_most(owner: User, django_assert_num_queries):
    token, text = tokens.issue(owner, "laptop")
    with django_assert_num_queries(2):
        tokens.find(text)
    with django_assert_num_queries(1):
        tokens.find(text)
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now() - timedelta(minutes=2))
    with django_assert_num_queries(2):
        tokens.find(text)
