"""The one warm server of a worker process, started when the first Java is to be checked."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from converters.contract import JvmRun
from workers.jvm import runtime
from workers.jvm.server import Server


class Checker:
    """Compiles and runs generated Java in one warm JVM, which is replaced now and then.

    One project at a time; others wait. After a fork the child's checker starts a JVM of its own.
    """

    def __init__(self, home: Path, checks_per_server: int = 100) -> None:
        """home: where servers have their folders. checks_per_server: 1 gives every project a JVM
        of its own, which nothing that an earlier model did can reach."""
        self._home = home
        self._most = max(1, checks_per_server)
        self._runtime: runtime.Runtime | None = None
        self._server: Server | None = None
        self._said = ""
        self._process = os.getpid()
        self._lock = threading.Lock()

    def ready(self, folder: Path, log: Callable[[str], None], stopped: Callable[[], bool]) -> None:
        """Have Java, compiler and runtimes at hand; jars are fetched into `folder` once.

        Raises:
            runtime.Lacking: something is missing here; the sentence says what.
            environments.Stopped: `stopped` said so.
        """
        if self._runtime is None:
            self._runtime = runtime.ready(folder, log, stopped)

    def check(
        self, bundle: Path, to: Path, wall_seconds: float, cancelled: Callable[[], bool]
    ) -> JvmRun:
        """See `Server.check`; `ready` must have been called."""
        with self._lock:
            server = self._open()
            try:
                return server.check(bundle, to, wall_seconds, cancelled)
            finally:
                self._said += server.said()
                if server.checked >= self._most:
                    self.close()

    def said(self) -> str:
        """What the JVM has printed since this was asked last."""
        text, self._said = self._said, ""
        return text

    def close(self) -> None:
        """End the JVM, if one runs."""
        if self._server is not None and self._process == os.getpid():
            self._server.close()
        self._server = None

    def _open(self) -> Server:
        if self._runtime is None:
            raise RuntimeError("the checker was not made ready")
        if self._server is None or self._process != os.getpid():
            self._process = os.getpid()
            folder = self._home / f"jvm-{self._process}-{uuid.uuid4().hex[:8]}"
            self._server = Server(self._runtime.java, self._runtime.class_path, folder)
        return self._server
