"""The embedded PostgreSQL: odd folders, killed users, and nothing shared between accounts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
JOIN = (
    "import sys; from pathlib import Path; from portal import embedded;"
    "print(embedded.database_url(Path(sys.argv[1])), flush=True); sys.stdin.read()"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A short folder that the account of a root's server may pass through."""
    with tempfile.TemporaryDirectory(prefix="crossport-embedded-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"


class User:
    """A process that joined the server; it leaves when its standard input ends."""

    def __init__(self, home: Path, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", JOIN, str(home)],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def leave(self) -> str:
        """End it in order; what it complained about."""
        return self.process.communicate("", timeout=60)[1]


def server_of(home: Path) -> int:
    """The id of the running server of this home, or 0."""
    try:
        pid = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
        return pid if Path(f"/proc/{pid}/cwd").readlink() == home / "postgres" else 0
    except OSError:
        return 0


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT lower('Ä') = 'ä'").fetchone() == (True,)


def test_it_stops_with_the_last_that_joined_it(home):
    first, second = User(home), User(home)
    assert first.url == second.url
    assert first.leave() == ""
    assert answers(second.url)
    assert second.leave() == ""
    assert server_of(home) == 0


def test_a_user_that_was_killed_does_not_keep_it_running_for_ever(home):
    killed = User(home)
    killed.process.send_signal(signal.SIGKILL)
    killed.process.communicate()
    assert server_of(home), "nobody was there to stop it"
    next_one = User(home)
    assert answers(next_one.url)
    next_one.leave()
    assert server_of(home) == 0


def test_what_it_needs_lies_in_its_home_and_not_where_all_accounts_meet(home, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    user = User(home, TMPDIR=str(shared), XDG_RUNTIME_DIR=str(shared))
    found = list(shared.iterdir())
    user.leave()
    assert found == []


@pytest.mark.parametrize("name", ["a home, with 'blanks' # 100%", "deep" * 30])
def test_a_folder_with_blanks_or_a_long_name_will_do(home, name):
    user = User(home / name)
    assert answers(user.url), user.leave()
    assert user.leave() == ""
    assert server_of(home / name) == 0


def test_a_killed_server_whose_process_id_is_taken_again_is_started_anew(home):
    user = User(home)
    pid_file = home / "postgres" / "postmaster.pid"
    server, left = server_of(home), pid_file.read_text()
    os.kill(server, signal.SIGKILL)
    user.leave()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{server}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    pid_file.write_text(left.replace(str(server), str(os.getpid()), 1))
    again = User(home)
    assert answers(again.url)
    again.leave()


def test_a_set_up_that_was_killed_half_way_is_begun_anew(home):
    half = home / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    user = User(home)
    assert answers(user.url)
    user.leave()


def test_a_folder_of_somebody_else_is_left_alone_and_told(home):
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "letters.txt").write_text("mine")
    with pytest.raises(embedded.EmbeddedProblem, match="move it away"):
        embedded.database_url(home)
    assert (home / "postgres" / "letters.txt").read_text() == "mine"


def test_a_home_that_cannot_be_made_is_told_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(embedded.EmbeddedProblem, match="name another one in CROSSPORT_HOME"):
        embedded.database_url(tmp_path / "file" / "home")
