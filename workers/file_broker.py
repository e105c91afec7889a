"""Kombu's file-system transport, whose files other processes see whole or not at all.

Kombu makes a message's file first and fills it then, so that a worker that looks in between finds
an empty one and ends. The same goes for the file that lists an exchange's queues.
"""

# Kombu is not typed, and names the same parameter in two ways.
# mypy: disable-error-code="no-untyped-call, override"

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "files"

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Reads and writes messages and tables of queues, each in one step."""

    def _put(self, queue: Any, payload: Any, **_: Any) -> None:
        # Kombu takes the messages of a queue in the order of their names.
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write(Path(self.data_folder_out) / name, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError as problem:
            # It is gone from the folder; the reaper finds the job that it was for.
            log.warning("dropped a damaged message of queue %s: %s", queue, problem)
            raise Empty from None

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        file = self._exchange_file(exchange)
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._control():
            queues = self.get_table(exchange)
            if bound not in queues:
                _write(file, json.dumps([bound, *queues]))

    def get_table(self, exchange: str) -> list[Any]:
        """The queues that are bound to an exchange; none where the file is damaged."""
        try:
            return list(super().get_table(exchange))
        except ValueError as problem:
            log.warning("the queues of exchange %s are listed anew: %s", exchange, problem)
            return []

    @contextlib.contextmanager
    def _control(self) -> Iterator[None]:
        """One process at a time changes the tables."""
        folder = Path(self.control_folder)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """The transport of that channel."""

    Channel = Channel


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise ChannelError(f"Cannot write {path}: {problem.strerror}") from problem


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:{Transport.__name__}"
