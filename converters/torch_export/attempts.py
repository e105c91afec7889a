"""Exporters tried one after the other, and what is said where none of them works."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from converters.errors import Refused

# What torch.export says where forward chooses by the values it is given.
BY_DATA = (
    *("data-dependent", "Dynamic control flow", "GuardOnDataDependent", "UserError: Consider"),
    "Could not extract specialized integer",
)

Attempt = Callable[[], Any]


def tried(name: str, attempt: Attempt, failed: list[str]) -> Any:
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
        said = " ".join(f"{error} {cause if cause is not error else ''}".split())
        failed.append(f"{name}: {type(cause).__name__}: {said[:1500]}")
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


def refusal(failed: list[str]) -> Refused:
    if any(word in text for text in failed for word in BY_DATA):
        return Refused(
            "data_dependent",
            "The module's forward chooses by the values of its input (an if or a loop over data), "
            "and neither torch.export nor torch.jit.script can carry that here. Write the choice "
            "with torch.where, or log torch.jit.script(model).",
        )
    first = failed[0] if failed else "no exporter was tried"
    return Refused(
        "not_exportable",
        f"PyTorch's exporters cannot carry this module ({first[:400]}). Replace what they name in "
        "forward with plain tensor operations, or log the module as TorchScript.",
    )
