"""Runs one confined child, streams what it prints, and sees that it and all it started is gone."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from workers.sandbox.leftovers import disk_mb, remove_tree
from workers.sandbox.level import CONFINE, Level, level
from workers.sandbox.limits import Limits, environment

TAIL_CHARACTERS = 20_000
POLL_SECONDS = 0.1
WATCH_SECONDS = 1.0
# How long the keeper may take to end what it keeps, before the launcher is killed too.
GRACE_SECONDS = 5.0


class Killed(StrEnum):
    """Why the supervisor ended a child."""

    NOT = ""
    CANCELLED = "cancelled"
    TIME = "time"
    DISK = "disk"


@dataclass(frozen=True)
class ChildResult:
    """How a child ended.

    exit_code: None where a signal ended it; signal: None where it exited.
    killed_why: why the supervisor ended it; empty where it ended by itself.
    seconds: wall clock. peak_mb: the most memory that one of its processes held (ru_maxrss).
    tail: the last 20,000 characters that it printed, stdout and stderr together.
    """

    exit_code: int | None
    signal: int | None
    killed_why: Killed
    seconds: float
    tail: str
    peak_mb: int

    @property
    def timed_out(self) -> bool:
        """Whether the wall clock ended it."""
        return self.killed_why is Killed.TIME

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with 0."""
        return self.exit_code == 0 and self.killed_why is Killed.NOT


def command(verb: str, jobdir: Path, python: Path | None = None) -> list[str]:
    """The command line of a converters child; isolated, unbuffered so that its log is live.

    python: the interpreter of another environment than this process's own.
    """
    return [str(python or sys.executable), "-I", "-u", "-m", "converters", verb, str(jobdir)]


def run_child(
    argv: Sequence[str],
    jobdir: Path,
    limits: Limits,
    on_output: Callable[[str], None],
    cancelled: Callable[[], bool],
    variables: Mapping[str, str] | None = None,
) -> ChildResult:
    """Run `argv` (an absolute program first) confined in `jobdir`, to its end.

    variables: what its environment holds beside what every child's does.

    `on_output` gets what it prints as it comes; `cancelled` is asked several times a second.
    Whatever ends the child, its descendants end with it, daemons too; they also end when this
    process dies. Its scratch folder `tmp` is empty at the start and gone afterwards.
    """
    jobdir = jobdir.resolve()
    scratch = jobdir / "tmp"
    remove_tree(scratch)
    scratch.mkdir()
    begun = time.monotonic()
    output = _Output(on_output, limits.output_bytes)
    ours, theirs = os.pipe()
    heard, told = os.pipe()
    try:
        launcher = _launch(argv, jobdir, limits, variables or {}, control=ours, result=told)
    finally:
        os.close(ours)
        os.close(told)
    try:
        killed = _supervise(launcher, jobdir, limits, output, cancelled)
    finally:
        _end(launcher, theirs)
        status, peak_kb = _report(heard)
        remove_tree(scratch)
    code = os.waitstatus_to_exitcode(status) if status is not None else launcher.returncode
    return ChildResult(
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        killed_why=killed,
        seconds=time.monotonic() - begun,
        tail=output.tail,
        peak_mb=peak_kb // 1024,
    )


def _launch(
    argv: Sequence[str],
    jobdir: Path,
    limits: Limits,
    variables: Mapping[str, str],
    *,
    control: int,
    result: int,
) -> subprocess.Popen[bytes]:
    spec = {
        "argv": list(argv),
        "folder": str(jobdir),
        "environment": environment(jobdir, limits) | dict(variables),
        "namespaces": level() is Level.NAMESPACES,
        "control": control,
        "result": result,
        "rlimits": {
            "RLIMIT_CORE": 0,
            "RLIMIT_CPU": limits.cpu_seconds,
            "RLIMIT_DATA": limits.memory_mb * 2**20,
            "RLIMIT_FSIZE": limits.file_mb * 2**20,
            "RLIMIT_NOFILE": limits.open_files,
            "RLIMIT_NPROC": _threads_now() + limits.extra_threads,
        },
    }
    launcher = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-S", str(CONFINE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={},
        pass_fds=(control, result),
        start_new_session=True,
    )
    with contextlib.suppress(BrokenPipeError), _pipe(launcher.stdin) as stdin:
        stdin.write(json.dumps(spec).encode() + b"\n")
    return launcher


def _supervise(
    launcher: subprocess.Popen[bytes],
    jobdir: Path,
    limits: Limits,
    output: _Output,
    cancelled: Callable[[], bool],
) -> Killed:
    """Read the child's output until it has ended, or end it; says why."""
    stdout = _pipe(launcher.stdout)
    os.set_blocking(stdout.fileno(), False)
    deadline = time.monotonic() + limits.wall_seconds
    most_mb = disk_mb(jobdir) + limits.disk_mb  # what was fetched is not what the child writes
    watch_at = time.monotonic() + WATCH_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while True:
            if selector.select(POLL_SECONDS) and not output.take(stdout.fileno()):
                return Killed.NOT  # launcher and keeper hold the pipe, so its end is theirs
            now = time.monotonic()
            if cancelled():
                return Killed.CANCELLED
            if now > deadline:
                return Killed.TIME
            if now > watch_at:
                if disk_mb(jobdir) > most_mb:
                    return Killed.DISK
                watch_at = time.monotonic() + WATCH_SECONDS


def _end(launcher: subprocess.Popen[bytes], control: int) -> None:
    """Have the keeper end what it keeps, and wait until that is so."""
    os.close(control)
    try:
        launcher.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
    _pipe(launcher.stdout).close()


def _report(heard: int) -> tuple[int | None, int]:
    """The child's wait status and peak memory in kB; None where the keeper wrote nothing."""
    with os.fdopen(heard, "rb") as pipe:
        text = pipe.read(4096)
    if not text:
        return None, 0
    report = json.loads(text)
    return int(report["status"]), int(report["peak_kb"])


class _Output:
    """What the child prints: passed on up to a limit, read and dropped beyond, the end kept."""

    def __init__(self, on_output: Callable[[str], None], limit: int) -> None:
        self._pass_on = on_output
        self._left = limit
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.tail = ""

    def take(self, source: int) -> bool:
        """Read what is there; False at the end."""
        with contextlib.suppress(BlockingIOError):
            data = os.read(source, 65536)
            if not data:
                return False
            self._keep(data)
        return True

    def _keep(self, data: bytes) -> None:
        if self._left <= 0:
            return
        text = self._decoder.decode(data[: self._left])
        self._left -= len(data)
        if self._left <= 0:
            text += "\n[the rest of the output was dropped: it is longer than the log may be]\n"
        self.tail = (self.tail + text)[-TAIL_CHARACTERS:]
        self._pass_on(text)


def _threads_now() -> int:
    """How many threads the account runs, which is what RLIMIT_NPROC counts."""
    found, user = 0, os.geteuid()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                if folder.stat().st_uid == user:
                    found += len(list((folder / "task").iterdir()))
    return found


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the launcher was started without pipes")
    return stream
