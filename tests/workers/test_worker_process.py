"""Real worker processes over both brokers and both kinds of PostgreSQL; killed too."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from celery import Celery
from django.db import connection
from django.db.models.functions import Now

from scripts.ports import free_port
from workers import dispatch, queues, readings, reconcile
from workers.celery import broker as broker_settings
from workers.models import Bundle, Job, JobState, ReadingState, StepState, Worker

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL_LIBRARIES = ("numpy", "sklearn", "scipy", "pandas", "onnx", "xgboost", "lightgbm", "jvm")
NOBODY = 65534


def wait_for(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def database_url() -> str:
    """The URL of the test's own database, for another process."""
    facts = connection.settings_dict
    options = {key: str(value) for key, value in facts["OPTIONS"].items() if key == "host"}
    host = facts["HOST"]
    if host.startswith("/"):
        host, options = "", {"host": host}
    port = f":{facts['PORT']}" if facts["PORT"] else ""
    login = f"{facts['USER']}:{quote(facts['PASSWORD'])}@" if facts["USER"] else ""
    return f"postgresql://{login}{host}{port}/{facts['NAME']}?{urlencode(options)}"


class WorkerProcess:
    """One `celery worker` of the test's own."""

    def __init__(self, name: str, env: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "--app", "workers.celery:app", "worker"),
                    *("--pool", "threads", "--concurrency", "2", "--queues", "sync,cpu"),
                    *("--hostname", f"{name}@%h", "--loglevel", "INFO"),
                ],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def row(self) -> Worker | None:
        return Worker.objects.filter(name__startswith=f"{self.name}@").first()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(params=["filesystem", "redis"])
def redis_url(request, tmp_path, home, monkeypatch) -> Iterator[str]:
    """The broker: files below the test's home, or a real Redis."""
    if request.param == "filesystem":
        yield ""
        return
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server on this machine (Debian: apt-get install redis-server)")
    port = free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    app = Celery("test", set_as_current=False)
    app.conf.update(**broker_settings(url, home))
    monkeypatch.setattr(queues, "app", app)
    try:
        yield url
    finally:
        app.close()
        server.terminate()
        server.wait()


@pytest.fixture
def start_worker(
    transactional_db, redis_url, home, tmp_path
) -> Iterator[Callable[[str], WorkerProcess]]:
    started: list[WorkerProcess] = []
    env = {
        **os.environ,
        "CROSSPORT_HOME": str(home),
        "STORAGE_URL": f"file://{home / 'storage'}",
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "SECRET_KEY": "of-the-tests",
    }

    def start(name: str) -> WorkerProcess:
        worker = WorkerProcess(name, env, tmp_path / f"{name}.log")
        started.append(worker)
        wait_for(lambda: worker.row, "the worker reports itself")
        return worker

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.stop()


def processes_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in line and b"celery" not in line:
                found.append(line.decode())
    return found


def test_a_worker_does_a_job_and_never_loads_a_model_library(version_of, start_worker):
    worker = start_worker("one")
    assert worker.row is not None
    assert worker.row.queues == ["cpu", "sync"]
    export, _ = dispatch.request_export(version_of("diabetes-linear"), "onnx")
    job = export.jobs.get()
    wait_for(lambda: Job.objects.get(pk=job.pk).is_final, worker.log.read_text())
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.sentence + job.log
    assert job.worker == worker.row.name
    assert Bundle.objects.count() == 1
    maps = Path(f"/proc/{worker.process.pid}/maps").read_text()
    loaded = {line.split()[-1] for line in maps.splitlines() if ".so" in line}
    assert any("psycopg" in name for name in loaded)
    assert not [name for name in loaded for word in MODEL_LIBRARIES if word in name.lower()]
    worker.stop()
    assert worker.row is None


def test_a_job_whose_worker_is_killed_is_taken_up_again_once(version_of, start_worker, home):
    worker = start_worker("first")
    export, _ = dispatch.request_export(version_of("diabetes-linear"), "onnx")
    job = export.jobs.get()
    wait_for(
        lambda: job.steps.filter(name="convert", state=StepState.RUNNING).exists(),
        worker.log.read_text(),
    )
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    wait_for(lambda: not processes_in(home / "jobs"), "its children end with it", 5)
    assert (home / "jobs" / str(job.pk) / "1").is_dir()
    second = start_worker("second")
    # As if thirty seconds had passed.
    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))
    reconcile.reap()
    reconcile.reap()
    wait_for(lambda: Job.objects.get(pk=job.pk).is_final, second.log.read_text())
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.sentence + job.log
    assert job.attempt == 2
    assert Bundle.objects.count() == 1
    wait_for(lambda: not (home / "jobs" / str(job.pk)).exists(), "both folders go", 5)


def test_a_worker_reads_a_versions_files_when_it_is_woken(version_of, start_worker):
    worker = start_worker("one")
    version = version_of("affordability")
    queues.wake_reading(version.pk, expires=60)
    wait_for(
        lambda: readings.reading_of(version).state != ReadingState.PENDING, worker.log.read_text()
    )
    onnx = next(row for row in readings.verdicts(version) if row.target == "onnx")
    assert (onnx.answer, onnx.code, onnx.depth) == ("cannot", "own_python", "files")


def test_tasks_go_by_the_names_under_which_they_are_sent():
    from workers.celery import app

    app.loader.import_default_modules()
    names = {queues.RUN_JOB, queues.SYNC_SOURCE, queues.SYNC_ALL, queues.READ_FILES, queues.REAP}
    assert names <= set(app.tasks)
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled == {queues.SYNC_ALL, queues.REAP}


@pytest.fixture
def external_postgres(tmp_path_factory) -> Iterator[str]:
    """The distribution's PostgreSQL, run from a folder of its own."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    bin_folder = programs[-1].parent
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    account = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if account:
        os.chown(folder, NOBODY, NOBODY)
    port = free_port()

    def call(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(bin_folder / program), *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            **account,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr

    data = str(folder / "data")
    call("initdb", "-D", data, "-U", "crossport", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
    call("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://crossport@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", data, "-m", "fast", "stop")
        shutil.rmtree(folder)


EXPORT = """
import sys
from registry.models import ModelVersion
from registry.sources import add_source
from registry.sync import sync_source
from workers import dispatch
from workers.execute import execute
print(sync_source(add_source("demo", sys.argv[1])).state)
version = ModelVersion.objects.filter(model__name="diabetes-linear").first()
export, created = dispatch.request_export(version, "onnx")
execute(export.jobs.get().pk, "tester")
print(created, export.jobs.get().state, export.bundles.count())
"""


def test_a_job_is_done_over_a_postgresql_of_ones_own(external_postgres, mlflow_url, tmp_path):
    env = {
        **os.environ,
        "CROSSPORT_HOME": str(tmp_path),
        "DATABASE_URL": external_postgres,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "REDIS_URL": "",
        "STORAGE_URL": f"file://{tmp_path / 'storage'}",
    }
    manage = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(manage, env=env, check=True, cwd=ROOT)
    script = "import django; django.setup()\n" + EXPORT
    done = subprocess.run(
        [sys.executable, "-c", script, mlflow_url],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["done", "True", "succeeded", "1"], done.stdout + done.stderr
    assert not (tmp_path / "postgres").exists()
