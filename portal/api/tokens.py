"""API tokens: issued, found and revoked here, for the API and the account page alike."""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model, Q
from django.utils import timezone

from portal.models import ApiToken
from registry.models import Source

SCHEME = "cpt_"
SHOWN = 12
USED_EVERY = timedelta(minutes=1)


def issue(
    user: User,
    name: str,
    expires_at: datetime | None = None,
    sources: Iterable[Source] | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its text, which nobody can read again afterwards.

    sources: those whose models it may see; None: all.
    """
    text = SCHEME + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=text[:SHOWN],
        sha256=digest(text),
        expires_at=expires_at,
        source_ids=None if sources is None else [source.pk for source in sources],
    )
    return token, text


def revoke(token: ApiToken) -> None:
    """End a token at once; a second time changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def find(text: str) -> ApiToken | None:
    """The usable token of this text with its user, noted as used; None where there is none.

    256 random bits need no slow hash, and looking the digest up leaks no timing about the text.
    Every request of a program asks for this first, so that the query is written once and not
    composed anew each time, which took most of what a small file of the Maven repository takes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_query(), [digest(text), timezone.now()])
        row = cursor.fetchone()
    if row is None:
        return None
    names = _names(ApiToken)
    token = ApiToken.from_db(connection.alias, names, row[: len(names)])
    token.user = User.from_db(connection.alias, _names(User), row[len(names) :])
    _note_use(token)
    return token


@functools.cache
def _query() -> str:
    """A token by its digest, and its user: not revoked, not expired, of an active account."""
    shown = [f'token."{name}"' for name in _columns(ApiToken)]
    shown += [f'owner."{name}"' for name in _columns(User)]
    return (
        f"SELECT {', '.join(shown)} "  # noqa: S608 - names of our own columns
        f'FROM "{ApiToken._meta.db_table}" token '
        f'JOIN "{User._meta.db_table}" owner ON owner.id = token.user_id '
        "WHERE token.sha256 = %s AND token.revoked_at IS NULL AND owner.is_active "
        "AND (token.expires_at IS NULL OR token.expires_at > %s)"
    )


@functools.cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def _columns(model: type[Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields]


def digest(text: str) -> str:
    """sha256 of a token's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _note_use(token: ApiToken) -> None:
    # At most one write a minute: a build that polls must not turn each read into a write.
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
