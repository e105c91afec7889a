"""Reads a vectoriser's token pattern: what characters a word is made of, and how it ends."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import text_alphabet
from converters.onnx_graph.text_alphabet import Flags

# Python's own reader of patterns; typeshed does not know it.
codes: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


@dataclass(frozen=True)
class TokenPattern:
    """Words are the longest runs of some characters.

    Attributes:
        body: [0x110000] which code points a word is made of.
        first: the same for its first character, where that is more particular.
        least, most: its length; most is 0 where there is no end to it.
        starts, ends: a word boundary is asked before and behind it.
        word: [0x110000] which code points are word characters to a boundary.
    """

    body: Flags
    first: Flags
    least: int
    most: int
    starts: bool
    ends: bool
    word: Flags

    @property
    def sample(self) -> str:
        """A text of one word, without NUL, which a constant of a graph loses."""
        first, rest = (chr(int(np.flatnonzero(one[1:])[0]) + 1) for one in (self.first, self.body))
        return first + rest * (self.least - 1)


def read(pattern: str) -> TokenPattern:
    """Understand a pattern like `\\b\\w\\w+\\b`, `[a-z]{3,}` or `\\S+`.

    Raises:
        Refused: `token_pattern` for one that asks more than runs of characters.
    """
    try:
        tree = parser.parse(pattern)
    except re.error:
        raise _refused(pattern) from None
    flags = tree.state.flags & (re.ASCII | re.IGNORECASE | re.DOTALL | re.LOCALE)
    if flags & (re.IGNORECASE | re.LOCALE):
        raise _refused(pattern)
    items = _flat(list(tree), pattern)
    starts = bool(items) and items[0] == (codes.AT, codes.AT_BOUNDARY)
    ends = len(items) > 1 and items[-1] == (codes.AT, codes.AT_BOUNDARY)
    runs = [_run(item, flags, pattern) for item in items[starts : len(items) - ends]]
    word = text_alphabet.matching(r"\w", flags & re.ASCII)
    return _checked(_joined(runs, starts, ends, word, pattern), pattern)


def _flat(items: list[Any], pattern: str) -> list[Any]:
    """The items, one capturing or plain group around any of them opened."""
    out = []
    for item in items:
        if item[0] is codes.SUBPATTERN:
            _, add, remove, inner = item[1]
            if add or remove:
                raise _refused(pattern)
            if item[1][0] is not None and any(
                one[0] is not codes.AT for one in items if one is not item
            ):
                raise _refused(pattern)  # the group is only a part of the word
            out += _flat(list(inner), pattern)
        else:
            out.append(item)
    return out


Run = tuple[Flags, int, int]


def _run(item: Any, flags: int, pattern: str) -> Run:
    kind, value = item
    if kind is codes.MAX_REPEAT:
        least, most, inner = value
        if len(inner) != 1:
            raise _refused(pattern)
        body, one, same = _run(inner[0], flags, pattern)
        if (one, same) != (1, 1):
            raise _refused(pattern)
        return body, int(least), 0 if most == codes.MAXREPEAT else int(most)
    return _class(kind, value, flags, pattern), 1, 1


def _class(kind: Any, value: Any, flags: int, pattern: str) -> Flags:
    found = np.zeros(text_alphabet.CODES, dtype=bool)
    if kind is codes.LITERAL:
        found[value] = True
    elif kind is codes.NOT_LITERAL:
        found[value] = True
        return ~found
    elif kind is codes.ANY:
        found[:] = True
        found[ord("\n")] = bool(flags & re.DOTALL)
    elif kind is codes.RANGE:
        found[value[0] : value[1] + 1] = True
    elif kind is codes.CATEGORY and str(value) in CATEGORIES:
        return text_alphabet.matching(CATEGORIES[str(value)], flags & re.ASCII)
    elif kind is codes.IN:
        negated = value[0][0] is codes.NEGATE
        for inner, about in value[negated:]:
            found = found | _class(inner, about, flags, pattern)
        return ~found if negated else found
    else:
        raise _refused(pattern)
    return found


def _joined(runs: list[Run], starts: bool, ends: bool, word: Flags, pattern: str) -> TokenPattern:
    if not runs:
        raise _refused(pattern)
    first, body = runs[0][0], runs[-1][0]
    alike = [np.array_equal(one[0], body) for one in runs]
    fixed = runs[0][1:] == (1, 1)
    if not all(alike[1:]) or not (alike[0] or fixed):
        raise _refused(pattern)
    least = sum(one[1] for one in runs)
    most = 0 if any(one[2] == 0 for one in runs) else sum(one[2] for one in runs)
    return TokenPattern(body, first, least, most, starts, ends, word)


def _checked(made: TokenPattern, pattern: str) -> TokenPattern:
    """See that the longest runs of the characters are what the pattern finds."""
    plain = np.array_equal(made.first, made.body)
    inside = not (made.body & ~made.word).any()
    bounded = made.starts and made.ends and inside
    whole = bounded and np.array_equal(made.body, made.word)
    if (
        made.least < 1
        or not made.body[1:].any()
        or not made.first[1:].any()
        or ((made.starts or made.ends) and not inside)
        or (made.most and not bounded)
        or (not plain and not (whole and not (made.first & ~made.body).any()))
    ):
        raise _refused(pattern)
    return made


def _refused(pattern: str) -> Refused:
    return Refused(
        "token_pattern",
        f"The vectoriser's token_pattern {pattern!r} is more than runs of one kind of character, "
        r"which is all that can be carried; use one like (?u)\b\w\w+\b, [a-z]+ or \S+.",
    )
