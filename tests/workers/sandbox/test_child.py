"""What a hostile or broken child can and cannot do: real processes, no mocks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workers import sandbox
from workers.sandbox import ChildResult, Killed, Level, Limits, command, level, run_child

NOBODY = 65534
MARK = f"crossport-test-{os.getpid()}"


def run(
    folder: Path,
    script: str,
    *arguments: str,
    limits: Limits | None = None,
    on_output: Callable[[str], None] = lambda text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ChildResult:
    argv = [sys.executable, "-I", "-u", "-c", script, *arguments]
    return run_child(argv, folder, limits or Limits(wall_seconds=30), on_output, cancelled)


def processes_with(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


needs_namespaces = pytest.mark.skipif(
    level() is not Level.NAMESPACES, reason="this host allows no user namespaces"
)


@pytest.fixture(params=["as this host allows", "without namespaces"])
def any_level(request, monkeypatch):
    """Every promise that does not need namespaces is kept without them too."""
    if request.param == "without namespaces":
        monkeypatch.setattr("workers.sandbox.child.level", lambda: Level.LIMITS)


def test_an_honest_child_ends_with_its_output_and_its_exit_code(tmp_path, any_level):
    heard: list[str] = []
    result = run(tmp_path, "print('wörk'); raise SystemExit(7)", on_output=heard.append)
    assert (result.exit_code, result.signal, result.killed_why) == (7, None, Killed.NOT)
    assert not result.ok
    assert "".join(heard) == result.tail == "wörk\n"
    assert 0 < result.seconds < 10
    assert 1 < result.peak_mb < 100


def test_a_child_sees_no_secret_of_ours_in_its_environment(tmp_path, any_level, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", f"{MARK}-key")
    monkeypatch.setenv("DATABASE_URL", f"postgres://{MARK}")
    monkeypatch.setenv("CROSSPORT_HOME", f"/{MARK}")
    monkeypatch.setenv("PYTHONPATH", f"/{MARK}")
    result = run(tmp_path, "import os; print(sorted(os.environ)); print(os.environ)")
    assert result.ok
    assert MARK not in result.tail
    names = result.tail.splitlines()[0]
    assert "CROSSPORT" not in names and "DATABASE_URL" not in names and "SECRET" not in names
    assert str(tmp_path / "tmp") in result.tail  # HOME and TMPDIR


@needs_namespaces
def test_a_child_cannot_read_the_environment_of_the_worker(tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env={"SECRET_KEY": f"{MARK}-env"}
    )
    script = (
        "import pathlib\n"
        "for p in pathlib.Path('/proc').glob('[0-9]*/environ'):\n"
        "    try: print(p, p.read_bytes())\n"
        "    except OSError: pass\n"
    )
    try:
        result = run(tmp_path, script)
    finally:
        other.kill()
        other.wait()
    assert result.ok
    assert f"/{os.getpid()}/" not in result.tail
    assert f"{MARK}-env" not in result.tail


@needs_namespaces
def test_a_child_reaches_no_network_not_even_this_machine(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run(
            tmp_path,
            "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)",
            str(port),
        )
    assert result.exit_code == 1
    assert "refused" in result.tail  # by its own loopback, on which nobody listens


@needs_namespaces
def test_a_child_reaches_no_other_machine(tmp_path):
    result = run(tmp_path, "import socket; socket.create_connection(('192.0.2.1', 80), 5)")
    assert result.exit_code == 1
    assert "unreachable" in result.tail


@needs_namespaces
def test_a_child_speaks_with_what_it_started_itself(tmp_path):
    script = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname(), 5).sendall(b'x')\n"
        "print(server.accept()[0].recv(1))\n"
    )
    result = run(tmp_path, script)
    assert result.ok, result.tail
    assert "b'x'" in result.tail


def test_a_child_has_no_file_of_ours_open_and_nothing_to_read(tmp_path, any_level):
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        script = (
            "import os, sys\n"
            "print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')\n"
            "       if n not in '012' and os.path.lexists(f'/proc/self/fd/{n}')])\n"
            "print(repr(sys.stdin.read()))"
        )
        result = run(tmp_path, script)
    assert result.ok
    assert result.tail == "[]\n''\n"


def test_a_child_gets_no_new_privileges_and_leaves_no_core(tmp_path, any_level):
    script = (
        "import resource\n"
        "print([l for l in open('/proc/self/status') if l.startswith('NoNewPrivs')])\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    result = run(tmp_path, script)
    assert "NoNewPrivs:\\t1" in result.tail
    assert "(0, 0)" in result.tail


def test_a_child_that_sleeps_for_ever_is_ended_by_the_wall_clock(tmp_path, any_level):
    result = run(tmp_path, "import time; time.sleep(999)", limits=Limits(wall_seconds=0.5))
    assert result.timed_out
    assert result.signal == signal.SIGKILL
    assert result.seconds < 3


def test_a_child_that_closes_its_output_and_goes_on_is_still_ended(tmp_path, any_level):
    script = "import os, time; os.close(1); os.close(2); time.sleep(999)"
    result = run(tmp_path, script, limits=Limits(wall_seconds=0.5))
    assert result.timed_out
    assert result.seconds < 3


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        for _ in range(3):
            os.fork()
        time.sleep(999)
    os._exit(0)
os.wait()
print("forked")
{last}
"""


