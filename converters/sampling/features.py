"""A model's features one by one, what is known about each, and the values that are worth trying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from converters import types
from converters.contract import Signature
from converters.golden import Array, Rows
from converters.sampling import texts

Floats = npt.NDArray[np.float64]

# The ends of what a type holds; and where doubles begin to pass over whole numbers.
EXTREMES = {
    "integer": [2**31 - 1, -(2**31)],
    "long": [2**31 - 1, -(2**31), 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)],
}
REAL = frozenset({"float", "double"})
WHOLE = frozenset({"integer", "long"})
NUMERIC = REAL | WHOLE


@dataclass
class Feature:
    """One feature of a row, and what the model reveals about it.

    type: MLflow's column type; for a tensor the one that its dtype corresponds to.
    points: numbers at which the model changes its mind (thresholds, bin edges, fill values).
    lows, highs: what is known of the range of its values.
    categories: values that an encoder has learned, and those of the example.
    learned: the first alone.
    unseen: an encoder takes values that it has not learned.
    texts: it holds free text, made of these words.
    fillers: words that a vectoriser passes over.
    """

    name: str
    type: str
    points: list[Floats] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    categories: list[Any] = field(default_factory=list)
    learned: list[Any] = field(default_factory=list)
    unseen: bool = False
    texts: list[str] = field(default_factory=list)
    fillers: list[str] = field(default_factory=list)

    @property
    def dtype(self) -> Any:
        """The numpy dtype of its values in Rows."""
        return np.dtype(types.ROWS.get(self.type, "object"))

    def learns(self, values: Iterable[Any]) -> None:
        """Note the values that an encoder has learned."""
        for known in (self.categories, self.learned):
            known += [value for value in dict.fromkeys(values) if value not in known]

    def spans(self, values: Any) -> None:
        """Note that values like these occur; not finite ones are passed over."""
        numbers = np.asarray(values, dtype=np.float64).ravel()
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers):
            self.lows.append(float(numbers.min()))
            self.highs.append(float(numbers.max()))

    def range(self) -> tuple[float, float]:
        """A plausible range; that of the points counts where nothing else is known."""
        lows, highs = list(self.lows), list(self.highs)
        if self.points and not lows:
            known = np.concatenate(self.points)
            known = known[np.isfinite(known)]
            if len(known):
                low, high = np.percentile(known, [1, 99])
                lows, highs = [float(low)], [float(high)]
        if not lows:
            return -3.0, 3.0
        low, high = min(lows), max(highs)
        margin = 0.1 * (high - low) or 0.5 * max(abs(low), 1.0)
        return low - margin, high + margin


def features_of(signature: Signature) -> list[Feature]:
    """The signature's features in order; a tensor [N, k] has k of them."""
    tensor = signature.tensor
    if tensor is None:
        return [Feature(column.name, column.type) for column in signature.columns]
    dtype = np.dtype(tensor.dtype)
    kinds = {"float32": "float", "float64": "double", "int32": "integer", "bool": "boolean"}
    kind = kinds.get(dtype.name, "long" if dtype.kind in "iu" else "double")
    return [Feature(str(i), kind) for i in range(max(signature.width, 1))]


def columns_of(signature: Signature, example: Rows) -> list[Array]:
    """Rows as one array [N] a feature."""
    if signature.tensor is None:
        return [example[column.name] for column in signature.columns]
    values = next(iter(example.values()))
    return list(values.reshape(len(values), -1).T)


def learn_example(features: Sequence[Feature], example: Sequence[Array]) -> None:
    """Take the categories and the ranges of example rows, one array a feature."""
    for feature, values in zip(features, example, strict=True):
        if feature.dtype == object:
            seen = [value for value in values.tolist() if isinstance(value, str)]
            feature.categories += [v for v in dict.fromkeys(seen) if v not in feature.categories]
        elif values.dtype.kind in "iuf":
            feature.spans(values)


def rows_of(signature: Signature, columns: Sequence[Array]) -> Rows:
    """One array [N] a feature as Rows in the signature's terms."""
    tensor = signature.tensor
    if tensor is None:
        return {c.name: values for c, values in zip(signature.columns, columns, strict=True)}
    return {tensor.name or "X": np.column_stack(columns).astype(tensor.dtype)}


