"""A whole Crossport on one machine: database, web, worker and beat, started and stopped together.

The demo, the end-to-end tests and the benchmarks run the product through this.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx
import psycopg

from portal import embedded
from scripts.ports import listener
from scripts.processes import Process, stop_all

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90.0


class StackProblem(Exception):
    """What keeps the stack from running, in one sentence, with the last lines of the log."""


class Stack:
    """Web, worker and beat over one database under one home.

    With DATABASE_URL or REDIS_URL in `env` those servers are used; without, the embedded PostgreSQL
    and the file-system broker under `home`.
    """

    def __init__(self, home: Path, port: int = 0, env: dict[str, str] | None = None) -> None:
        self.home = home
        try:
            self._listener = listener(port)
        except OSError as problem:
            raise StackProblem(f"Port {port} cannot be listened on: {problem.strerror}.") from None
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._wished = dict(env or {})
        self.env: dict[str, str] = {}
        self._processes: list[Process] = []

    def __enter__(self) -> Stack:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and wait until a request and a job would be served.

        Raises:
            StackProblem: a process ended or did not become ready.
        """
        (self.home / "static").mkdir(parents=True, exist_ok=True)
        self.env = {**os.environ, "CROSSPORT_HOME": str(self.home), **self._wished}
        self.env["DATABASE_URL"] = self.env.get("DATABASE_URL") or embedded.database_url(self.home)
        self._manage("migrate", "--verbosity", "0")
        celery = [sys.executable, "-m", "celery", "--app", "workers.celery:app"]
        self._run(
            "web",
            [
                *(sys.executable, "-m", "gunicorn", "portal.wsgi:application"),
                *("--bind", f"fd://{self._listener.fileno()}", "--worker-class", "gthread"),
                # Longer than its clients keep theirs: a connection must not end under a request.
                *("--threads", "8", "--timeout", "90", "--keep-alive", "75"),
                *("--log-level", "warning"),
            ],
            pass_fds=(self._listener.fileno(),),
        )
        self._listener.close()  # the server's own copy listens on
        self.start_worker()
        self._run(
            "beat",
            [*celery, "beat", "--loglevel", "INFO", "--schedule", str(self.home / "beat-schedule")],
        )
        self._wait_until_ready()

    def start_worker(self, name: str = "worker") -> Process:
        """Start a worker of all queues that this machine serves."""
        return self._run(
            name,
            [
                *(sys.executable, "-m", "celery", "--app", "workers.celery:app", "worker"),
                *("--pool", "threads", "--concurrency", "2", "--queues", "sync,cpu"),
                *("--hostname", f"{name}@%h", "--loglevel", "INFO"),
            ],
        )

    def restart_worker(self, name: str = "worker") -> Process:
        """Start a worker anew after its process was ended."""
        self._processes.remove(self.process(name))
        return self.start_worker(name)

    def process(self, name: str) -> Process:
        """The running process of this name: web, worker or beat."""
        return next(process for process in self._processes if process.name == name)

    def stop(self) -> None:
        """Stop what was started, in the reverse order; the embedded database ends with us."""
        stop_all(list(reversed(self._processes)))
        self._processes.clear()
        self._listener.close()

    def make_admin(self, name: str = "admin") -> str:
        """Make an administrator, or give an existing one a new password; the password."""
        password = secrets.token_urlsafe(9)
        self._manage("make_admin", name, password_from_environment=password)
        return password

    def token(self, name: str, password: str) -> str:
        """A new API token for this account."""
        answer = httpx.post(
            f"{self.url}/api/v1/tokens/", auth=(name, password), json={"name": "stack"}, timeout=30
        )
        answer.raise_for_status()
        return str(answer.json()["token"])

    def check(self) -> None:
        """Whether all that was started still runs.

        Raises:
            StackProblem: one has ended; its last lines are in the message.
        """
        for process in self._processes:
            if not process.alive:
                raise StackProblem(f"{process.name} ended on its own:\n{process.tail(15)}")

    def _run(self, name: str, command: list[str], pass_fds: tuple[int, ...] = ()) -> Process:
        log = self.home / "log" / f"{name}.log"
        process = Process(name, command, self.env, log, pass_fds)
        process.start()
        self._processes.append(process)
        return process

    def _manage(self, *arguments: str, password_from_environment: str = "") -> None:
        env = {**self.env, "CROSSPORT_ADMIN_PASSWORD": password_from_environment}
        process = Process(
            arguments[0],
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env,
            self.home / "log" / f"{arguments[0]}.log",
        )
        process.start()
        code = process.wait(START_SECONDS)
        if code != 0:
            raise StackProblem(f"manage.py {arguments[0]} failed:\n{process.tail(15)}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # not listening yet; the deadline decides
            time.sleep(0.1)
        logs = "\n".join(f"{p.name}: {p.tail(5)}" for p in self._processes)
        raise StackProblem(f"{self.url}/readyz did not say ready in {START_SECONDS:.0f} s:\n{logs}")

    def database(self) -> psycopg.Connection:
        """A connection of one's own to the stack's database, for tests that look behind it."""
        return psycopg.connect(self.env["DATABASE_URL"], autocommit=True)
