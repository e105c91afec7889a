"""Child processes of the project's scripts: started, watched, stopped with all they started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 20.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)


def end_with_parent() -> None:
    """In a new child: get SIGTERM when the thread that started it is gone, also when killed -9."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One child in a session of its own, its output in a log file.

    A session of its own keeps a Ctrl-C in the terminal from reaching it: whoever started it decides
    when and in which order things stop.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        log_path: Path,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.env = dict(env)
        self.log_path = log_path
        self.pass_fds = tuple(pass_fds)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        """Start the child; its output is added to the log."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._child = subprocess.Popen(
                self.argv,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.pass_fds,
                preexec_fn=end_with_parent,
            )
        return self

    @property
    def pid(self) -> int:
        """The child's process id, which is its group's too.

        Raises:
            RuntimeError: it was never started.
        """
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def code(self) -> int | None:
        """The child's exit status, None while it runs; negative is the signal that ended it."""
        return None if self._child is None else self._child.poll()

    def wait(self, timeout: float) -> int:
        """Wait for the child's end and give its exit status; stop it when the time is over."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.stop()
            return self._child.wait()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send one signal to the child and all of its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End the child and its group: asked first, then killed."""
        if self._child is None:
            return
        if self.alive:
            self.kill(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout)
        self.kill(signal.SIGKILL)  # what is left of the group, and the child if it did not listen
        self._child.wait()

    def tree(self) -> list[int]:
        """The ids of the child and all its descendants that run now."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):
                    # "pid (name) state ppid …", and a name may hold blanks and parentheses
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    parents[int(entry.name)] = int(fields[1])
        found = [self.pid]
        for parent in found:
            found += [pid for pid, of in parents.items() if of == parent]
        return [pid for pid in found if pid in parents]

    def tail(self, lines: int = 15) -> str:
        """The last lines of the log."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, maxlen=lines)).rstrip()


def stop_all(processes: Iterable[Process], timeout: float = STOP_SECONDS) -> None:
    """Stop each in the order given."""
    for process in processes:
        process.stop(timeout)
