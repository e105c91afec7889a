"""Rows led to the nodes of trees: one on each side of every question, as close as numbers go.

A wrong threshold shows only in rows that reach its node and lie between the right and the wrong
one. So a row is led down the path of each node, and its feature put on the last number for which
the question holds and on the first for which it does not: whatever moves the threshold at all
turns one of the two the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.golden import Array
from converters.sampling.features import WHOLE, Feature, Floats, cast
from converters.sampling.grown import Grown
from converters.sampling.links import Choice, Link, Links
from converters.trees.form import LEAF, ZERO, Category, Ensemble, Key, Mode, Tree
from converters.trees.form import keys as asked_keys

# Nodes of trees this many in all are found their borders; of larger models, of some of the trees.
MOST_NODES = 40_000
# How many of a set's categories are tried on each of its sides.
MOST_KEYS = 6
UNSEEN_WORD = "crossport never seen"

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grove:
    """Trees that a model holds, and where each column that they ask comes from."""

    grown: Grown
    links: Links


@dataclass(frozen=True)
class _Question:
    """One inner node in terms of a feature: numbers on two sides of a border, or its choices.

    place: of the feature. true: [2] what the feature may be for the question to hold, `false`: not;
    each a closed range of numbers, or a mask of `values`.
    asks_missing: a missing value of the feature reaches the question as one.
    """

    place: int
    true: Any
    false: Any
    values: tuple[Any, ...] = ()
    asks_missing: bool = False


@dataclass(frozen=True)
class _Wood:
    """One tree with the questions of its nodes; None where a column cannot be traced."""

    tree: Tree
    questions: list[_Question | None]
    parents: Ints
    answers_missing: bool


def borders(link: Link, thresholds: Floats, mode: Mode, ensemble: Ensemble) -> tuple[Array, Array]:
    """The neighbouring numbers between which the answer to `x <= threshold` changes.

    Returns:
        Two arrays [thresholds] in the feature's dtype. Found by halving, in the arithmetic of the
        scalers and the precision of the trees; a question that no number changes has two ends of
        the same answer.
    """
    feature = link.feature
    if feature.type in WHOLE:
        bounds = np.iinfo(feature.dtype)
        low = np.full(len(thresholds), max(bounds.min, -(2**53)), np.int64)
        high = np.full(len(thresholds), min(bounds.max, 2**53), np.int64)
    else:
        dtype = feature.dtype
        low = np.full(len(thresholds), _ordinal(np.array([-np.inf], dtype))[0])
        high = np.full(len(thresholds), _ordinal(np.array([np.inf], dtype))[0])
    rising = link.scale > 0
    for _ in range(66):
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        holds = _holds(_numbers(middle, feature), link, thresholds, mode, ensemble) == rising
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
        if (high - low <= 1).all():
            break
    return _numbers(low, feature), _numbers(high, feature)


def _holds(values: Array, link: Link, thresholds: Floats, mode: Mode, ensemble: Ensemble) -> Bools:
    floats = values if values.dtype.kind == "f" else values.astype(np.float64)
    with np.errstate(all="ignore"):
        inner = link.forward(floats).astype(ensemble.compares).astype(np.float64)
        if ensemble.flushes:
            inner = np.where(np.abs(inner) <= ZERO, 0.0, inner)
        return np.asarray(inner <= thresholds if mode is Mode.LEQ else inner < thresholds)


def _ordinal(values: Array) -> Ints:
    """Floats as whole numbers in the same order, neighbours being neighbours."""
    raw = np.ascontiguousarray(values).view(f"i{values.dtype.itemsize}").astype(np.int64)
    least = np.iinfo(f"i{values.dtype.itemsize}").min
    return np.where(raw < 0, np.int64(least) - raw, raw)


def _numbers(ordinals: Ints, feature: Feature) -> Array:
    if feature.type in WHOLE:
        return ordinals.astype(feature.dtype)
    size = feature.dtype.itemsize
    least = np.iinfo(f"i{size}").min
    raw = np.where(ordinals < 0, np.int64(least) - ordinals, ordinals)
    return raw.astype(f"i{size}").view(feature.dtype)


def inexact(groves: Sequence[Grove]) -> bool:
    """Whether some tree asks a column that was computed, and not only shifted and scaled."""
    for grove in groves:
        for tree in grove.grown.ensemble.trees:
            asked = np.unique(tree.feature[tree.feature != LEAF]).tolist()
            if any(column >= len(grove.links) or grove.links[column] is None for column in asked):
                return True
    return False


def rows(
    groves: Sequence[Grove],
    features: Sequence[Feature],
    base: Callable[[int], list[Array]],
    most: int,
    random: np.random.Generator,
) -> tuple[list[Array], list[str]] | None:
    """At most about `most` rows led to the nodes of the trees, and the kind of each.

    base: gives plausible rows, one array [N] a feature, whose other values the rows keep.
    None where no node can be led to.
    """
    woods = _woods(groves, features, random)
    nodes = _spread(woods, random)[: max(1, most // 2)]
    if not nodes or most < 2:
        return None
    columns = base(len(nodes))
    made: list[tuple[int, dict[int, Any], str]] = []
    for number, (wood, node) in enumerate(nodes):
        if len(made) >= most:
            break
        for values, kind in _led(wood, node, number, columns, features, random):
            made.append((number, values, kind))
    if not made:
        return None
    origin = np.array([number for number, _, _ in made])
    led = [column[origin] for column in columns]
    for row, (_, values, _) in enumerate(made):
        for place, value in values.items():
            led[place][row] = value
    return led, [kind for _, _, kind in made]


def _woods(
    groves: Sequence[Grove], features: Sequence[Feature], random: np.random.Generator
) -> list[_Wood]:
    """The trees with their questions; of a large model only as many as MOST_NODES allow."""
    parts = [(grove, tree) for grove in groves for tree in grove.grown.ensemble.trees]
    places = {feature.name: i for i, feature in enumerate(features)}
    kept: dict[int, tuple[Grove, list[Tree]]] = {}
    nodes = 0
    for i in random.permutation(len(parts)):
        grove, tree = parts[int(i)]
        nodes += len(tree.feature)
        if nodes > MOST_NODES and kept:
            break
        kept.setdefault(id(grove), (grove, []))[1].append(tree)
    return [wood for grove, trees in kept.values() for wood in _asked(grove, trees, places)]


def _asked(grove: Grove, trees: list[Tree], places: dict[str, int]) -> list[_Wood]:
    """Every tree's questions; the borders of one column are found all at once."""
    ensemble = grove.grown.ensemble
    questions: list[list[_Question | None]] = [[None] * len(tree.feature) for tree in trees]
    asked: dict[tuple[int, Mode], list[tuple[int, int]]] = {}
    for i, tree in enumerate(trees):
        for node in np.flatnonzero(tree.feature != LEAF).tolist():
            column = int(tree.feature[node])
            link = grove.links[column] if column < len(grove.links) else None
            if link is None:
                continue
            if isinstance(link, Link) and link.feature.dtype.kind == "b":
                numbers = link.forward(np.array([0.0, 1.0]))
                link = Choice(link.feature, (False, True), numbers)
            place = places[link.feature.name]
            if node in tree.members:
                questions[i][node] = _set(link, place, tree.members[node], ensemble, column)
            elif isinstance(link, Choice):
                questions[i][node] = _coded(link, place, tree, node, ensemble)
            else:
                asked.setdefault((column, tree.mode), []).append((i, node))
    for (column, mode), nodes in asked.items():
        link = grove.links[column]
        if not isinstance(link, Link) or link.feature.dtype.kind not in "iuf":
            continue
        points = np.array([trees[i].threshold[node] for i, node in nodes])
        lower, upper = borders(link, points, mode, ensemble)
        place, rising = places[link.feature.name], link.scale > 0
        for (i, node), low, high in zip(nodes, lower, upper, strict=True):
            # Where only a missing value goes the other way, the threshold is infinite.
            ends = np.isfinite(trees[i].threshold[node])
            sides = ((None, low if ends else None), (high, None))
            true, false = sides if rising else sides[::-1]
            questions[i][node] = _Question(place, true, false, (), link.missing)
    missing = grove.grown.missing
    return [
        _Wood(tree, own, _parents(tree), missing)
        for tree, own in zip(trees, questions, strict=True)
    ]


