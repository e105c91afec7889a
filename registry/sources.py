"""Connecting registries and letting them go: what pages, API and command line call."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from registry import secrets
from registry.connectors import Connector, SourceProblem, connect
from registry.locks import source_lock
from registry.models import Source, SourceKind

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,60}")
_GROUP = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def add_source(
    slug: str,
    url: str,
    kind: str = SourceKind.MLFLOW,
    maven_group: str = "models",
    username: str = "",
    password: str = "",
    *,
    probe: bool = False,
) -> Source:
    """Store a source; with `probe`, only if it answers as a registry does.

    password: with a username its password, alone a bearer token; stored encrypted.

    Raises:
        SourceProblem: `bad_slug`, `bad_url`, `bad_group`, `bad_login`, `slug_taken`,
            `unknown_kind`, and with `probe` what the connector raises.
    """
    url = _checked_url(url)
    if not _SLUG.fullmatch(slug):
        raise SourceProblem(
            "bad_slug", f"{slug!r} is no name for a source; use letters, digits, - and _."
        )
    if not _GROUP.fullmatch(maven_group) or len(maven_group) > 120:
        raise SourceProblem(
            "bad_group", f"{maven_group!r} is no Maven group; use words with dots between."
        )
    if kind not in SourceKind.values:
        raise SourceProblem("unknown_kind", f"There are no sources of kind {kind!r}.")
    if ":" in username or len(username) > 200:
        raise SourceProblem("bad_login", "A user name cannot hold a colon or over 200 characters.")
    if username and not password:
        raise SourceProblem("bad_login", "A user name needs its password.")
    if probe:
        with connect(kind, url, username, password) as connector:
            connector.check()
    try:
        with transaction.atomic():
            return Source.objects.create(
                slug=slug,
                kind=kind,
                url=url,
                maven_group=maven_group,
                username=username,
                secret=secrets.seal(password),
            )
    except IntegrityError as error:
        raise SourceProblem(
            "slug_taken", f"There is a source {slug!r} already; choose another name."
        ) from error


def remove_source(source: Source) -> None:
    """Forget a source and its mirror; upstream nothing changes.

    Raises:
        SourceProblem: `sync_running`; `in_use` where exports or bundles of its models exist.
    """
    with source_lock(source) as mine:
        if not mine:
            raise SourceProblem(
                "sync_running", f"{source.slug} is being synced; try again when that has ended."
            )
        try:
            with transaction.atomic():
                source.delete()
        except ProtectedError as error:
            raise SourceProblem(
                "in_use",
                f"Exports of models from {source.slug} exist, and bundles are kept; "
                "the source stays.",
            ) from error


def connect_source(source: Source) -> Connector:
    """A connector for a stored source.

    Raises:
        SourceProblem: `secret_unreadable`, `unknown_kind`.
    """
    return connect(source.kind, source.url, source.username, secrets.unseal(source.secret))


def _checked_url(url: str) -> str:
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise SourceProblem("bad_url", f"{url!r} is no address of a server.") from None
    if parts.username is not None or parts.password is not None:
        # Not quoted: it holds a password.
        raise SourceProblem(
            "bad_url", "The address holds a login; give user name and password in their own fields."
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_fits:
        raise SourceProblem(
            "bad_url", f"{url!r} is no address of a server; it begins with https:// or http://."
        )
    if parts.query or parts.fragment:
        raise SourceProblem(
            "bad_url",
            f"{url!r} is the address of a page; enter the server's own, up to its path prefix.",
        )
    if len(url) > 500:
        raise SourceProblem("bad_url", "The address is longer than 500 characters.")
    return url
