"""What the rows that differ have in common, so that a failure says where to look.

Works on rows, answers and the convert step's hints alone; a hint that is forged can mislead the
reader and changes no verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from converters.contract import Flip
from converters.golden import Array

SPLITS_FILE = "splits.json"
MOST_HINT_BYTES = 16 << 20
MOST_COLUMNS = 400
MOST_VALUES = 40
MOST_CAUSES = 3
MOST_FLIPS = 30
MOST_POINTS = 300
# A trait explains a failure where nearly all failing rows have it, and far fewer of the others.
SHARE = 0.9
LIFT = 2.0

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Hints:
    """What the convert step tells about its rows.

    kinds: why each row was sampled. splits: column → sorted numbers at which the model decides.
    """

    kinds: Sequence[str] = ()
    splits: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)


def splits(folder: Path) -> dict[str, npt.NDArray[np.float64]]:
    """The convert step's splits.json; empty where there is none, or none that can be read."""
    path = folder / SPLITS_FILE
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_HINT_BYTES:
        return {}
    try:
        told = json.loads(path.read_bytes())
        return {str(name): np.unique(np.asarray(v, np.float64)) for name, v in told.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def causes(wrong: Bools, rows: Mapping[str, Array], hints: Hints) -> list[str]:
    """One sentence for each trait that marks the rows that differ; [N] `wrong`; best first."""
    failing, count = int(wrong.sum()), len(wrong)
    if not failing:
        return []
    if failing == count:
        return ["Every row differs."]
    found: list[tuple[float, str]] = []
    for trait, has in _traits(rows, hints):
        hit = int((wrong & has).sum())
        rest = int((~wrong & has).sum())
        share, usual = hit / failing, rest / (count - failing)
        if share >= SHARE and share >= LIFT * usual:
            many = "All" if hit == failing else f"{hit} of"
            others = f", and {rest} of the {count - failing} others" if rest else " and no other"
            found.append((share - usual, f"{many} {failing} differing rows {trait}{others}."))
    found.sort(key=lambda item: -item[0])
    return [sentence for _, sentence in found[:MOST_CAUSES]]


def near(row: int, rows: Mapping[str, Array], hints: Hints) -> str:
    """Which of the row's values lie on a split point of the model or beside one, in words."""
    said = []
    for name, values in _columns(rows):
        points = hints.splits.get(name)
        if points is None or not len(points) or values.dtype.kind not in "iuf":
            continue
        value = float(values[row])
        if not np.isfinite(value):
            continue
        point = float(points[np.abs(points - value).argmin()])
        if value == point:
            said.append(f"{name} is the split point {point!r}")
        elif _beside(np.array([value]), np.array([point]))[0]:
            side = "just above" if value > point else "just below"
            said.append(f"{name} is {side} the split point {point!r}")
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return "; ".join(said[:3]) + more


def flips(want: Array, have: Array, wrong: Bools) -> list[Flip]:
    """How often which class was named instead of which, most frequent first; labels [N]."""
    if want.ndim != 1:
        return []
    pairs: dict[tuple[str, str], int] = {}
    for i in np.flatnonzero(wrong):
        pair = (str(want[i])[:100], str(have[i])[:100])
        pairs[pair] = pairs.get(pair, 0) + 1
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [Flip(original, converted, n) for (original, converted), n in ranked[:MOST_FLIPS]]


def scatter(want: Array, have: Array, error: npt.NDArray[np.float64]) -> list[list[float]]:
    """Pairs of original and converted numbers for a picture: the worst ones, and a sample.

    want, have, error: of equal size, any shape; numbers that are not finite are passed over.
    """
    a, b = want.astype(np.float64).ravel(), have.astype(np.float64).ravel()
    usable = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    if len(usable) > MOST_POINTS:
        worst = usable[np.argsort(-error.ravel()[usable], kind="stable")[: MOST_POINTS // 3]]
        spread = usable[np.linspace(0, len(usable) - 1, MOST_POINTS - len(worst)).astype(int)]
        usable = np.unique(np.concatenate([worst, spread]))
    return [[float(a[i]), float(b[i])] for i in usable]


def _traits(rows: Mapping[str, Array], hints: Hints) -> Iterator[tuple[str, Bools]]:
    """Traits that a row may have, as the end of a sentence, and [N] which rows have it."""
    for name, values in _columns(rows):
        quoted = f"`{name}`"
        if values.dtype == object:
            yield f"have no value in {quoted}", np.array([v is None for v in values], dtype=bool)
            yield f"have an empty text in {quoted}", np.array([v == "" for v in values], dtype=bool)
            seen = {v for v in values.tolist() if v}
            for value in sorted(seen)[:MOST_VALUES]:
                shown = value if len(value) <= 40 else value[:40] + "…"
                yield f"have {shown!r} in {quoted}", np.array([v == value for v in values])
            continue
        if values.dtype.kind == "M":
            yield f"have no value in {quoted}", np.isnat(values)
            continue
        numbers = values.astype(np.float64)
        yield f"have no value in {quoted}", np.isnan(numbers)
        yield f"have an infinite {quoted}", np.isinf(numbers)
        yield f"have zero in {quoted}", numbers == 0
        with np.errstate(invalid="ignore"):
            yield f"have a negative {quoted}", numbers < 0
            yield f"have |{name}| above 1,000,000", np.abs(numbers) > 1e6
        points = hints.splits.get(name)
        if points is not None and len(points):
            yield (
                f"have {quoted} on a split point of the model or next to one",
                _on_split(numbers, points),
            )
    if len(hints.kinds):
        kinds = np.array(hints.kinds, dtype=object)
        yield (
            "are on the border between two classes",
            np.asarray(kinds == "boundary", dtype=np.bool_),
        )


def _columns(rows: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Columns [N] by name; those of a tensor by its place, as in `X[3]`."""
    shown = 0
    for name, values in rows.items():
        parts = [(name, values)] if values.ndim == 1 else []
        if values.ndim == 2:
            parts = [(f"{name}[{i}]", values[:, i]) for i in range(values.shape[1])]
        for part in parts:
            if shown == MOST_COLUMNS:
                return
            shown += 1
            yield part


def _on_split(numbers: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> Bools:
    at = np.clip(np.searchsorted(points, numbers), 0, len(points) - 1)
    before = np.maximum(at - 1, 0)
    return _beside(numbers, points[at]) | _beside(numbers, points[before])


def _beside(numbers: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> Bools:
    """Where a number is a point, or within two float32 steps of it."""
    with np.errstate(all="ignore"):
        step = np.spacing(np.abs(points).astype(np.float32)).astype(np.float64)
        return np.asarray(np.abs(numbers - points) <= 2 * step, dtype=np.bool_)