def _parents(tree: Tree) -> Ints:
    parents = np.full(len(tree.feature), -1, np.int64)
    inner = np.flatnonzero(tree.feature != LEAF)
    parents[tree.true[inner]] = inner
    parents[tree.false[inner]] = inner
    return parents


def _spread(woods: list[_Wood], random: np.random.Generator) -> list[tuple[_Wood, int]]:
    """All nodes with a question, one of each tree in turn, those of one tree in any order."""
    ranked = []
    for wood in woods:
        nodes = [node for node, question in enumerate(wood.questions) if question is not None]
        ranked += [(rank, wood, nodes[i]) for rank, i in enumerate(random.permutation(len(nodes)))]
    ranked.sort(key=lambda one: one[0])
    return [(wood, node) for _, wood, node in ranked]


def _led(
    wood: _Wood,
    node: int,
    number: int,
    columns: list[Array],
    features: Sequence[Feature],
    random: np.random.Generator,
) -> list[tuple[dict[int, Any], str]]:
    """The rows of one node: values by the place of their feature, and their kind."""
    question = wood.questions[node]
    if question is None:
        return []
    limits, values_of, lost = _path(wood, node)
    values: dict[int, Any] = {}
    for place, limit in limits.items():
        if place == question.place:
            continue
        own = columns[place][number]
        chosen = _inside(limit, own, values_of.get(place, ()), features[place], random)
        if chosen is None and place not in lost and wood.answers_missing:
            chosen = _gap(features[place])
        if chosen is None:
            return []  # no row reaches this node, or only with a value that the input cannot hold
        values[place] = chosen[0]
    limit = limits.get(question.place)
    led = []
    for side in (question.true, question.false):
        for value in _beside(side, limit, question, features[question.place], random):
            led.append((values | {question.place: value}, "threshold"))
    gap = _gap(features[question.place])
    asked = question.asks_missing and question.place not in lost and wood.answers_missing
    if asked and gap is not None:
        led.append((values | {question.place: gap[0]}, "missing"))
    return led


