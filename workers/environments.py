"""Builds and keeps the Python environments of frameworks that the standard one does not hold.

An environment is named by the hash of its pins and of this Python, so new pins are a new folder;
it is complete only when its stamp is there. Wheels only, by hash, with the network and without any
model or secret: what a wheel's code does on import happens later, in a confined child. The one
exception are packages that an environment names as published from source only: their pinned source
is built by the build tool pinned beside it, and nothing that is not hashed takes part.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from converters import environments
from workers.sandbox import remove_tree

STAMP = "complete"
POLL_SECONDS = 0.5
# What a resolver says when it cannot reach anybody, rather than that a pin is wrong.
UNREACHABLE = (
    *("error sending request", "dns error", "Connection refused", "timed out", "network"),
    *("Unknown host", "Could not transfer artifact", "Network is unreachable"),
)

Log = Callable[[str], None]


class EnvironmentProblem(Exception):
    """An environment that could not be built: a code, and one sentence for an administrator."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Stopped(Exception):
    """Nobody wants the environment any more."""


def default_folder() -> Path:
    """$CROSSPORT_ENVIRONMENTS, else the user's cache folder; a worker keeps them in its home."""
    if told := os.environ.get("CROSSPORT_ENVIRONMENTS"):
        return Path(told)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "crossport" / "environments"


def digest(name: str) -> str:
    """What an environment is made of, as 16 hexadecimal digits; part of an export's identity."""
    pins = environments.environment(name).pins.read_bytes()
    python = f"{sysconfig.get_platform()} {sys.version_info[:3]}".encode()
    return hashlib.sha256(pins + b"\n" + python).hexdigest()[:16]


def python_of(name: str, folder: Path) -> Path | None:
    """The interpreter of a complete environment, or None where it has still to be built."""
    if name == environments.STANDARD:
        return Path(sys.executable)
    place = folder / f"{name}-{digest(name)}"
    return place / "bin" / "python" if (place / STAMP).exists() else None


def ready(name: str, folder: Path, log: Log, stopped: Callable[[], bool]) -> Path:
    """The interpreter of this environment, built first where it is missing.

    Two that need the same one build it once; the other waits.

    Raises:
        EnvironmentProblem: it cannot be built. Stopped: `stopped` said so.
    """
    if found := python_of(name, folder):
        return found
    place = folder / f"{name}-{digest(name)}"
    return once(
        place,
        lambda: python_of(name, folder),
        lambda: _build(name, place, log, stopped),
        stopped,
    )


def once(
    place: Path,
    found: Callable[[], Path | None],
    build: Callable[[], Path],
    stopped: Callable[[], bool],
) -> Path:
    """What `found` gives, else what `build` makes in `place`: whole or not at all, by one of us.

    Raises:
        Stopped: `stopped` said so while another one built. Whatever `build` raises.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with _lock(place.with_suffix(".lock"), stopped):
        if there := found():
            return there
        remove_tree(place)
        try:
            return build()
        except BaseException:
            remove_tree(place)
            raise


def _build(name: str, place: Path, log: Log, stopped: Callable[[], bool]) -> Path:
    row = environments.environment(name)
    uv = _uv()
    log(f"building the {row.title} environment, about {row.gigabytes:g} GB, once on this worker\n")
    call([uv, "venv", "--quiet", "--python", sys.executable, str(place)], row, log, stopped)
    install = [uv, "pip", "install", "--python", str(place / "bin" / "python")]
    install += ["--require-hashes", "--only-binary", ":all:", "--compile-bytecode"]
    if row.from_source:
        # An isolated build would fetch a build tool that no pin names: it is installed first.
        tools = place / "build_tools.txt"
        tools.write_text(pins_of(row.pins.read_text(encoding="utf-8"), row.build_with))
        call([*install, "--requirement", str(tools)], row, log, stopped)
        for package in row.from_source:
            install += ["--no-binary", package, "--no-build-isolation-package", package]
    call([*install, "--requirement", str(row.pins)], row, log, stopped)
    # The child runs this very library, whatever environment it runs in.
    (site,) = place.glob("lib/python*/site-packages")
    (site / "converters").symlink_to(environments.FOLDER.parent)
    (place / STAMP).touch()
    return place / "bin" / "python"


def pins_of(pins: str, names: Sequence[str]) -> str:
    """The lines of a requirements file that pin these packages, hashes included.

    Raises:
        ValueError: one of them is not pinned.
    """
    blocks = pins.replace("\\\n", "\0").splitlines()
    found = {line.partition("==")[0]: line for line in blocks if "==" in line}
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"not pinned: {', '.join(missing)}")
    return "".join(found[name].replace("\0", "\\\n") + "\n" for name in names)


def _uv() -> str:
    """uv beside this Python, else on PATH.

    Raises:
        EnvironmentProblem: there is none.
    """
    for wished in (os.environ.get("UV", ""), str(Path(sys.executable).parent / "uv"), "uv"):
        if wished and (found := shutil.which(wished)):
            return found
    raise EnvironmentProblem(
        "environment_failed",
        "This worker has no uv, which builds the environments of large frameworks; install it "
        "with `pip install uv` beside Crossport.",
    )


def call(
    command: list[str],
    row: environments.Environment | environments.Jars,
    log: Log,
    stopped: Callable[[], bool],
) -> None:
    """Run one command that builds `row`, streaming what it says; end it when nobody wants it.

    Raises:
        EnvironmentProblem: it failed. Stopped: `stopped` said so.
    """
    environment = {key: value for key, value in os.environ.items() if _harmless(key)}
    with subprocess.Popen(  # noqa: S603 - uv, with paths of our own
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=environment,
        bufsize=0,  # a text stream breaks where a pipe that does not block is empty
    ) as child:
        said: list[str] = []
        stdout = child.stdout
        if stdout is None:
            raise TypeError("no pipe")
        os.set_blocking(stdout.fileno(), False)
        while True:
            code = _wait(child)
            if content := stdout.read():
                text = content.decode(errors="replace")
                said.append(text)
                log(text)
            if code is not None:
                break
            if stopped():
                child.kill()
                raise Stopped
    if code:
        raise _problem(row, "".join(said))


def _wait(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _problem(row: environments.Environment | environments.Jars, said: str) -> EnvironmentProblem:
    last = " ".join(" ".join(said.strip().splitlines()[-4:]).split())[:400]
    if "No space left" in said or "Disk quota" in said:
        return EnvironmentProblem(
            "disk_full",
            f"The disk is full: the {row.title} environment takes about {row.gigabytes:g} GB. Make "
            "room, then try the export again.",
        )
    if any(word in said for word in UNREACHABLE):
        return EnvironmentProblem(
            "environment_offline",
            f"The {row.title} environment could not be built, because the package registry cannot "
            f"be reached from this worker ({last}). Give it a way there, or build the environment "
            "beforehand.",
        )
    return EnvironmentProblem(
        "environment_failed", f"The {row.title} environment could not be built: {last}"
    )


def _harmless(key: str) -> bool:
    """Whether the builder sees a variable: ways to programs and registries, no secret of ours."""
    known = (
        *("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("JAVA_HOME", "MAVEN_OPTS"),
    )
    return key in known or key.startswith(("UV_", "PIP_")) or key.upper().endswith("_PROXY")


@contextlib.contextmanager
def _lock(path: Path, stopped: Callable[[], bool]) -> Iterator[None]:
    """One builder at a time, on this machine."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopped():
                    raise Stopped from None
                time.sleep(POLL_SECONDS)
        yield
