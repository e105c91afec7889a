"""A worker process says that it is there, in its row, for the pages and for /readyz."""

from __future__ import annotations

import logging
import socket
import threading
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now
from django.utils import timezone

from workers.models import Worker

SECONDS = 10.0

logger = logging.getLogger(__name__)


class Presence:
    """The thread that keeps a worker's row fresh from `begin` to `end`."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._name = ""

    def begin(self, name: str, queues: list[str]) -> None:
        """Report now and every ten seconds."""
        self._name = name
        self._thread = threading.Thread(
            target=self._report, args=(name, queues), name="presence", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Stop reporting and take the row away: this worker ended in order."""
        if self._thread is None:
            return
        self._over.set()
        self._thread.join(SECONDS)
        try:
            Worker.objects.filter(name=self._name).delete()
        except (DatabaseError, InterfaceError):
            logger.warning("could not take away the row of %s", self._name, exc_info=True)

    def _report(self, name: str, queues: list[str]) -> None:
        begun = timezone.now()
        while True:
            try:
                self._write(name, queues, begun)
            except (DatabaseError, InterfaceError):
                # The database may be away for a while; the next round connects anew.
                logger.warning("could not report %s", name, exc_info=True)
            finally:
                connection.close()
            if self._over.wait(SECONDS):
                return

    def _write(self, name: str, queues: list[str], begun: datetime) -> None:
        fresh = {
            "host": socket.gethostname(),
            "queues": queues,
            "seen_at": Now(),  # the database's clock, by which others judge it
            "started_at": begun,  # one that was killed left its row, with its own start
        }
        Worker.objects.update_or_create(name=name, defaults=fresh)


presence = Presence()