@pytest.mark.parametrize("last", ["", "time.sleep(999)"])
def test_daemons_that_a_child_leaves_end_with_it(tmp_path, any_level, last):
    mark = f"{MARK}-{tmp_path.name}"
    limits = Limits(wall_seconds=2)
    result = run(tmp_path, DAEMON.format(last=last), mark, limits=limits)
    assert "forked" in result.tail
    assert result.killed_why == ("time" if last else "")
    assert processes_with(mark) == []


def test_a_cancelled_child_and_its_whole_tree_are_gone_within_a_second(tmp_path, any_level):
    mark = f"{MARK}-{tmp_path.name}"
    at = 0.0

    def cancelled() -> bool:
        nonlocal at
        if not at and len(processes_with(mark)) > 8:
            at = time.monotonic()
        return at > 0

    script = DAEMON.format(last="time.sleep(999)")
    result = run(tmp_path, script, mark, cancelled=cancelled)
    took = time.monotonic() - at
    assert result.killed_why is Killed.CANCELLED
    assert processes_with(mark) == []
    assert took < 1.5


def test_children_do_not_outlive_a_worker_that_is_killed(tmp_path):
    mark = f"{MARK}-{tmp_path.name}"
    worker = (
        "import sys; from pathlib import Path; from workers.sandbox import *\n"
        "run_child([sys.executable, '-I', '-c', sys.argv[2], sys.argv[3]], Path(sys.argv[1]),"
        " Limits(), lambda t: print(t, flush=True), lambda: False)"
    )
    script = DAEMON.format(last="time.sleep(999)")
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            worker,
            str(tmp_path),
            script.replace('"forked"', '"forked", flush=True'),
            mark,
        ],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"forked" in process.stdout.readline()
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while processes_with(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_with(mark) == []


def test_a_child_that_prints_without_end_costs_no_more_than_the_log_may_hold(tmp_path):
    heard = 0

    def on_output(text: str) -> None:
        nonlocal heard
        heard += len(text)

    script = "import sys\nfor _ in range(100): sys.stdout.write('x' * 2**20)\nprint('end')"
    result = run(tmp_path, script, on_output=on_output)
    assert result.ok
    assert 10 * 2**20 <= heard < 10 * 2**20 + 200
    assert result.tail.endswith("longer than the log may be]\n")


def test_a_child_that_allocates_too_much_gets_no_more(tmp_path, any_level):
    script = "blocks = []\nwhile True: blocks.append(bytearray(2**24))"
    result = run(tmp_path, script, limits=Limits(wall_seconds=30, memory_mb=256))
    assert result.exit_code == 1
    assert "MemoryError" in result.tail
    assert 100 < result.peak_mb < 400


def test_a_child_that_computes_for_ever_is_ended_by_the_cpu_limit(tmp_path, any_level):
    result = run(tmp_path, "while True: pass", limits=Limits(wall_seconds=30, cpu_seconds=1))
    assert result.signal in {signal.SIGXCPU, signal.SIGKILL}
    assert result.seconds < 10


def test_a_child_that_fills_the_disk_is_ended(tmp_path, any_level):
    script = (
        "import os\n"
        "for n in range(99):\n"
        "    with open(f'{n}', 'wb') as f: os.posix_fallocate(f.fileno(), 0, 2**23)\n"
        "import time; time.sleep(999)"
    )
    result = run(tmp_path, script, limits=Limits(wall_seconds=30, disk_mb=64))
    assert result.killed_why is Killed.DISK
    assert result.seconds < 10


def test_what_lay_there_before_does_not_count_as_written_by_the_child(tmp_path, any_level):
    with (tmp_path / "fetched").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 96 * 2**20)
    result = run(
        tmp_path, "import time; time.sleep(2.5)", limits=Limits(wall_seconds=30, disk_mb=64)
    )
    assert result.ok