def cast(feature: Feature, values: Iterable[Any]) -> Array:
    """Values in the feature's dtype; numbers are rounded and clipped to what it can hold."""
    if feature.dtype == object:
        made = np.empty(len(items := list(values)), dtype=object)
        made[:] = [item if item is None else str(item) for item in items]
        return made
    array = np.asarray(list(values) if not isinstance(values, np.ndarray) else values)
    if feature.type == "long" and array.dtype == np.int64:
        return array
    if feature.type in WHOLE:
        bounds = np.iinfo(feature.dtype)
        with np.errstate(invalid="ignore"):
            numbers = np.nan_to_num(np.rint(array.astype(np.float64)))
            # The largest int64 is no double: clip below it, or the cast wraps around.
            top = float(bounds.max) if feature.type == "integer" else float(2**63 - 1024)
            whole: Array = np.clip(numbers, float(bounds.min), top).astype(feature.dtype)
            return whole
    if feature.type == "datetime":
        return array.astype("datetime64[ns]")
    with np.errstate(over="ignore", invalid="ignore"):
        cast_values: Array = array.astype(feature.dtype)
        return cast_values


def random_values(feature: Feature, count: int, random: np.random.Generator) -> Array:
    """`count` plausible values of one feature."""
    if feature.texts:
        return cast(feature, texts.random(feature.texts, feature.fillers, count, random))
    if feature.categories:
        picks = random.integers(0, len(feature.categories), count)
        return cast(feature, [feature.categories[i] for i in picks])
    if feature.type == "boolean":
        return cast(feature, random.random(count) < 0.5)
    if feature.type == "string":
        return cast(feature, random.choice(["a", "b", "c", ""], count))
    low, high = feature.range()
    if feature.type == "datetime":
        days = random.integers(0, 20_000, count)
        return np.datetime64("1980-01-01", "ns") + days * np.timedelta64(86_400_000_000_000, "ns")
    values = random.uniform(low, high, count)
    if not feature.lows and not feature.points:
        # Nothing tells where its values lie: half of them over several magnitudes.
        far = random.random(count) < 0.5
        values[far] *= 10.0 ** random.uniform(-1, 3, int(far.sum()))
    return cast(feature, values)


def fresh_categories(feature: Feature, count: int) -> list[Any]:
    """`count` values that are none of a column's categories; of booleans there are none."""
    if feature.type == "boolean":
        return []
    if feature.dtype == object:
        start = len(feature.categories)
        return [f"never seen {start + i}" for i in range(count)]
    step = 1 if feature.type in WHOLE else 0.75
    return [max(feature.categories) + step * (i + 1) for i in range(count)]


def neighbours(feature: Feature, points: Floats) -> Array:
    """Each point and the values just beside it: in float64 and in float32, or whole numbers."""
    points = points[np.isfinite(points)]
    if feature.type in WHOLE:
        return cast(feature, np.unique(np.concatenate([np.floor(points), np.ceil(points)])))
    with np.errstate(over="ignore"):
        narrow = points.astype(np.float32)
        around = [narrow, np.nextafter(narrow, np.float32(np.inf))]
        around += [np.nextafter(narrow, np.float32(-np.inf))]
        wide = [part.astype(np.float64) for part in around]
    if feature.type == "double":
        wide += [points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)]
    values = np.unique(np.concatenate(wide))
    return cast(feature, values[np.isfinite(values)])


def special_values(feature: Feature) -> dict[str, list[Any]]:
    """Values worth a row of their own, by kind."""
    special: dict[str, list[Any]] = {}
    if feature.type in REAL or feature.type == "string":
        special["missing"] = [None if feature.type == "string" else np.nan]
    if feature.categories:
        special["category"] = list(feature.categories[:40])
    if feature.type == "string":
        special["empty"] = [""]
        if feature.texts:
            special["text"] = texts.special(feature.texts, feature.fillers)
        if feature.unseen or not feature.categories:
            special["unseen"] = ["crossport never seen", "\u00e9\u6f22 "]
    if feature.type in NUMERIC:
        low, high = feature.range()
        width = high - low
        special["zero"] = [0]
        special["large"] = [high + 10 * width, low - 10 * width, high + 1e3 * width]
        if feature.categories and feature.unseen:
            special["unseen"] = [max(feature.categories) + 1]
    if feature.type in WHOLE and not feature.categories:
        special["extreme"] = EXTREMES[feature.type]
    if feature.type == "boolean":
        special["boolean"] = [True, False]
    return special
