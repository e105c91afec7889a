"""`make run`: what it asks for, and that its processes live and die together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scripts import run
from scripts.ports import free_port
from scripts.processes import Process

ROOT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
FAIL = [sys.executable, "-c", "import sys; print('out of luck'); sys.exit(3)"]


def make_run(**env: str) -> subprocess.CompletedProcess[str]:
    known = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "PORT"}}
    command = [sys.executable, "scripts/run.py"]
    return subprocess.run(
        command, cwd=ROOT, env={**known, **env}, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL"])
def test_a_missing_server_is_refused_with_an_example_of_what_to_set(missing):
    servers = {"DATABASE_URL": "postgres://127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1/0"}
    servers.pop(missing)
    done = make_run(**servers)
    assert done.returncode == 1
    assert f"Set {missing}, " in done.stderr
    assert f"{missing}=" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "example"),
    [
        ("DATABASE_URL", "mysql://app:hidden@127.0.0.1/x", "DATABASE_URL=postgres://"),
        ("DATABASE_URL", "hidden", "DATABASE_URL=postgres://"),
        ("REDIS_URL", "amqp://app:hidden@127.0.0.1", "REDIS_URL=redis://"),
    ],
)
def test_a_server_of_another_kind_is_refused_and_its_password_not_repeated(name, value, example):
    servers = {"DATABASE_URL": "postgres://127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1/0"}
    done = make_run(**{**servers, name: value})
    assert done.returncode == 1
    assert f"{name} does not begin with" in done.stderr
    assert example in done.stderr
    assert "hidden" not in done.stderr


def test_a_port_that_is_no_number_is_refused():
    done = make_run(DATABASE_URL="postgres://x/x", REDIS_URL="redis://x", PORT="http")
    assert (done.returncode, done.stderr) == (
        1,
        "run: PORT=http is not a whole number from 1 to 65535.\n",
    )


def test_a_database_that_does_not_answer_stops_it_before_anything_serves(tmp_path):
    url = f"postgres://127.0.0.1:{free_port()}/none?connect_timeout=2"
    done = make_run(
        DATABASE_URL=url,
        REDIS_URL="redis://x",
        PORT=str(free_port()),
        CROSSPORT_HOME=str(tmp_path),
    )
    assert done.returncode == 1
    assert "manage.py migrate failed" in done.stderr
    assert not (tmp_path / "log" / "web.log").exists()


class Prepared(run.Service):
    """A service whose database is another test's matter, and which remembers what it started."""

    started: list[Process] = []

    def prepare(self):
        pass

    def start(self, wanted):
        super().start(wanted)
        self.started = list(self._running)


def test_one_process_that_ends_stops_the_others_and_fails(tmp_path, capfd):
    service = Prepared(os.environ, tmp_path)
    wanted = {"web": SLEEP, "worker": FAIL, "beat": SLEEP}
    assert run.serve(service, wanted, "127.0.0.1:0", tmp_path) == 1
    assert len(service.started) == 3
    assert not any(process.alive for process in service.started)
    said = capfd.readouterr().err
    assert "worker ended by itself (status 3)" in said
    assert "out of luck" in said


def test_an_order_to_stop_stops_all_and_is_no_failure(tmp_path):
    service = Prepared(os.environ, tmp_path)
    threading.Timer(1.0, service.ending.set).start()
    assert run.serve(service, {"web": SLEEP, "beat": SLEEP}, "127.0.0.1:0", tmp_path) == 0
    assert [process.code for process in service.started] == [-signal.SIGTERM, -signal.SIGTERM]
