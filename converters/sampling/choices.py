"""What an encoder makes of each category of each column, found by asking the encoder itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from converters.sampling.features import Floats
from converters.sampling.links import Choice, Link, Links

# Encoders of more categories than this are not traced: trees hardly ask for each.
MOST = 500
UNSEEN = "crossport never seen"


def encoded(step: Any, links: Links, width: int) -> Links:
    """The links of a fitted encoder's output columns; None for those of no single column.

    width: how many columns it makes. Whatever the encoder raises on its own categories is raised.
    """
    out: Links = [None] * width
    known = [_values(step, place, link) for place, link in enumerate(links)]
    count = sum(map(len, known))
    if not count or count > MOST or any(not len(one) for one in step.categories_):
        return out
    usual = [categories[0] for categories in step.categories_]
    table = np.array([usual] * count, dtype=object)
    start, blocks = 0, []
    for place, values in enumerate(known):
        block = slice(start, start + len(values))
        table[block, place] = values
        blocks.append(block)
        start += len(values)
    numbers = _asked(step, table)
    if numbers.shape[1] != width:
        return out
    for place, block in enumerate(blocks):
        link, values = links[place], known[place]
        if not values or not isinstance(link, Link):
            continue
        for column in np.flatnonzero(np.ptp(numbers[block], axis=0)):
            own = numbers[block, column]
            out[column] = Choice(link.feature, _as_feature(link, values), own)
    return out


def _values(step: Any, place: int, link: Any) -> list[Any]:
    """A column's categories as the encoder keeps them, and one unseen where it takes one."""
    if not isinstance(link, Link) or link.steps or place >= len(step.categories_):
        return []
    found = [v for v in step.categories_[place].tolist() if v is not None and v == v]
    if getattr(step, "handle_unknown", "ignore") != "error" and link.feature.dtype.kind != "b":
        if all(isinstance(value, str) for value in found):
            found.append(UNSEEN)
        elif found and not any(isinstance(value, str) for value in found):
            found.append(max(found) + 1)
    return found


def _as_feature(link: Link, values: list[Any]) -> tuple[Any, ...]:
    if link.feature.dtype == object:
        return tuple(str(value) for value in values)
    return tuple(values)


def _asked(step: Any, table: Any) -> Floats:
    names = getattr(step, "feature_names_in_", None)
    fed = table if names is None else pd.DataFrame(table, columns=names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = step.transform(fed)
    made = made.toarray() if hasattr(made, "toarray") else np.asarray(made)
    return np.asarray(made, dtype=np.float64)
