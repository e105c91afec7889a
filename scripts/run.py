"""Serves Crossport for real: gunicorn, a worker and beat, against DATABASE_URL and REDIS_URL.

They live and die together: one that ends stops the others, so that whatever supervises this command
sees one failure and starts it anew.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.ports import is_free  # noqa: E402
from scripts.processes import Process, stop_all  # noqa: E402

MIGRATION_SECONDS = 900.0
STATIC_SECONDS = 300.0
STOP_SECONDS = 45.0  # a worker gives its jobs 30 s to end

NEEDED = {
    "DATABASE_URL": (
        "the PostgreSQL server to use, for example "
        "DATABASE_URL=postgres://crossport:PASSWORD@127.0.0.1:5432/crossport"
    ),
    "REDIS_URL": "the Redis server to use, for example REDIS_URL=redis://127.0.0.1:6379/0",
}

SCHEMES = {
    "DATABASE_URL": ("postgres", "postgresql"),
    "REDIS_URL": ("redis", "rediss"),
}


class RunProblem(Exception):
    """What keeps Crossport from being served, in one sentence; a log's last lines may follow."""


def number(text: str, name: str, largest: int) -> int:
    """A whole number from 1 to `largest`.

    Raises:
        RunProblem: it is none; `name` says whose value it is.
    """
    if text.isascii() and text.isdigit() and 1 <= int(text) <= largest:
        return int(text)
    raise RunProblem(f"{name}={text} is not a whole number from 1 to {largest}.")


def require(env: Mapping[str, str]) -> None:
    """See that the servers are named, by addresses of their kinds.

    Raises:
        RunProblem: one is not; the sentence says what to set.
    """
    missing = [f"{name}, {what}" for name, what in NEEDED.items() if not env.get(name, "").strip()]
    if missing:
        raise RunProblem(
            f"Set {'; and '.join(missing)}. To try Crossport without servers: `make demo`."
        )
    for name, schemes in SCHEMES.items():
        scheme = env[name].strip().partition("://")[0]
        if scheme not in schemes:  # not quoted: it may hold a password
            known = " or ".join(f"{one}://" for one in schemes)
            raise RunProblem(f"{name} does not begin with {known}; it is {NEEDED[name]}.")


def commands(bind: str, workers: int, jobs: int, home: Path) -> dict[str, list[str]]:
    """What runs, by name, in the order of starting."""
    celery = [sys.executable, "-m", "celery", "--app", "workers.celery:app"]
    return {
        "web": [
            *(sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", bind),
            *("--worker-class", "gthread", "--workers", str(workers), "--threads", "8"),
            # Longer than the proxy in front keeps its own: no request meets a closing connection.
            *("--keep-alive", "75"),
            *("--timeout", "90", "--graceful-timeout", "30", "--access-logfile", "-"),
        ],
        "worker": [
            *(*celery, "worker", "--pool", "threads", "--concurrency", str(jobs)),
            *("--queues", "sync,cpu", "--hostname", "worker@%h", "--loglevel", "INFO"),
        ],
        "beat": [
            *(*celery, "beat", "--schedule", str(home / "beat-schedule"), "--pidfile="),
            *("--loglevel", "INFO"),
        ],
    }


class Service:
    """All of Crossport's processes on this machine, over one environment."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._env = dict(env)
        self._home = home
        self._running: list[Process] = []
        self.ending = threading.Event()

    def prepare(self) -> None:
        """Bring the database and the static files up to date.

        Raises:
            RunProblem: either failed, or the stop came meanwhile.
        """
        self._manage(["migrate", "--noinput"], MIGRATION_SECONDS)
        self._manage(["collectstatic", "--noinput", "--verbosity", "0"], STATIC_SECONDS)

    def start(self, wanted: Mapping[str, list[str]]) -> None:
        """Start every process of `wanted`."""
        for name, argv in wanted.items():
            self._running.append(self._process(name, argv).start())

    def watch(self) -> Process | None:
        """Wait for the order to stop (None) or for a process that ended by itself (that one)."""
        while not self.ending.wait(0.5):
            for process in self._running:
                if not process.alive:
                    return process
        return None

    def stop(self) -> None:
        """Stop all, the last started first; each with its whole group."""
        for process in self._running:
            if process.alive:
                process.kill(signal.SIGTERM)  # all at once: they end side by side
        stop_all(reversed(self._running), STOP_SECONDS)

    def _process(self, name: str, argv: Sequence[str]) -> Process:
        return Process(name, argv, self._env, self._home / "log" / f"{name}.log")

    def _manage(self, arguments: list[str], seconds: float) -> None:
        process = self._process(
            arguments[0], [sys.executable, str(ROOT / "manage.py"), *arguments]
        ).start()
        self._running.append(process)
        deadline = time.monotonic() + seconds
        while process.alive and time.monotonic() < deadline and not self.ending.wait(0.1):
            pass
        if process.alive and not self.ending.is_set():
            raise RunProblem(f"manage.py {arguments[0]} did not end in {seconds:.0f} s.")
        if process.code and not self.ending.is_set():
            raise RunProblem(f"manage.py {arguments[0]} failed:\n{process.tail()}")
        if not process.alive:
            self._running.remove(process)


def serve(service: Service, wanted: Mapping[str, list[str]], bind: str, home: Path) -> int:
    """Prepare, start, watch; 0 after an ordered stop, 1 when a process ended by itself."""
    try:
        service.prepare()
        if service.ending.is_set():
            return 0
        service.start(wanted)
        say(f"serving on http://{bind}, logs in {home / 'log'}; Ctrl-C stops")
        ended = service.watch()
        if ended is None:
            return 0
        say(f"{ended.name} ended by itself (status {ended.code}), so all stop:\n{ended.tail()}")
        return 1
    finally:
        say("stopping")
        service.stop()
        say("stopped")


def say(text: str) -> None:
    print(f"run: {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    env = dict(os.environ)
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", default=os.environ.get("PORT") or "8000")
    parser.add_argument("--bind", default=os.environ.get("BIND") or "127.0.0.1")
    parser.add_argument("--workers", default=os.environ.get("WORKERS") or "2")
    parser.add_argument("--jobs", default=os.environ.get("WORKER_JOBS") or "2")
    given = parser.parse_args(arguments)
    home = Path(os.environ.get("CROSSPORT_HOME") or ROOT / "var").resolve()
    service = Service(env, home)
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: service.ending.set())
    try:
        require(env)
        port = number(given.port, "PORT", 65535)
        if not is_free(port):
            raise RunProblem(f"Port {port} is taken; name another one: `make run PORT={port + 1}`.")
        bind = f"{given.bind}:{port}"
        workers = number(given.workers, "WORKERS", 64)
        wanted = commands(bind, workers, number(given.jobs, "WORKER_JOBS", 64), home)
        return serve(service, wanted, bind, home)
    except RunProblem as problem:
        say(str(problem))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
