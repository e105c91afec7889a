"""The one form of tree ensembles: every library is read into it, every target written from it.

How a row goes through a tree:

1. The row is cast to `Ensemble.compares`; tiny numbers and zeros become what `flushes` and
   `zero_missing` say.
2. A number node asks `x <= threshold` or `x < threshold` (`Tree.mode`). A set node, one that
   `Tree.members` names, asks whether the key of `x` is among its members; `Ensemble.categories`
   says for each such feature how a value becomes a key. Whoever has no member's key (unseen,
   negative, fractional, infinite) is in no set and goes to `false`.
3. NaN (and a missing word) is asked nothing: it goes to `true` where `missing_true` holds, in
   number and set nodes alike.
4. The leaf adds its `values`, or its formula where `Tree.formulas` has one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

from converters.trees import links
from converters.trees.links import LEAF as LEAF  # part of the form

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# LightGBM's kZeroThreshold, a float32: its predictor takes smaller numbers for zero.
ZERO = float(np.float32(1e-35))


class Mode(IntEnum):
    """How a number node compares its feature with its threshold; numbered as ONNX `nodes_modes`.

    CatBoost's `x > border` is LEQ with its children the other way round.
    """

    LEQ = 0
    LT = 1


class Key(StrEnum):
    """How a number becomes a category's key.

    SAME: the number itself; 3.5 is no category (HistGradientBoosting behind its own encoder).
    TRUNCATED: toward zero, so that 3.9 is 3 and -0.5 is 0 (LightGBM).
    NOT_NEGATIVE: toward zero, but a number below 0 has no key, so that -0.5 is none (XGBoost).
    WORD: the feature is text; a key is the place in `Category.words`, other words have none.
    NUMBER: a key is the place in `Category.numbers`, other numbers have none.
    """

    SAME = "same"
    TRUNCATED = "truncated"
    NOT_NEGATIVE = "not negative"
    WORD = "word"
    NUMBER = "number"


@dataclass(frozen=True)
class Category:
    """A feature that set nodes ask: how its values become keys.

    Attributes:
        words, numbers: what WORD and NUMBER look up.
        unseen_missing: a word or number that is not there counts as missing, like NaN.
    """

    key: Key
    words: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    unseen_missing: bool = False


@dataclass(frozen=True)
class Formula:
    """A linear leaf: `constant` + sum of `coefficients` times `features`, added in this order.

    Where one of its features is NaN the leaf's plain value counts instead (LightGBM). It adds to
    one target.
    """

    features: tuple[int, ...]
    coefficients: tuple[float, ...]
    constant: float
    target: int = 0


@dataclass(frozen=True)
class Tree:
    """One binary tree as parallel arrays over its nodes; node 0 is the root.

    Attributes:
        feature: [nodes] index of the feature, LEAF (-1) in a leaf.
        threshold: [nodes] as the library holds it; float32 thresholds are exact in a double. 0 in
            leaves and set nodes.
        mode: how every number node of this tree compares.
        true, false: [nodes] the child taken where the node's question holds, and where not.
        missing_true: [nodes] where NaN goes.
        values: [nodes, targets] what a leaf adds to each target; zero in inner nodes.
        members: set node → the keys for which it is true, sorted; empty without categories.
        formulas: leaf → its formula; mostly empty.
    """

    feature: Ints
    threshold: Floats
    mode: Mode
    true: Ints
    false: Ints
    missing_true: Bools
    values: Floats
    members: Mapping[int, Ints] = field(default_factory=dict)
    formulas: Mapping[int, Formula] = field(default_factory=dict)

    @property
    def numeric(self) -> Bools:
        """[nodes] the inner nodes that compare with a threshold."""
        inner: Bools = self.feature != LEAF
        inner[list(self.members)] = False
        return inner


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
        categories: each feature that set nodes ask; no number node asks it.

    Raises:
        Refused: `model_unreadable` for a tree whose nodes do not name each other as a tree's do.
    """

    trees: tuple[Tree, ...]
    features: int
    targets: int
    compares: str = "float64"
    sums: str = "float64"
    flushes: bool = False
    zero_missing: tuple[int, ...] = ()
    categories: Mapping[int, Category] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for tree in self.trees:
            links.check(tree.feature, tree.true, tree.false)

    @property
    def has_sets(self) -> bool:
        return any(tree.members for tree in self.trees)

    @property
    def has_formulas(self) -> bool:
        return any(tree.formulas for tree in self.trees)


def thresholds(ensembles: Ensemble | Iterable[Ensemble]) -> dict[int, Floats]:
    """Each feature's split points, sorted and unique; where sampling puts its hardest rows."""
    if isinstance(ensembles, Ensemble):
        ensembles = [ensembles]
    found: dict[int, list[Floats]] = defaultdict(list)
    for ensemble in ensembles:
        for tree in ensemble.trees:
            inner = tree.numeric
            for feature in np.unique(tree.feature[inner]):
                found[int(feature)].append(tree.threshold[inner & (tree.feature == feature)])
    return {feature: np.unique(np.concatenate(parts)) for feature, parts in sorted(found.items())}


def keys(ensembles: Ensemble | Iterable[Ensemble]) -> dict[int, Ints]:
    """Each category feature's keys that some set node names, sorted and unique."""
    if isinstance(ensembles, Ensemble):
        ensembles = [ensembles]
    found: dict[int, list[Ints]] = defaultdict(list)
    for ensemble in ensembles:
        for tree in ensemble.trees:
            for node, members in tree.members.items():
                found[int(tree.feature[node])].append(members)
    return {feature: np.unique(np.concatenate(parts)) for feature, parts in sorted(found.items())}
