"""One thing that a model's files tell about what it can become."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Why a target is ruled out; target "" for all of them. caveat: it may yet convert."""

    code: str
    sentence: str
    target: str = ""
    caveat: bool = False
