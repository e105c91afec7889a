"""Adversarial rows in the signature's own terms: where a conversion goes wrong, if it does.

Random rows alone would pass conversions that are plainly wrong. So rows are put on what the model
itself reveals: split points and the numbers beside them, learned categories and one that is not,
missing values, extremes, and the border between classes. The same seed gives the same rows.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from converters.contract import Domain, Output, Request, Signature
from converters.golden import Array, Rows
from converters.sampling import boundaries, domains, paths, tensors, walk
from converters.sampling.features import (
    REAL,
    WHOLE,
    Feature,
    cast,
    columns_of,
    features_of,
    fresh_categories,
    learn_example,
    neighbours,
    random_values,
    rows_of,
    special_values,
)
from converters.sources.loaded import Loaded

MOST_EXAMPLES = 50
# Wide models get their special rows for this many features; the rest are covered by mixed rows.
MOST_SPECIAL = 1500
# Flavors whose libraries are asked in this process, whether they take an infinity; of so many
# columns, for so long.
TAKE_INFINITE = frozenset({"sklearn", "xgboost", "lightgbm", "catboost", "statsmodels"})
# H2O holds every number as a double, and takes the least whole number of 64 bits for a missing one.
IN_DOUBLES = frozenset({"h2o"})
LARGEST_WHOLE = 2**53
MOST_INFINITE = 100
INFINITE_SECONDS = 3.0
# How often random rows are added where many turn out to be the same, as in small input spaces.
TOP_UPS = 4
# So many new unseen categories a column and time.
MOST_FRESH = 60
SLOW_ROW = 0.010  # seconds
FEWEST_ROWS = 200
MOST_SPLITS = 2000
# Rows that are led to the nodes of trees; fewer where one costs the original more than this.
MOST_PATHS = 4000
CHEAP_ROW = 0.001
# How far from a border that hangs on rounding rows are put beside it, on both sides.
FURTHER = (1e-12, -1e-12, 1e-10, -1e-10, 1e-8, -1e-8)


@dataclass
class Sample:
    """Rows, and why each was sampled: `example`, `random`, `boundary`, `threshold`, `missing` …

    splits: column (or `X[3]` of a tensor) → the numbers at which the model decides.
    inexact: trees ask numbers that were computed, so that rows beside a split hang on rounding.
    domains: which values the columns take, as far as the model tells.
    """

    rows: Rows
    kinds: list[str]
    splits: dict[str, list[float]] = field(default_factory=dict)
    inexact: bool = False
    domains: list[Domain] = field(default_factory=list)


@dataclass
class _Table:
    """Rows being collected, one list of arrays a feature."""

    features: list[Feature]
    random: np.random.Generator
    parts: list[list[Array]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(self, kind: str, columns: Sequence[Array]) -> None:
        """Append rows of one kind, one array [n] a feature."""
        self.parts.append(list(columns))
        self.kinds += [kind] * len(columns[0])

    def base(self, count: int) -> list[Array]:
        """`count` plausible rows, half of them near the example's where there is one."""
        columns = [random_values(feature, count, self.random) for feature in self.features]
        if self.kinds[:1] == ["example"]:
            example = self.parts[0]
            pick = self.random.integers(0, len(example[0]), count)
            keep = self.random.random(count) < 0.5
            for i, column in enumerate(columns):
                own = keep & (self.random.random(count) < 0.7)
                column[own] = example[i][pick[own]]
        return columns

    def columns(self) -> list[Array]:
        """All rows, one array a feature."""
        return [np.concatenate([part[i] for part in self.parts]) for i in range(len(self.features))]


