"""Every fitted estimator inside a composed model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def parts(estimator: Any) -> Iterator[Any]:
    """The estimator and all steps inside it, outermost first."""
    yield estimator
    for attribute in ("steps", "transformers_", "transformer_list"):
        for step in getattr(estimator, attribute, None) or []:
            yield from parts(step[1])
    for attribute in ("best_estimator_", "regressor_", "estimator_", "_preprocessor"):
        inner = getattr(estimator, attribute, None)
        if inner is not None and not isinstance(inner, str):
            yield from parts(inner)
