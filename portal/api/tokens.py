"""API tokens: issued, found and revoked here, for the API and the account page alike."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q
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
    """The usable token of this text, noted as used; None where there is none.

    256 random bits need no slow hash, and looking the digest up leaks no timing about the text.
    """
    token = ApiToken.usable().select_related("user").filter(sha256=digest(text)).first()
    if token is not None:
        _note_use(token)
    return token


def digest(text: str) -> str:
    """sha256 of a token's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _note_use(token: ApiToken) -> None:
    # At most one write a minute: a build that polls must not turn each read into a write.
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