def sample(
    model: Loaded,
    request: Request,
    outputs: Sequence[Output],
    given: Rows | None = None,
    dataset: Rows | None = None,
) -> Sample:
    """At least `request.rows` different rows, unless there are fewer in all.

    Order: the example's rows, the dataset's, special values, thresholds, class boundaries, random
    ones.

    given: the user's own rows, which only tell where values lie; they are judged apart.
    dataset: rows of the data that the run logged, which tell the same and are among the rows.
    """
    signature = model.signature
    if tensors.suits(signature) or getattr(model.estimator, "input_ranges", None):
        return Sample(*tensors.draw(model, request))
    features = features_of(signature)
    table = _Table(features, np.random.default_rng(request.seed))
    if model.example is not None:
        example = [column[:MOST_EXAMPLES] for column in columns_of(signature, model.example)]
        learn_example(features, example)
        if len(example[0]):
            table.add("example", example)
    _learn_others(table, signature, given, dataset)
    groves = walk.learn(model.estimator, features)
    told = domains.of(features) if signature.columns else []
    each = _seconds_a_row(model, outputs, table)
    wanted = _affordable(each, request.rows)
    _add_special(table, model.flavor)
    _add_infinite(model, outputs, table)
    _add_thresholds(table, wanted)
    _add_paths(table, groves, each)
    near = boundaries.rows(model, outputs, table.base(wanted // 2), features, table.random)
    hangs = paths.inexact(groves)
    if near is not None:
        table.add("boundary", near)
        if hangs:
            table.add("near", _further(near))
    table.add("random", table.base(max(wanted // 3, 1)))
    kept = _distinct(table)
    for _ in range(TOP_UPS):
        # Special rows come on top: many of them are left out again where the original raises.
        ordinary = sum(":" not in table.kinds[i] and table.kinds[i] != "missing" for i in kept)
        if ordinary >= wanted:
            break
        _widen(features)
        table.add("random", table.base(wanted - ordinary))
        kept = _distinct(table)
    columns = [column[kept] for column in table.columns()]
    kinds = [table.kinds[i] for i in kept]
    rows = rows_of(signature, columns)
    return Sample(rows, kinds, _splits(signature, features), hangs, told)


def _splits(signature: Signature, features: list[Feature]) -> dict[str, list[float]]:
    """What explains a difference later: at most MOST_SPLITS points a feature."""
    tensor = signature.tensor
    found = {}
    for feature in features:
        if feature.points and feature.dtype.kind in "iuf":
            points = np.unique(np.concatenate(feature.points))
            points = points[np.isfinite(points)]
            step = max(1, len(points) // MOST_SPLITS)
            name = f"{tensor.name or 'X'}[{feature.name}]" if tensor else feature.name
            found[name] = points[::step].tolist()
    return found


def _seconds_a_row(model: Loaded, outputs: Sequence[Output], table: _Table) -> float:
    """What one more row costs the original; 0 where it does not answer made-up rows."""
    seconds = []
    try:
        for count in (8, 8, 72, 8, 72):  # the first one pays for what is loaded late
            asked = rows_of(model.signature, table.base(count))
            start = time.monotonic()
            model.answer(asked, list(outputs[:1]))
            seconds.append(time.monotonic() - start)
    except Exception:
        # Foreign code on made-up rows: what it raises is counted when the real rows are asked.
        return 0.0
    # The shorter of two: on a busy machine one of them may have waited.
    return max(0.0, (min(seconds[2], seconds[4]) - min(seconds[1], seconds[3])) / 64)


def _affordable(each: float, rows: int) -> int:
    """How many rows to sample: all that are asked for, fewer where one takes over 10 ms.

    Never fewer than what is needed to prove anything.
    """
    if each <= SLOW_ROW:
        return max(rows, 1)
    return max(1, min(rows, max(FEWEST_ROWS, int(rows * SLOW_ROW / each))))


def _add_paths(table: _Table, groves: Sequence[paths.Grove], each: float) -> None:
    """Rows led to the nodes of trees: all that are worth it where a row costs under 1 ms."""
    most = MOST_PATHS if each <= CHEAP_ROW else int(MOST_PATHS * CHEAP_ROW / each)
    led = paths.rows(groves, table.features, table.base, most, table.random) if groves else None
    if led is not None:
        columns, kinds = led
        for kind in dict.fromkeys(kinds):
            chosen = np.array([one == kind for one in kinds])
            table.add(kind, [column[chosen] for column in columns])


def _widen(features: list[Feature]) -> None:
    """Let whole numbers reach further, and encoders meet more of what they never saw.

    An example of few whole numbers, and encoders of few categories, leave few rows to try.
    """
    for feature in features:
        if feature.categories and feature.unseen:
            feature.categories += fresh_categories(feature, MOST_FRESH)
        elif feature.type in WHOLE and not feature.categories:
            low, high = feature.range()
            feature.spans([low - (high - low) - 10, high + (high - low) + 10])


def _learn_others(
    table: _Table, signature: Signature, given: Rows | None, dataset: Rows | None
) -> None:
    """What other rows tell of ranges and words; those of the dataset are added as well."""
    if given is not None:
        learn_example(table.features, columns_of(signature, given))
    if dataset is not None:
        known = columns_of(signature, dataset)
        learn_example(table.features, known)
        table.add("dataset", known)


def _add_special(table: _Table, flavor: str) -> None:
    budget = MOST_SPECIAL
    for i, feature in enumerate(table.features):
        for kind, values in special_values(feature).items():
            if budget <= 0 and kind != "missing":
                continue
            if kind == "extreme" and flavor in IN_DOUBLES:
                values = [value for value in values if abs(value) <= LARGEST_WHOLE]
            columns = table.base(len(values))
            columns[i] = cast(feature, values)
            table.add(f"{kind}:{feature.name}", columns)
            budget -= len(values)
    _add_mixed_missing(table)


def _add_infinite(model: Loaded, outputs: Sequence[Output], table: _Table) -> None:
    """Infinities, one column at a time, where the original answers them: most models do not."""
    if model.flavor not in TAKE_INFINITE or not outputs:
        return
    begun = time.monotonic()
    for i, feature in enumerate(table.features[:MOST_INFINITE]):
        if feature.type not in REAL or time.monotonic() - begun > INFINITE_SECONDS:
            continue
        columns = table.base(2)
        columns[i] = cast(feature, [np.inf, -np.inf])
        if _answers(model, outputs, rows_of(model.signature, columns)):
            table.add(f"infinite:{feature.name}", columns)


def _answers(model: Loaded, outputs: Sequence[Output], rows: Rows) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.answer(rows, list(outputs))
    except Exception:
        # Foreign code, asked whether it takes what it may well refuse.
        return False
    return True


def _add_mixed_missing(table: _Table) -> None:
    """Rows with several values missing at once, and one with all that can be."""
    columns = table.base(20)
    for feature, column in zip(table.features, columns, strict=True):
        gap = table.random.random(20) < 0.3
        gap[0] = True
        if feature.dtype == object:
            column[gap] = None
        elif feature.dtype.kind == "f":
            column[gap] = np.nan
    table.add("missing", columns)


def _add_thresholds(table: _Table, count: int) -> None:
    """Rows on split points: in half of them most features, in the others one or two."""
    pointed: dict[int, Any] = {}
    for i, feature in enumerate(table.features):
        if feature.points and feature.dtype.kind in "iuf":
            points = np.unique(np.concatenate(feature.points))
            if len(points) > 20_000:
                points = table.random.choice(points, 20_000, replace=False)
            pointed[i] = neighbours(feature, points)
    pointed = {i: values for i, values in pointed.items() if len(values)}
    if not pointed:
        return
    columns = table.base(count)
    few = min(1.0, 1.5 / len(pointed))
    chance = np.where(np.arange(count) < count // 2, 0.7, few)
    for i, values in pointed.items():
        hit = table.random.random(count) < chance
        # Dealt like cards, not drawn: each value comes up before one comes up again.
        columns[i][hit] = np.resize(table.random.permutation(values), int(hit.sum()))
    table.add("threshold", columns)


def _further(near: Sequence[Array]) -> list[Array]:
    """Rows of a border moved off it by less than float32 rounds, which no rounding of doubles is.

    Where the border's own rows hang on the last digits, these still tell a float32 threshold.
    """
    moved = [
        np.concatenate([x * x.dtype.type(1 + share) for share in FURTHER])
        if x.dtype.kind == "f"
        else np.tile(x, len(FURTHER))
        for x in near
    ]
    return [values.astype(x.dtype) for values, x in zip(moved, near, strict=True)]


def _distinct(table: _Table) -> list[int]:
    """Indices of each different row's first appearance."""
    seen: set[tuple[Any, ...]] = set()
    keep = []
    for i, row in enumerate(zip(*(_keys(column) for column in table.columns()), strict=True)):
        if row not in seen:
            seen.add(row)
            keep.append(i)
    return keep


def _keys(column: Array) -> list[Any]:
    """Values that are equal exactly where two cells have the same bits (NaN equals itself)."""
    if column.dtype.kind in "fM":
        column = column.view(f"i{column.dtype.itemsize}")
    return list(column.tolist())
