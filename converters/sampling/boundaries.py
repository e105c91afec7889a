"""The border between two classes, found by halving the way between rows of different labels."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from converters.contract import Output, OutputKind
from converters.golden import Array
from converters.sampling.features import Feature, cast, rows_of
from converters.sources.loaded import Loaded

PAIRS = 40
HALVINGS = 54  # a double has 53 bits: afterwards the two ends are neighbours
SECONDS = 5.0


def rows(
    model: Loaded,
    outputs: Sequence[Output],
    base: list[Array],
    features: list[Feature],
    random: np.random.Generator,
) -> list[Array] | None:
    """Rows on both sides of class borders, as close as numbers go; one array a feature.

    base: plausible rows, one array [N] a feature. None where the model gives no labels, gives one
    label for all of them, or does not answer them.
    """
    label = next((o for o in outputs if o.kind is OutputKind.LABEL and o.width == 0), None)
    numeric = [i for i, feature in enumerate(features) if feature.dtype.kind in "iuf"]
    if label is None or not numeric:
        return None
    asker = _Asker(model, label, features)
    try:
        labels = asker.labels(base)
        ends = _pairs(labels, random)
        if ends is None:
            return None
        return _halve(asker, base, *ends, numeric)
    except Exception:
        # Foreign code on made-up rows. The rows that the judge gets are asked, and its errors
        # counted, in the next step; here an error only means that no border can be found.
        return None


class _Asker:
    """Asks the original for labels, in the features' terms."""

    def __init__(self, model: Loaded, label: Output, features: list[Feature]) -> None:
        self.model, self.label, self.features = model, label, features

    def labels(self, columns: Sequence[Array]) -> Array:
        answers = self.model.answer(rows_of(self.model.signature, columns), [self.label])
        return answers[self.label.name]


def _pairs(labels: Array, random: np.random.Generator) -> tuple[Any, Any] | None:
    """Indices of rows a, b with different labels, every label among them."""
    names = np.array([str(label) for label in labels.tolist()])
    if len(np.unique(names)) < 2:
        return None
    order = random.permutation(len(names))
    first = np.array([order[names[order] == name][0] for name in np.unique(names)])
    a = np.concatenate([first, random.integers(0, len(names), PAIRS)])
    b = np.array([random.choice(order[names[order] != names[i]]) for i in a])
    return a, b


def _halve(
    asker: _Asker, base: list[Array], a: Any, b: Any, numeric: list[int]
) -> list[Array] | None:
    """Move a and b of each pair together while their labels differ.

    Only numbers move; all else is taken from a, so pairs that differ in nothing else drop out.
    """
    low = [column[a] for column in base]
    high = [column[b] if i in numeric else column[a] for i, column in enumerate(base)]
    wanted = asker.labels(low)
    apart = asker.labels(high) != wanted
    if not apart.any():
        return None
    low, high = [c[apart] for c in low], [c[apart] for c in high]
    wanted = wanted[apart]
    start = time.monotonic()
    for _ in range(HALVINGS):
        middle = list(low)
        for i in numeric:
            middle[i] = _between(asker.features[i], low[i], high[i])
        same = asker.labels(middle) == wanted
        low = [np.where(same, m, x) for m, x in zip(middle, low, strict=True)]
        high = [np.where(same, x, m) for m, x in zip(middle, high, strict=True)]
        if time.monotonic() - start > SECONDS:
            break
    return [np.concatenate([x, y]) for x, y in zip(low, high, strict=True)]


def _between(feature: Feature, low: Array, high: Array) -> Array:
    x, y = low.astype(np.float64), high.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        middle = x + (y - x) / 2
    return cast(feature, np.where(np.isnan(middle), x, middle))
