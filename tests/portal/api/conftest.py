"""Callers and rows for the API's tests."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from portal.api import tokens


@pytest.fixture(autouse=True)
def nobody_is_held_off():
    """Failed logins of one test do not count in another."""
    cache.clear()


@pytest.fixture(autouse=True)
def own_places(settings, tmp_path):
    """Blobs and messages of a test stay in its own folder."""
    settings.STORAGE_URL = f"file://{tmp_path}/storage"


@pytest.fixture
def owner(db) -> User:
    """An ordinary account."""
    return User.objects.create_user("owner", password="correct horse")


@pytest.fixture
def outsider(db) -> User:
    """Another ordinary account."""
    return User.objects.create_user("outsider", password="battery staple")


@pytest.fixture
def chief(db) -> User:
    """A member of the staff."""
    return User.objects.create_user("chief", password="iron and salt", is_staff=True)


def calling(user: User) -> Client:
    """A client that sends a token of this user with every request."""
    _, text = tokens.issue(user, "test")
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def as_owner(owner: User) -> Client:
    return calling(owner)


@pytest.fixture
def as_outsider(outsider: User) -> Client:
    return calling(outsider)


@pytest.fixture
def as_chief(chief: User) -> Client:
    return calling(chief)
