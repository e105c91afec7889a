"""`Idempotency-Key`: the same key is answered like the first time, and never means two things."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from portal.api.permissions import caller
from portal.api.problems import Problem
from portal.models import IdempotencyKey
from workers.models import Export

KEPT = timedelta(days=1)
LONGEST = 200


class Key:
    """The key of one request, if it has one; use `of`."""

    def __init__(self, request: Request, key: str) -> None:
        self._user = caller(request)
        self._key = key
        body = json.dumps(request.data, sort_keys=True)
        self._body = hashlib.sha256(body.encode()).hexdigest()
        self.known: IdempotencyKey | None = None

    @classmethod
    @contextmanager
    def of(cls, request: Request) -> Iterator[Key]:
        """The key, held against a second request with it until the block ends.

        Raises:
            Problem: the key came with another body before.
            ValidationError: the key is too long.
        """
        text = request.headers.get("Idempotency-Key", "")
        if len(text) > LONGEST:
            raise ValidationError({"Idempotency-Key": [f"at most {LONGEST} characters"]})
        key = cls(request, text)
        if not text:
            yield key
            return
        with transaction.atomic():
            key._hold()
            yield key

    def remember(self, export: Export, status: int) -> None:
        """Keep what the first request with this key led to."""
        if self._key:
            IdempotencyKey.objects.create(
                user=self._user,
                key=self._key,
                body_sha256=self._body,
                export=export,
                status=status,
            )

    def _hold(self) -> None:
        # A row that does not exist cannot be locked, so two first requests at once meet on an
        # advisory lock, which ends with the transaction.
        lock = int.from_bytes(hashlib.sha256(f"{self._user.pk}:{self._key}".encode()).digest()[:7])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])
        IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
        rows = IdempotencyKey.objects.select_related("export")
        self.known = rows.filter(user=self._user, key=self._key).first()
        if self.known and self.known.body_sha256 != self._body:
            raise Problem(
                "idempotency_conflict",
                f"The Idempotency-Key {self._key!r} came with another body before. Use a new key "
                "for a new request.",
                409,
            )
