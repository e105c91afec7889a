"""A warm, confined JVM that compiles and runs one generated project after the other."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from converters.contract import ANSWERS_DIR, CLASSES_DIR, JvmRun
from workers import collect
from workers.sandbox import ChildResult, Limits, remove_tree, run_child

REQUESTS = "requests"
ANSWER = "answer"
OUT = "out"
CLASSES = "classes"
DRIVER = "GoldenAnswers.java"
POLL_SECONDS = 0.005
# A server is confined as a child is; it lives as long as its worker.
FOREVER_SECONDS = 10 * 365 * 86400
HEAP_MB = 1024
LIMITS = Limits(
    wall_seconds=FOREVER_SECONDS, cpu_seconds=FOREVER_SECONDS, memory_mb=6144, disk_mb=16384
)
JVM_OPTIONS = (
    f"-Xmx{HEAP_MB}m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xss4m",  # javac's recursion on wide classes
)


class ServerEnded(Exception):
    """The JVM ended while it ran a project; the message says how."""


class TooLong(Exception):
    """The project ran longer than it may; its JVM was ended."""


class Cancelled(Exception):
    """Nobody wants the answer any more; the JVM was ended, since it may still be at it."""


class Server:
    """One JVM; started with the first project, ended by `close`, or by what a project does to it.

    Not for use by several threads at once.
    """

    def __init__(self, java: Path, class_path: Sequence[Path], folder: Path) -> None:
        """folder: of the server alone; made, and removed by `close`. class_path: the compiled
        server, the runtimes, and a compiler where this Java has none."""
        self._command = [
            str(java),
            *JVM_OPTIONS,
            "-cp",
            os.pathsep.join(map(str, class_path)),
            "CheckServer",
            str(folder),
        ]
        self._folder = folder
        self._numbers = itertools.count(1)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pipe = -1
        self._ended: ChildResult | None = None
        self._said = ""
        self.checked = 0

    def check(
        self, bundle: Path, to: Path, wall_seconds: float, cancelled: Callable[[], bool]
    ) -> JvmRun:
        """Compile and run `bundle`/java on `bundle`/golden.

        bundle: a folder in a bundle's layout, which must stay until this returns.
        to: gets the folders `answers` and `classes` where it ran.

        Raises:
            ServerEnded, TooLong, Cancelled: nothing is left running; the next call starts anew.
            collect.Strange: the JVM left what it never leaves.
        """
        if self._thread is None or not self._thread.is_alive():
            self._start()
        job = self._folder / f"job-{next(self._numbers)}"
        try:
            _lay_out(bundle, job)
            os.write(self._pipe, f"{job.name}\n".encode())
            self._wait(job / ANSWER, wall_seconds, cancelled)
            ran = _read(job / ANSWER)
            self.checked += 1
            if ran.state == "ran":
                for left, name in ((OUT, ANSWERS_DIR), (CLASSES, CLASSES_DIR)):
                    collect.check_tree(job / left)
                    (job / left).rename(to / name)
            return ran
        finally:
            remove_tree(job)

    def said(self) -> str:
        """What the JVM has printed since this was asked last."""
        text, self._said = self._said, ""
        return text

    def close(self) -> None:
        """End the JVM and remove its folder."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        remove_tree(self._folder)

    def _start(self) -> None:
        self.close()
        self._folder.mkdir(parents=True, mode=0o700)
        os.mkfifo(self._folder / REQUESTS)
        # Held for reading too, so that it opens at once and never ends while the JVM is starting.
        self._pipe = os.open(self._folder / REQUESTS, os.O_RDWR | os.O_CLOEXEC)
        self._stop.clear()
        self._ended = None
        self._thread = threading.Thread(target=self._serve, name="jvm-check", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._ended = run_child(self._command, self._folder, LIMITS, self._hear, self._stop.is_set)

    def _hear(self, text: str) -> None:
        self._said = (self._said + text)[-20_000:]

    def _wait(self, answer: Path, wall_seconds: float, cancelled: Callable[[], bool]) -> None:
        deadline = time.monotonic() + wall_seconds
        while not answer.exists():
            if self._thread is None or not self._thread.is_alive():
                if answer.exists():
                    return
                raise ServerEnded(_how(self._ended))
            if cancelled():
                self.close()
                raise Cancelled
            if time.monotonic() > deadline:
                self.close()
                raise TooLong
            time.sleep(POLL_SECONDS)


def _how(ended: ChildResult | None) -> str:
    if ended is None:
        return "it could not be started"
    if ended.signal is not None:
        return f"it was ended by signal {ended.signal}"
    return f"it ended with exit code {ended.exit_code}"


def _lay_out(bundle: Path, job: Path) -> None:
    """The project, and its resources in the package's folder, as its pom would place them."""
    job.mkdir()
    (job / "java").symlink_to(bundle / "java")
    (driver,) = (bundle / "java/src/test/java").rglob(DRIVER)
    package = driver.parent.relative_to(bundle / "java/src/test/java")
    resources = job / "resources" / package
    resources.mkdir(parents=True)
    for path in bundle.iterdir():
        if path.is_file() or path.name == "golden":
            (resources / path.name).symlink_to(path)


def _read(path: Path) -> JvmRun:
    """The JVM's answer.

    Raises:
        collect.Strange: not one that the server writes.
    """
    text = collect.read_bytes(path, 1 << 20).decode("utf-8", "replace")
    told = dict(line.partition("=")[::2] for line in text.splitlines())
    with contextlib.suppress(KeyError, ValueError):
        return JvmRun(
            told["state"],
            told["message"],
            told["compiler"],
            told["java"],
            int(told["compile_ms"]),
            int(told["run_ms"]),
            int(told["resident_kb"]) // 1024,
        )
    raise collect.Strange("the JVM check's answer is not one")
