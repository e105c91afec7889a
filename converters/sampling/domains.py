"""Which values each column takes, as the model itself tells: ranges, and categories it learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from converters.contract import Domain
from converters.golden import Answers, Rows
from converters.sampling.features import Feature

# What a reader still takes in, and one Java enum holds with ease.
MOST_CATEGORIES = 500
LONGEST_CATEGORY = 200
# Of all columns together.
MOST_IN_ALL = 10_000
# More columns than this are not asked whether they take a value that is new to them.
MOST_ASKED = 100
NEW = "crossport never seen"


def of(features: Sequence[Feature]) -> list[Domain]:
    """What is known of the columns of which anything is known.

    A column of text that has learned categories and takes no others is said to be closed; whether
    that is so the original has still to say (`seen_to_refuse`).
    """
    found = []
    left = MOST_IN_ALL
    for feature in features:
        if feature.dtype == object:
            words = [word for word in feature.learned if isinstance(word, str)]
            fits = len(words) <= min(MOST_CATEGORIES, left)
            fits = fits and all(len(word) <= LONGEST_CATEGORY for word in words)
            if words and fits and not feature.texts:
                left -= len(words)
                found.append(Domain(feature.name, categories=words, closed=not feature.unseen))
        elif feature.dtype.kind in "iuf" and feature.lows:
            found.append(Domain(feature.name, min(feature.lows), max(feature.highs)))
    return found


def seen_to_refuse(
    domains: Sequence[Domain], rows: Rows, answer: Callable[[Rows], Answers]
) -> list[Domain]:
    """The same, closed only where the original raised on a row with a new value in that column.

    rows: those that the original answers; the first is asked again with the new value. One value
    among them that is none of the categories, and the column is open: a step before the encoder
    may take it for another.
    """
    told = []
    asked = 0
    for domain in domains:
        if domain.closed:
            asked += 1
            seen = {value for value in rows[domain.column].tolist() if isinstance(value, str)}
            known = seen <= set(domain.categories)
            closed = known and asked <= MOST_ASKED and _refuses(domain.column, rows, answer)
            domain = replace(domain, closed=closed)
        told.append(domain)
    return told


def _refuses(column: str, rows: Rows, answer: Callable[[Rows], Answers]) -> bool:
    one = {name: values[:1].copy() for name, values in rows.items()}
    one[column] = np.array([NEW], dtype=object)
    try:
        answer(one)
    except Exception:
        # Foreign code on a made-up row: that it raises is the answer.
        return True
    return False
