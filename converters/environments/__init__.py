"""Which Python environment each framework converts in, as data: one file of hashed pins each.

The standard environment is the one that runs the worker's children; a framework too large for it
has pins of its own in this folder, from which a worker builds an environment when it first needs
it. The pins are compiled from pyproject.toml by `make lock`. Jars of JVM libraries that judge are
pinned in the same way, one file of sums a library.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STANDARD = "standard"
FOLDER = Path(__file__).parent
# Where a child finds the jars that its JVM loads.
JARS_VARIABLE = "CROSSPORT_JARS"


@dataclass(frozen=True)
class Environment:
    """One environment: what people call it, and about how large it is on disk.

    from_source: the pinned packages that are published as source only. They alone may be built,
        with the `build_with` pinned beside them; every other package comes as a wheel.
    """

    name: str
    title: str
    gigabytes: float
    from_source: tuple[str, ...] = ()
    build_with: tuple[str, ...] = ("setuptools",)

    @property
    def pins(self) -> Path:
        """The requirements file, with hashes."""
        return FOLDER / f"{self.name}.txt"


ENVIRONMENTS = (
    Environment("torch", "PyTorch", 5.6),
    Environment("tensorflow", "TensorFlow", 2.0),
    Environment("h2o", "H2O", 1.0),
    Environment("statistics", "statsmodels", 0.6),
    Environment("spark", "Spark", 1.1, from_source=("pyspark",)),
)


@dataclass(frozen=True)
class Jars:
    """The jars of a JVM library that judges, or that a library of ours is compiled against, pinned
    by sha256: what people call it, and its size.

    They are for Linux on x86-64, as the wheels of the Python environments are.
    """

    name: str
    title: str
    gigabytes: float

    @property
    def pins(self) -> Path:
        """`group:artifact:version[:classifier] sha256`, one jar a line."""
        return FOLDER / f"{self.name}.jars"


JARS = (
    Jars("dl4j", "Deeplearning4j", 0.2),
    Jars("java", "the generated Java", 0.15),
    Jars("client", "the Java client", 0.001),
    Jars("spring", "the Spring Boot starter", 0.01),
)


def environment(name: str) -> Environment:
    """The environment of this name.

    Raises:
        KeyError: there is none; `standard` has no pins of its own.
    """
    return {row.name: row for row in ENVIRONMENTS}[name]


def jars(name: str) -> Jars:
    """The set of jars of this name.

    Raises:
        KeyError: there is none.
    """
    return {row.name: row for row in JARS}[name]


def pinned(name: str, group: str, artifact: str) -> str:
    """The version of a jar in the set of this name.

    Raises:
        KeyError: there is no such set. ValueError: it has no such jar, or two of them.
    """
    places = [
        line.split()[0].split(":")
        for line in jars(name).pins.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    (version,) = [place[2] for place in places if place[:2] == [group, artifact]]
    return version
