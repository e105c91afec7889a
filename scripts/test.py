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
from scripts.mlflow_server import MlflowServer  # noqa: E402


def say(text: str) -> None:
    print(f"test: {text}", file=sys.stderr, flush=True)


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
            command = [sys.executable, "-m", "pytest", *workers, "--dist", "loadgroup", *arguments]
            code = subprocess.run(command, cwd=ROOT, env=env).returncode
        say(f"{time.monotonic() - begun:.0f} s in all")
    return code


if __name__ == "__main__":
    # `kill` ends the run as Ctrl-C does: with the servers that it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
