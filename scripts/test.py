"""Starts what tests need, runs pytest over them, stops everything: `make test ARGS="-k mirror"`.

One embedded PostgreSQL and one MLflow server with real models serve the whole run; arguments go to
pytest.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from portal import embedded  # noqa: E402
from scripts.demo_models import log_demo_models  # noqa: E402
from scripts.mlflow_server import MlflowServer, MlflowServerProblem  # noqa: E402

STOP_SECONDS = 60.0


class Terminated(KeyboardInterrupt):
    """Asked to end by a signal that nobody else got."""


def say(text: str) -> None:
    print(f"test: {text}", file=sys.stderr, flush=True)


def run(command: list[str], env: dict[str, str]) -> int:
    """Run pytest; when stopped, give its fixtures the time to stop what they started."""
    child = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        return child.wait()
    except KeyboardInterrupt as stop:
        say("stopping")
        if isinstance(stop, Terminated):
            child.send_signal(signal.SIGINT)  # Ctrl-C reaches it by itself, and once is enough
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
        raise


def terminate(*_: object) -> None:
    """`kill` ends the run as Ctrl-C does: with the servers that it started."""
    raise Terminated


def main(arguments: list[str]) -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crossport-test-") as folder:
        home = Path(folder) / "home"
        # Embedded PostgreSQL run by root uses an account of its own, which must reach its files.
        Path(folder).chmod(0o755)
        env = {**os.environ, "CROSSPORT_HOME": str(home)}
        env["DATABASE_URL"] = os.environ.get("DATABASE_URL") or embedded.database_url(home)
        say(f"PostgreSQL is up, {time.monotonic() - begun:.0f} s")
        with MlflowServer(Path(folder) / "mlflow") as server:
            say(f"MLflow is up, {time.monotonic() - begun:.0f} s")
            log_demo_models(server.url, progress=lambda text: None)
            say(f"MLflow holds the demo's models, {time.monotonic() - begun:.0f} s")
            env["CROSSPORT_TEST_MLFLOW_URL"] = server.url
            env["CROSSPORT_TEST_MLFLOW_FOLDER"] = str(Path(folder) / "mlflow")
            workers = [] if any(word.startswith("-n") for word in arguments) else ["-n", "2"]
            command = [sys.executable, "-m", "pytest", *workers, "--dist", "loadfile", *arguments]
            code = run(command, env)
        say(f"{time.monotonic() - begun:.0f} s in all")
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminate)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)
    except (embedded.EmbeddedProblem, MlflowServerProblem) as problem:
        say(str(problem))
        sys.exit(1)
