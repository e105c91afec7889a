"""One piece of work a source at a time, even when a process is killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from registry.models import Source

# The first key of our advisory locks (PostgreSQL manual, 13.3.5); the second is the source's id.
LOCK_CLASS = 1_131_573_104


@contextmanager
def source_lock(source: Source) -> Iterator[bool]:
    """Hold the source's lock, if nobody else does; the value says whether it is held.

    PostgreSQL gives it back by itself when the connection ends, so a dead process blocks nobody.
    """
    keys = [LOCK_CLASS, source.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
        (mine,) = cursor.fetchone()
    try:
        yield bool(mine)
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys)
