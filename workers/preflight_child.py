"""Has a confined child read a model's files for pre-flight; the command line uses it too.

Knows no Django. The child reads bytes and loads nothing (`python -m converters preflight`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converters import contract
from workers.sandbox import Limits, command, run_child

LIMITS = Limits(wall_seconds=120, cpu_seconds=120)


class Broken(Exception):
    """The child ended without an answer; the message says how, `tail` what it printed."""

    def __init__(self, why: str, tail: str) -> None:
        super().__init__(why)
        self.tail = tail


def ask(work: Path, stopped: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """What the child says of the files in WORK/model: the JSON of `converters.steps.preflight`.

    Only that it is an object is certain; its fields are the reader's to check.

    Raises:
        Broken: it crashed, was ended, took longer than two minutes, or answered no JSON object.
    """
    heard: list[str] = []
    argv = command("preflight", work / contract.MODEL_DIR)
    child = run_child(argv, work, LIMITS, heard.append, stopped)
    if child.timed_out:
        raise Broken(f"took longer than {LIMITS.wall_seconds:.0f} s", child.tail)
    if child.signal is not None:
        raise Broken(f"was ended by signal {child.signal}", child.tail)
    try:
        answer = json.loads("".join(heard).strip().splitlines()[-1])
    except (ValueError, LookupError, RecursionError) as error:
        raise Broken("broke", child.tail) from error
    if not isinstance(answer, dict):
        raise Broken("broke", child.tail)
    return answer
