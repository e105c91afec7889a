"""What a version can become, told from its `MLmodel` alone; no model is loaded, any process may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from converters.contract import Signature


class Answer(StrEnum):
    """Pre-flight's three answers."""

    CAN = "can"
    CAVEAT = "caveat"
    CANNOT = "cannot"


@dataclass(frozen=True)
class Verdict:
    """One target's answer for one version; `code` and `sentence` say why where it is not `can`."""

    target: str
    answer: Answer
    code: str = ""
    sentence: str = ""
    flavor: str = ""


def flavor_of(mlmodel: Mapping[str, Any]) -> str:
    """The flavor that a conversion reads: the native one beside `python_function`."""
    raise NotImplementedError


def signature_of(mlmodel: Mapping[str, Any]) -> Signature | None:
    """The inputs that the `MLmodel` declares, or None where it has no signature.

    Raises:
        Refused: the signature is there and cannot be read.
    """
    raise NotImplementedError


def preflight(mlmodel: Mapping[str, Any]) -> list[Verdict]:
    """One verdict a target, in the order of `catalog.TARGETS`."""
    raise NotImplementedError
