"""Which Python environment each framework converts in, as data: one file of hashed pins each.

The standard environment is the one that runs the worker's children; a framework too large for it
has pins of its own in this folder, from which a worker builds an environment when it first needs
it. The pins are compiled from pyproject.toml by `make lock`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STANDARD = "standard"
FOLDER = Path(__file__).parent


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


def environment(name: str) -> Environment:
    """The environment of this name.

    Raises:
        KeyError: there is none; `standard` has no pins of its own.
    """
    return {row.name: row for row in ENVIRONMENTS}[name]
