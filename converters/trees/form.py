"""The one form of tree ensembles: every library is read into it, every target written from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAF = -1
# LightGBM's kZeroThreshold, a float32: its predictor takes smaller numbers for zero.
ZERO = float(np.float32(1e-35))


class Mode(IntEnum):
    """How a node compares its feature with its threshold; numbered as ONNX `nodes_modes`."""

    LEQ = 0
    LT = 1


@dataclass(frozen=True)
class Tree:
    """One binary tree as parallel arrays over its nodes; node 0 is the root.

    Attributes:
        feature: [nodes] index of the feature, LEAF (-1) in a leaf.
        threshold: [nodes] as the library holds it; float32 thresholds are exact in a double.
        mode: how every node of this tree compares.
        true, false: [nodes] the child taken where the comparison holds, and where it does not.
        missing_true: [nodes] where NaN goes.
        values: [nodes, targets] what a leaf adds to each target; zero in inner nodes.
    """

    feature: Ints
    threshold: Floats
    mode: Mode
    true: Ints
    false: Ints
    missing_true: Bools
    values: Floats


@dataclass(frozen=True)
class Ensemble:
    """Trees whose leaves are summed per target.

    Attributes:
        trees: in the order in which the library adds them.
        features: how many features one row has.
        targets: how many sums one row gives.
        compares: `float32` where the library casts a row to float32 before it compares,
            `float64` where it compares doubles.
        sums: the precision in which the library adds the leaves.
        flushes: numbers of at most ZERO count as 0.0 before they are compared.
        zero_missing: features whose zeros (and NaN) are missing values: |x| <= ZERO becomes NaN.
    """

    trees: tuple[Tree, ...]
    features: int
    targets: int
    compares: str = "float64"
    sums: str = "float64"
    flushes: bool = False
    zero_missing: tuple[int, ...] = ()


def thresholds(ensembles: Ensemble | Iterable[Ensemble]) -> dict[int, Floats]:
    """Each feature's split points, sorted and unique; where sampling puts its hardest rows."""
    if isinstance(ensembles, Ensemble):
        ensembles = [ensembles]
    found: dict[int, list[Floats]] = defaultdict(list)
    for ensemble in ensembles:
        for tree in ensemble.trees:
            inner = tree.feature != LEAF
            for feature in np.unique(tree.feature[inner]):
                found[int(feature)].append(tree.threshold[tree.feature == feature])
    return {feature: np.unique(np.concatenate(parts)) for feature, parts in sorted(found.items())}
