"""The questions that the generator asks of a runtime, and the answers that most of them give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from converters import environments
from converters.contract import Input, Output

if TYPE_CHECKING:
    from converters.bundle.manifest import Manifest
    from converters.java.plan import Answer, Plan


@dataclass(frozen=True)
class Source:
    """A source file. name: of the class, after the model's prefix where `own`."""

    name: str
    template: str
    parts: dict[str, str]
    own: bool = True


class Runtime(ABC):
    """One JVM library, as the bundle's generated code calls it.

    group, artifact: its coordinates in Maven. unneeded: groups of its dependencies that generated
        code never loads, left out of the pom.
    suffix: what stands behind the package, so that two targets of a model can be used at once.
    said: of its version, in the pom. terms: what README.md says of its licence. needs: what it says
        of the library and the machine.
    unreachable: a Java predicate of the characters that do not reach the model unharmed.
    text_check, empty_check: Java that refuses text that does not reach the model as it is.
    """

    group: str
    artifact: str
    unneeded: tuple[str, ...] = ()
    suffix: str = ""
    said: str = "The version that the model was proven on."
    terms: str = ""
    needs: str = ""
    unreachable: str = "c -> false"
    text_check: str = ""
    empty_check: str = ""

    @property
    def garbles(self) -> bool:
        """Whether some text does not reach the model unharmed, so that golden rows are left out."""
        return bool(self.text_check)

    def version(self, manifest: Manifest) -> str:
        """The version of the library that the pom names: the judge's own, unless said otherwise."""
        return manifest.runtime.split()[-1]

    def lacks(self, manifest: Manifest) -> str:
        """Why no Java can be generated for this bundle, which is published without; else empty."""
        return ""

    def takes(self, text: str) -> bool:
        """Whether this text can be passed to the model."""
        return True

    def check_input(self, item: Input) -> None:  # noqa: B027 - most take any
        """See that an input of the file can be fed.

        Raises:
            Refused: with what to do instead.
        """

    def check_output(self, output: Output) -> None:  # noqa: B027 - most give any
        """See that an output of the file can be read.

        Raises:
            Refused: with what to do instead.
        """

    @abstractmethod
    def input_imports(self, shape: str) -> list[str]:
        """The classes that an input names for its `put`; shape: as of the plan."""

    @abstractmethod
    def record_put(self, plan: Plan) -> tuple[str, list[str]]:
        """Javadoc and head of the method that feeds a record, and its statements."""

    @abstractmethod
    def many_put(self, plan: Plan) -> str:
        """The methods that feed one row of many columns."""

    @abstractmethod
    def tensor_put(self, plan: Plan) -> str:
        """The method that feeds one row of a tensor signature."""

    @abstractmethod
    def output_imports(self) -> set[str]:
        """The classes that an output names for its `read`."""

    @abstractmethod
    def read(self, plan: Plan) -> str:
        """The method that makes an output of what the library answers."""

    @abstractmethod
    def sources(self, plan: Plan) -> list[Source]:
        """The model's class and what only it needs; `names` and the Javadoc are filled in."""

    def benchmark(self, plan: Plan) -> dict[str, str]:
        """What the benchmark measures besides records."""
        return {"own_memory": "", "own_setup": "", "own_state": ""}

    def hot_path(self, plan: Plan) -> str:
        """What README.md says of scoring without garbage."""
        return ""


class Pinned(Runtime):
    """A library of another version than what judges in Python: the one among our pinned jars."""

    said = "The version that the generated Java was checked on."

    def version(self, manifest: Manifest) -> str:
        """The one that generated code is checked on."""
        return environments.pinned("java", self.group, self.artifact)


def labelled(answer: Answer, text: str) -> str:
    """Text as the constant that it is, where classes are an enum."""
    return f"{answer.closed.name}.of({text})" if answer.closed and answer.label else text
