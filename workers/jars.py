"""Fetches and keeps the jars of JVM libraries that judge, through Maven and checked by sha256.

A set of jars is named by the hash of its pins, like a Python environment, and lies beside those.
Maven is asked for exactly what is pinned, once; afterwards neither it nor the network is needed.
Every use checks every sum again, for a judge is worth no more than what it runs on.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from converters import environments
from workers.environments import STAMP, EnvironmentProblem, Log, call, once

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
PLATFORMS = (("Linux", "x86_64"),)


@dataclass(frozen=True)
class Pin:
    """One jar: where Maven has it, and what it must be."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def file(self) -> str:
        """Its name among the fetched ones."""
        parts = [f"{self.group}.{self.artifact}", self.version, self.classifier]
        return "-".join(filter(None, parts)) + ".jar"


def pins(name: str) -> list[Pin]:
    """The jars of a set, in the order of its file."""
    found = []
    for line in environments.jars(name).pins.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            place, sha256 = line.split()
            group, artifact, version, *classifier = place.split(":")
            found.append(Pin(group, artifact, version, "".join(classifier), sha256))
    return found


def digest(name: str) -> str:
    """What a set is made of, as 16 hexadecimal digits; part of an export's identity."""
    return hashlib.sha256(environments.jars(name).pins.read_bytes()).hexdigest()[:16]


def place_of(name: str, folder: Path) -> Path:
    """Where a set lies once it has been fetched."""
    return folder / f"{name}-{digest(name)}"


def ready(name: str, folder: Path, log: Log, stopped: Callable[[], bool]) -> Path:
    """The folder that holds the jars of this set and nothing else, fetched first where missing.

    Raises:
        EnvironmentProblem: they cannot be had. environments.Stopped: `stopped` said so.
    """
    place = place_of(name, folder)
    return _complete(name, place) or once(
        place,
        lambda: _complete(name, place),
        lambda: _fetch(name, place, log, stopped),
        stopped,
    )


def _complete(name: str, place: Path) -> Path | None:
    """The folder of a set that has been fetched and is still what it was."""
    found = place / "jars"
    return found if (place / STAMP).exists() and not _differing(name, found) else None


def _differing(name: str, folder: Path) -> list[str]:
    """Names of jars that are missing, are others than the pinned ones, or are not pinned."""
    wanted = {pin.file: pin.sha256 for pin in pins(name)}
    there = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    return sorted(
        name
        for name in wanted.keys() | there.keys()
        if name not in there
        or there[name].is_symlink()
        or not there[name].is_file()
        or hashlib.sha256(there[name].read_bytes()).hexdigest() != wanted.get(name)
    )


def _fetch(name: str, place: Path, log: Log, stopped: Callable[[], bool]) -> Path:
    row = environments.jars(name)
    maven = shutil.which("mvn")
    if (platform.system(), platform.machine()) not in PLATFORMS:
        raise EnvironmentProblem(
            "environment_failed",
            f"The jars of {row.title} are pinned for Linux on x86-64, which this worker is not; "
            "let a worker there take exports to it.",
        )
    if maven is None:
        raise EnvironmentProblem(
            "environment_failed",
            f"This worker has no Maven, which fetches the jars of {row.title} once; install Maven "
            f"with a Java runtime, or copy {place.name} from the environments of a worker that "
            "has it.",
        )
    log(f"fetching the jars of {row.title}, about {row.gigabytes:g} GB, once on this worker\n")
    place.mkdir()
    (place / "pom.xml").write_text(_pom(pins(name)), encoding="utf-8")
    command = [maven, "--batch-mode", "--no-transfer-progress", "--file", str(place / "pom.xml")]
    command += [f"{PLUGIN}:copy-dependencies", f"-DoutputDirectory={place / 'jars'}"]
    call([*command, "-Dmdep.prependGroupId=true"], row, log, stopped)
    if differing := _differing(name, place / "jars"):
        raise EnvironmentProblem(
            "environment_failed",
            f"Maven gave other jars of {row.title} than the pinned ones: "
            f"{', '.join(differing[:3])}. Look at the repository that it fetches from.",
        )
    (place / STAMP).touch()
    return place / "jars"


def _pom(wanted: list[Pin]) -> str:
    """A project that depends on exactly these jars, and on none of their own dependencies."""
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n'
        "<modelVersion>4.0.0</modelVersion>\n"
        "<groupId>crossport</groupId><artifactId>jars</artifactId><version>1</version>\n"
        f"<dependencies>\n{''.join(map(_dependency, wanted))}</dependencies>\n</project>\n"
    )


def _dependency(pin: Pin) -> str:
    told = {
        "groupId": pin.group,
        "artifactId": pin.artifact,
        "version": pin.version,
        "classifier": pin.classifier,
    }
    inside = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in told.items() if value)
    nothing = "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
    return f"<dependency>{inside}<exclusions>{nothing}</exclusions></dependency>\n"
