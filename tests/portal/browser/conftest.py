"""A Chromium over pytest-django's live server, with one of each row to look at."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
from django.test import Client

from tests.portal import rows
from tests.portal.looks import filled

# Playwright's own loop makes Django take the test for an async one; nothing here is.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@dataclass(frozen=True)
class Site:
    """Where the server answers, the pages that it has, and a session that is signed in."""

    url: str
    pages: dict[str, str]
    cookie: str


@pytest.fixture
def site(live_server, settings) -> Site:
    # The server's connection and the test's are two; a session in the database serves both.
    pages = filled()
    staff = rows.make_user("staff", is_staff=True, email="staff@example.com")
    client = Client()
    client.force_login(staff)
    return Site(live_server.url, pages, client.cookies["sessionid"].value)
