"""A real MLflow server on loopback, run by this interpreter, for the demo, tests and benchmarks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import TracebackType

import httpx

from scripts.ports import free_port, is_free
from scripts.processes import end_with_parent

START_SECONDS = 120.0
STOP_SECONDS = 10.0
TAIL_LINES = 15


class MlflowServerProblem(Exception):
    """Why the server does not run, in one sentence, with the last lines of its log."""


class MlflowServer:
    """`mlflow server` over SQLite in `folder`, artifacts in `folder`/artifacts served through it.

    What was logged stays in `folder`: a second server over the same folder holds it again.
    `port` 0 picks a free one. `options` are further arguments of `mlflow server`.
    """

    def __init__(self, folder: Path, port: int = 0, options: tuple[str, ...] = ()) -> None:
        self.folder = folder.resolve()
        self.artifacts = self.folder / "artifacts"
        self.log = self.folder / "server.log"
        self._port = port
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address, with no slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> MlflowServer:
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
        """Start the server and wait until its registry answers.

        Raises:
            MlflowServerProblem: the port is taken, the server ended, or did not answer in time.
        """
        self.artifacts.mkdir(parents=True, exist_ok=True)
        if self._port and not is_free(self._port):
            raise MlflowServerProblem(
                f"Port {self._port}, wished for the MLflow server, is taken by another program."
            )
        self._port = self._port or free_port()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # one group, so that uvicorn's worker ends with it
                preexec_fn=end_with_parent,
            )
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """End the server and every process that it started; nothing happens when none runs."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        # Whatever of its group is left, and itself where it did not listen.
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of the server's log."""
        if not self.log.exists():
            return ""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, maxlen=lines)).rstrip()

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", "127.0.0.1", "--port", str(self._port), "--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}"),
            *("--serve-artifacts", "--artifacts-destination", self.artifacts.as_uri()),
            *self._options,
        ]

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        address = f"{self.url}/api/2.0/mlflow/registered-models/search?max_results=1"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (code := process.poll()) is not None:
                raise MlflowServerProblem(
                    f"The MLflow server ended with exit code {code} before it answered. "
                    f"The last lines of {self.log}:\n{self.tail()}"
                )
            try:
                if httpx.get(address, timeout=5, trust_env=False).status_code < 500:
                    return
            except httpx.TransportError:
                pass  # not listening yet; the deadline decides
            time.sleep(0.1)
        raise MlflowServerProblem(
            f"The MLflow server did not answer at {self.url} in {START_SECONDS:.0f} s. "
            f"The last lines of {self.log}:\n{self.tail()}"
        )


def _environment() -> dict[str, str]:
    """Ours without MLflow's own settings, which would point the server at somebody else's store."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return env | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        # Job runners are extra processes for evaluations, which a registry does not need.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "GIT_PYTHON_REFRESH": "quiet",
        "PYTHONUNBUFFERED": "1",
    }


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # the whole group has ended already
        os.killpg(group, number)
