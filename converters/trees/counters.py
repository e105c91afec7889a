"""CatBoost's counters (CTRs) of one categorical feature: a number for each word it has learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused

WORD = 2**64
EMPTY = str(WORD - 1)
# CatBoost mixes the hashes of a projection's features with this (util/hash, CalcHash).
MAGIC = 0x4906BA494954CB65


@dataclass(frozen=True)
class Counter:
    """One counter as data: its table of hashes, its prior, its scale."""

    feature: int
    kind: str
    table: Mapping[int, Sequence[float]]
    denominator: float
    prior: tuple[float, float]
    shift: float
    scale: float

    def values(self, hashes: Sequence[int], border: int) -> tuple[npt.NDArray[np.float32], bool]:
        """[words + 1] the counter of each word, the last for unknown ones; and whether the table
        has words that are not among these."""
        keys = [_mixed(number) for number in hashes]
        missing = bool(set(self.table) - set(keys))
        rows = [*(self.table.get(key) for key in keys), None]
        found = [self._value(row, border) for row in rows]
        return np.array(found, np.float32), missing

    def _value(self, row: Sequence[float] | None, border: int) -> float:
        good, total = 0.0, 0.0
        if row is not None:
            if self.kind in ("Counter", "FeatureFreq"):
                good, total = row[0], self.denominator
            elif self.kind == "BinarizedTargetMeanValue":
                good, total = row[0], row[1]
            elif self.kind == "Buckets":
                good, total = row[border], sum(row)
            else:
                good, total = sum(row[border + 1 :]), sum(row)
        elif self.kind in ("Counter", "FeatureFreq"):
            total = self.denominator
        one = np.float32
        ratio = (one(good) + one(self.prior[0])) / (one(total) + one(self.prior[1]))
        return float((ratio + one(self.shift)) * one(self.scale))


def counter(told: Mapping[str, Any], split_index: int) -> Counter:
    """The counter that a split of this number asks.

    Raises:
        Refused: `counters` where it joins several features.
    """
    info = told["features_info"]
    first = sum(len(one.get("borders") or ()) for one in info.get("float_features", []))
    first += sum(len(one.get("values") or ()) for one in info.get("categorical_features", []))
    for one in info.get("ctrs", []):
        if split_index < first + len(one["borders"]):
            return _counter(told, one)
        first += len(one["borders"])
    raise Refused("counters", _SENTENCE)


_SENTENCE = (
    "This model splits on counters of several features at once (CatBoost's CTR combinations), "
    "which no exact route carries; train with max_ctr_complexity=1, or with a one_hot_max_size "
    "above the number of categories. The native .cbm works."
)


def _counter(told: Mapping[str, Any], one: Mapping[str, Any]) -> Counter:
    elements = one["elements"]
    single = len(elements) == 1 and elements[0]["combination_element"] == "cat_feature_value"
    data = told.get("ctr_data", {}).get(one["identifier"])
    kinds = ("Borders", "Buckets", "Counter", "FeatureFreq", "BinarizedTargetMeanValue")
    if not single or data is None or one["ctr_type"] not in kinds:
        raise Refused("counters", _SENTENCE)
    flat, stride = data["hash_map"], int(data["hash_stride"])
    table = {
        int(flat[at]): [float(number) for number in flat[at + 1 : at + stride]]
        for at in range(0, len(flat), stride)
        if str(flat[at]) != EMPTY
    }
    return Counter(
        int(elements[0]["cat_feature_index"]),
        one["ctr_type"],
        table,
        float(data.get("counter_denominator", 0)),
        (float(one["prior_numerator"]), float(one["prior_denomerator"])),
        float(one["shift"]),
        float(one["scale"]),
    )


def _mixed(number: int) -> int:
    """The 64-bit key of a projection of one word: its 32-bit hash, signed, mixed with nothing."""
    return (MAGIC * (MAGIC * (number % WORD))) % WORD
