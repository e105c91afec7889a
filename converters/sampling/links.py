"""Columns inside a model, traced back to the features that they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters.golden import Array
from converters.sampling.features import Feature, Floats

# One step of a scaler's arithmetic: subtract, divide, multiply or add a number.
Step = tuple[str, float]


@dataclass(frozen=True)
class Link:
    """One column inside the model, which is one feature but for scale and shift.

    feature = column * scale + shift.

    steps: the scalers' own arithmetic in its order, from the feature to the column.
    missing: a missing value of the feature is missing in the column too.
    """

    feature: Feature
    scale: float = 1.0
    shift: float = 0.0
    steps: tuple[Step, ...] = ()
    missing: bool = True

    def back(self, values: Any) -> Floats:
        """Values of the inner column as values of the feature, but for rounding."""
        return np.asarray(values, dtype=np.float64).ravel() * self.scale + self.shift

    def forward(self, values: Array) -> Array:
        """Values of the feature as the inner column has them, in the scalers' own arithmetic."""
        return arithmetic(values, self.steps)


@dataclass(frozen=True)
class Choice:
    """One column inside the model that an encoder made of one feature's categories.

    values: what the feature may be, the last one mostly unseen. numbers: the column for each.
    """

    feature: Feature
    values: tuple[Any, ...]
    numbers: Floats


# None: the column is mixed, or its origin is not known.
Links = list[Link | Choice | None]


def arithmetic(values: Array, steps: tuple[Step, ...]) -> Array:
    """The steps one after the other, each rounded to the dtype of the values as numpy does it."""
    with np.errstate(all="ignore"):
        for name, number in steps:
            operand = np.asarray(number, dtype=values.dtype if values.dtype.kind == "f" else float)
            if name == "subtract":
                values = values - operand
            elif name == "divide":
                values = values / operand
            elif name == "multiply":
                values = values * operand
            else:
                values = values + operand
    return values


def scaled(
    link: Link | Choice | None, scale: float, shift: float, steps: tuple[Step, ...]
) -> Link | Choice | None:
    """The link of a column behind a scaler: inner = (outer - shift) / scale, by these steps."""
    if isinstance(link, Choice):
        return replace(link, numbers=arithmetic(link.numbers, steps))
    if link is None:
        return None
    return replace(
        link,
        scale=link.scale * scale,
        shift=link.shift + link.scale * shift,
        steps=link.steps + steps,
    )
