"""Exporters tried one after the other, and what is said where none of them works."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from converters.errors import Refused
from converters.quoting import quoted

# What torch.export says where forward chooses by the values it is given.
BY_DATA = (
    *("data-dependent", "Dynamic control flow", "GuardOnDataDependent", "UserError: Consider"),
    "Could not extract specialized integer",
)

# Places in the exporting machine's files, which say nothing to a model's owner.
PLACES = re.compile(r"\S*/\S+\.py\S*")

Attempt = Callable[[], Any]


@dataclass(frozen=True)
class Failure:
    """How one exporter failed: in a line for people, and all that it said."""

    brief: str
    whole: str


def tried(name: str, attempt: Attempt, failed: list[Failure]) -> Any:
    """What the attempt makes; None where it fails, and then `failed` tells how."""
    try:
        with _quiet():
            return attempt()
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # Exporters raise whatever the code they meet raises; there is another one to try.
        cause = error
        while cause.__cause__ is not None:
            cause = cause.__cause__  # type: ignore[assignment]
        failed.append(Failure(f"{name}: {_brief(cause)}", f"{error} {cause}"))
        return None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings and progress lines of exporters."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _brief(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    # A script's errors begin with a traceback, all others with what is wrong.
    line = lines[-1] if "Traceback" in str(error) else lines[0]
    return f"{type(error).__name__}: {quoted(PLACES.sub('…', line), 300)}"


def refusal(failed: list[Failure]) -> Refused:
    if any(word in one.whole for one in failed for word in BY_DATA):
        return Refused(
            "data_dependent",
            "The module's forward chooses by the values of its input (an if or a loop over data), "
            "and neither torch.export nor torch.jit.script can carry that here. Write the choice "
            "with torch.where, or log torch.jit.script(model).",
        )
    first = failed[0].brief if failed else "no exporter was tried"
    return Refused(
        "not_exportable",
        f"PyTorch's exporters cannot carry this module ({first}). Replace what they name in "
        "forward with plain tensor operations, or log the module as TorchScript.",
    )
