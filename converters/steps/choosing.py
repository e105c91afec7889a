"""Chooses the golden rows: the few of the judged rows that travel in the bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converters import parity
from converters.contract import GIVEN, GIVEN_MOST, Output, OutputKind
from converters.golden import Array

MOST = 200
MOST_EXAMPLES = 50
KINDS_FILE = "kinds.json"
ALONE_FILE = "alone.json"
FEWEST_ALONE, MOST_ALONE = 4, 64
EXAMPLE = "example"
RANDOM = "random"

Bools = npt.NDArray[np.bool_]


def kinds(folder: Path, rows: int) -> list[str]:
    """Why each row was sampled, as the convert step tells it; only a hint for the choice.

    What cannot be read counts as random rows: nothing but the choice depends on it.
    """
    told = _told(folder / KINDS_FILE)
    if len(told) != rows:
        return [RANDOM] * rows
    return [kind if isinstance(kind, str) else RANDOM for kind in told]


def alone(folder: Path, rows: int) -> list[int]:
    """The rows to score one by one: those that the original was asked alone, by its own word.

    A row that was not may have another answer alone than in its batch, in the original too. Where
    few are told, or anything else than numbers of rows, rows all over are taken.
    """
    told = [one for one in _told(folder / ALONE_FILE) if type(one) is int and 0 <= one < rows]
    if len(told) >= FEWEST_ALONE:
        return sorted(set(told))[:MOST_ALONE]
    return spread(rows)


def spread(rows: int) -> list[int]:
    """At most MOST_ALONE of so many rows, from all over."""
    return list(range(0, rows, max(1, rows // MOST_ALONE)))[:MOST_ALONE]


def _told(path: Path) -> list[Any]:
    """A list that the convert step left; empty where it cannot be read."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 24:
        return []
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return []
    return told if isinstance(told, list) else []


def steady(
    expected: Mapping[str, Array], got: Mapping[str, Array], outputs: Sequence[Output], exact: bool
) -> Bools:
    """[N] rows whose labels no rounding can turn: no tie, and no label within one of a tie.

    Golden rows are compared exactly on other machines, where a tie may fall the other way.
    """
    count = len(next(iter(expected.values())))
    keep = np.ones(count, dtype=np.bool_)
    for output in outputs:
        if output.kind is OutputKind.LABEL:
            equal = np.asarray(expected[output.name] == got[output.name])
            keep &= equal.reshape(count, -1).all(axis=1)
    wide = keep.copy()
    for margins in parity.rankings(expected, outputs):
        wide &= margins.narrowest() > 10 * parity.tie(exact)
    return wide if wide.any() else keep


def choose(kinds: Sequence[str], steady: Bools, rows: Mapping[str, Array]) -> list[int]:
    """Indices of at most 200 rows in ascending order; more only where the user gave more.

    The user's own rows first, all of them, and the example's rows; then one row of each kind in
    turn (thresholds, boundaries, missing values, extremes), random rows last. Where no row is
    steady the first ones are taken.
    """
    allowed = [i for i in range(len(kinds)) if steady[i]] or list(range(min(len(kinds), MOST)))
    chosen = [i for i in allowed if kinds[i] == GIVEN][:GIVEN_MOST]
    room = max(0, MOST - len(chosen))
    chosen += [i for i in allowed if kinds[i] == EXAMPLE][: min(MOST_EXAMPLES, room)]
    groups: dict[str, list[int]] = {}
    for i in allowed:
        if kinds[i] not in (GIVEN, EXAMPLE):
            groups.setdefault(kinds[i], []).append(i)
    queues = [groups[kind] for kind in sorted(groups, key=lambda kind: (kind == RANDOM, kind))]
    while len(chosen) < MOST and any(queues):
        for queue in queues:
            if queue and len(chosen) < MOST:
                chosen.append(queue.pop(0))
    return sorted(chosen)