def _gap(feature: Feature) -> tuple[Any] | None:
    """The feature's missing value; None where it has none."""
    if feature.dtype == object:
        return (None,)
    return (np.nan,) if feature.dtype.kind == "f" else None


def _path(wood: _Wood, node: int) -> tuple[dict[int, Any], dict[int, tuple[Any, ...]], set[int]]:
    """What each feature must be for a row to come to a node, by place; and its choices.

    The third: which features, missing, lead elsewhere.
    """
    limits: dict[int, Any] = {}
    choices: dict[int, tuple[Any, ...]] = {}
    lost: set[int] = set()
    child, parent = node, int(wood.parents[node])
    while parent >= 0:
        question = wood.questions[parent]
        if question is not None:
            holds = bool(wood.tree.true[parent] == child)
            side = question.true if holds else question.false
            known = limits.get(question.place)
            limits[question.place] = side if known is None else _both(known, side)
            if not question.asks_missing or bool(wood.tree.missing_true[parent]) != holds:
                lost.add(question.place)
            if question.values:
                choices[question.place] = question.values
        child, parent = parent, int(wood.parents[parent])
    return limits, choices, lost


def _both(one: Any, other: Any) -> Any:
    if isinstance(one, np.ndarray):
        return one & other if isinstance(other, np.ndarray) and len(one) == len(other) else one
    if isinstance(other, np.ndarray):
        return one
    low = max((x for x in (one[0], other[0]) if x is not None), default=None)
    high = min((x for x in (one[1], other[1]) if x is not None), default=None)
    return low, high


