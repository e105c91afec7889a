"""Texts on which a conversion goes wrong, if it does: made of the words that a model knows.

Half of what a text model does is Unicode: letters that lower-case to two, letters that look alike,
blanks that are none, marks that combine, digits of other scripts. So known words are disguised as
these, and strangers put among them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np

# What a model whose words nobody can tell is asked: hashed ones.
COMMON = ("the", "a", "good", "not", "it's", "2024", "x", "caf\u00e9", "\u6771\u4eac", "foo_bar")
STRANGERS = (
    "crossport",
    "zq",
    "q",
    "_",
    "7",
    "\u0661\u0662\u0663",  # digits of another script
    "\u2167",  # a numeral that is no digit
    "\u00b2\u00bd",
    "\u0130stanbul",  # lower-cases to one letter more
    "\u039f\u0394\u039f\u03a3",  # ends in a sigma of its own
    "\u03a3",
    "\u1e9e\u00df",
    "\ufb03\ufb01",  # ligatures
    "\u01c5\u01f2",  # title case
    "\u017f\u212a\u212b",  # long s, Kelvin, Angstrom
    "\u6f22\u5b57\u304b\u306a\uff76\uff85",
    "\ud55c\uad6d\uc5b4",
    "\u0e20\u0e32\u0e29\u0e32",
    "\u0928\u092e\u0938\u094d\u0924\u0947",
    "\u0627\u0644\u0644\u063a\u0629",
    "\ufdfa",  # one letter that decomposes to eighteen
    "\U0001f600",
    "\U0001f44d\U0001f3fd",
    "\U0001d400\U0001d483",  # letters beyond U+FFFF
    "\U00020000",
    "\u0301",
    "\ufffd\ue000",
)
GAPS = (
    *(" ", " ", " ", " ", "  ", "\n", "\t", "\r\n", ", ", ". ", "-", "'", "\u2019", "/", "_"),
    *("\x00", "\x0b", "\x1c", "\x85", "\u00a0", "\u00ad", "\u200b", "\u200d", "\u2028", "\u3000"),
    *("\u00b7", "\u0307", ""),
)
ALIKE = {ord("k"): "\u212a", ord("i"): "\u0130", ord("s"): "\u017f", ord("a"): "\uff41"}
LONG = 2000


def _looks(word: str) -> str:
    """Letters replaced by such as look alike or lower-case to the same."""
    return word.translate(ALIKE)


def _marked(word: str) -> str:
    return "".join(letter + "\u0301" for letter in word)


def _decomposed(word: str) -> str:
    return unicodedata.normalize("NFKD", word)


def _final(word: str) -> str:
    return word + "\u03a3"


DISGUISES: tuple[Callable[[str], str], ...] = (
    *(str.upper, str.title, str.swapcase, str.lower, str.casefold),
    *(_looks, _marked, _decomposed, _final),
)


def random(
    words: list[str], fillers: list[str], count: int, draw: np.random.Generator
) -> list[str]:
    """`count` texts of up to thirty words, most of them known ones.

    fillers: words that the model passes over, which are put between the words of an n-gram.
    """
    between = [*fillers, "zq", "7"]
    return [_text(words, between, int(draw.integers(0, 30)), draw) for _ in range(count)]


def _text(words: list[str], fillers: list[str], length: int, draw: np.random.Generator) -> str:
    chance, plain = draw.random(length), draw.random() < 0.4
    made = []
    for one in chance:
        word = str(words[draw.integers(len(words))])
        if one > 0.7 and " " in word:
            word = word.replace(" ", f" {fillers[draw.integers(len(fillers))]} ")
        elif one > 0.9:
            word = fillers[draw.integers(len(fillers))]
        elif not plain and one < 0.15:
            word = STRANGERS[draw.integers(len(STRANGERS))]
        elif not plain and one < 0.4:
            word = DISGUISES[draw.integers(len(DISGUISES))](word)
        made.append(word)
        made.append(" " if plain else GAPS[draw.integers(len(GAPS))])
    return "".join(made)


def special(words: list[str], fillers: list[str]) -> list[str]:
    """Texts worth a row of their own."""
    first = words[: max(1, min(len(words), 3))]
    texts = ["   ", "\n\t\u00a0\u2003", "!!!", "... ?!", "\x00", "a b c", *STRANGERS]
    for word in first:
        texts += [word, f" {word} ", *(disguise(word) for disguise in DISGUISES)]
        texts += [f"{word}{gap}{word}" for gap in dict.fromkeys(GAPS)]
    for gram in [word for word in words if " " in word.strip()][:20]:
        texts += [gram.replace(" ", between) for between in ("  ", "\n", ". ", " x ", " zq ")]
        texts += [gram.replace(" ", f" {filler} ") for filler in fillers[:3]]
    texts.append(f"{first[0]} " * LONG)
    texts.append(" ".join(words[:LONG]))
    texts.append("".join(words[:LONG]))
    return list(dict.fromkeys(texts))