def test_a_child_cannot_write_one_file_beyond_the_limit(tmp_path, any_level):
    script = "import os; f = open('big', 'wb'); os.ftruncate(f.fileno(), 2**26)"
    result = run(tmp_path, script, limits=Limits(wall_seconds=30, file_mb=16))
    assert not result.ok
    assert (tmp_path / "big").stat().st_size <= 2**24


def test_what_a_child_leaves_in_its_scratch_folder_is_gone_before_the_next(tmp_path, any_level):
    script = (
        "import os\n"
        "os.makedirs(os.environ['TMPDIR'] + '/a/b')\n"
        "os.chmod(os.environ['TMPDIR'] + '/a', 0)"
    )
    assert run(tmp_path, script).ok
    assert not (tmp_path / "tmp").exists()


def test_a_program_that_is_not_there_is_a_sentence_not_a_hang(tmp_path, any_level):
    result = run_child(["/no/such"], tmp_path, Limits(), lambda text: None, lambda: False)
    assert result.exit_code == 126
    assert "could not start the child" in result.tail


def test_the_converters_can_be_called_in_a_child(tmp_path):
    result = run_child(
        command("no-such-verb", tmp_path), tmp_path, Limits(), lambda text: None, lambda: False
    )
    assert result.exit_code == 2
    assert "usage: python -m converters" in result.tail


def test_several_children_at_once_do_not_disturb_each_other(tmp_path):
    results: dict[int, ChildResult] = {}

    def one(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        results[number] = run(folder, f"import time; time.sleep({number} / 5); print({number})")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: result.tail for number, result in results.items()} == {
        number: f"{number}\n" for number in range(6)
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_an_ordinary_account_confines_as_well_as_root():
    python = open_interpreter()
    worker = (
        "import sys; from pathlib import Path; from workers.sandbox import *\n"
        "r = run_child([sys.executable, '-I', '-c', 'import os; print(os.getuid())'],"
        " Path(sys.argv[1]), Limits(), lambda t: None, lambda: False)\n"
        "print(level().name, r.exit_code, r.tail)"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(Path(sandbox.__file__).parent, folder / "workers" / "sandbox")
        (folder / "job").mkdir()
        os.chown(folder / "job", NOBODY, NOBODY)
        done = subprocess.run(
            [python, "-c", worker, str(folder / "job")],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env={"PYTHONPATH": name, "PATH": os.defpath},
            capture_output=True,
            text=True,
            cwd="/",
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == ["0", str(NOBODY)], done.stdout


def open_interpreter() -> str:
    """A Python that every account may start; this one may live in root's own home."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            asked = [python, "-c", "import sys; raise SystemExit(sys.version_info < (3, 11))"]
            done = subprocess.run(asked, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip("no Python here that another account may start")