def _inside(
    limit: Any, own: Any, values: tuple[Any, ...], feature: Feature, random: np.random.Generator
) -> tuple[Any] | None:
    """A value within the limits, the row's own where it is; None where there is none."""
    if isinstance(limit, np.ndarray):
        places = np.flatnonzero(limit)
        if not len(places):
            return None
        known = [values[i] for i in places]
        return (own,) if own in known else (known[int(random.integers(len(known)))],)
    low, high = limit
    if low is not None and high is not None and low > high:
        return None
    if own == own and (low is None or own >= low) and (high is None or own <= high):
        return (own,)
    least, most = feature.range()
    width = most - least
    if low is None and high is None:
        low, high = least, most
    elif low is None:
        low = min(least, float(high) - 0.1 * width)
    elif high is None:
        high = max(most, float(low) + 0.1 * width)
    share = random.uniform(0.05, 0.95)
    between = cast(feature, np.array([float(low) * (1 - share) + float(high) * share]))
    value = np.clip(between, *cast(feature, np.array([low, high])))[0]
    return (value,) if np.isfinite(value) else None


def _beside(
    side: Any, limit: Any, question: _Question, feature: Feature, random: np.random.Generator
) -> list[Any]:
    """Values on one side of a question that also come to it: the border's, or some choices."""
    if isinstance(side, np.ndarray):
        mask = side & limit if isinstance(limit, np.ndarray) and len(limit) == len(side) else side
        places = np.flatnonzero(mask)
        chosen = random.permutation(places)[:MOST_KEYS]
        return [question.values[int(i)] for i in chosen]
    value = side[1] if side[0] is None else side[0]
    if value is None or (feature.dtype.kind == "f" and not np.isfinite(value)):
        return []
    if isinstance(limit, tuple):
        low, high = limit
        if (low is not None and value < low) or (high is not None and value > high):
            return []
    return [value]


def _set(
    link: Link | Choice, place: int, members: Ints, ensemble: Ensemble, column: int
) -> _Question | None:
    """A set node: the words or numbers of its feature, those in the set and all others."""
    if isinstance(link, Choice):
        inside = np.isin(link.numbers, members)
        return _Question(place, inside, ~inside, link.values)
    known = ensemble.categories.get(column)
    if known is None or link.steps:
        return None
    values, keys = _choices(known, link.feature, ensemble, column)
    inside = np.isin(keys, members)
    return _Question(place, inside, ~inside, values, asks_missing=link.missing)


def _choices(
    known: Category, feature: Feature, ensemble: Ensemble, column: int
) -> tuple[tuple[Any, ...], Ints]:
    """Values of a category feature with the key of each; one that was never seen has the key -1."""
    if known.key is Key.WORD and feature.dtype.kind not in "biuf":
        return (*known.words, UNSEEN_WORD), np.array([*range(len(known.words)), -1])
    if known.key in (Key.WORD, Key.NUMBER):
        # CatBoost knows whole numbers as words, too.
        numbers = known.numbers or tuple(map(float, known.words))
        pairs = [(value, key) for key, value in enumerate(numbers) if value == value]
        pairs.append((max((value for value, _ in pairs), default=0.0) + 1, -1))
    else:
        named = asked_keys(ensemble).get(column, np.zeros(0, np.int64)).tolist()
        pairs = [(float(key), key) for key in (*named, max(named, default=0) + 1)]
    values = cast(feature, [value for value, _ in pairs])
    return tuple(values.tolist()), np.array([key for _, key in pairs])


def _coded(link: Choice, place: int, tree: Tree, node: int, ensemble: Ensemble) -> _Question:
    """A number node behind an encoder: which of the categories get a number up to the threshold."""
    with np.errstate(all="ignore"):
        numbers = link.numbers.astype(ensemble.compares).astype(np.float64)
    threshold = tree.threshold[node]
    inside = numbers <= threshold if tree.mode is Mode.LEQ else numbers < threshold
    return _Question(place, inside, ~inside, link.values)
