"""What each character of a text becomes before it is cut into terms, by Python's own tables.

A text model lower-cases, strips accents and looks for words with Python's Unicode tables, which no
runtime shares. So the tables travel with the model, as far as its vocabulary can tell: a character
becomes a sequence of symbols, one symbol for each character of the vocabulary, and one for all
others of a kind.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]

PAD, UNKNOWN = 0, 1
SIGMA, SMALL_SIGMA, FINAL_SIGMA = "\u03a3", "\u03c3", "\u03c2"
CODES = sys.maxunicode + 1
SURROGATES = range(0xD800, 0xE000)


@dataclass
class Alphabet:
    """The characters that a model tells apart.

    Attributes:
        symbols: the vocabulary's characters, and "" for all others of one kind.
        flags: for each kind of character that the model asks for, [symbols] which are of it.
        keys: single characters as texts have them, each with its image in `places`.
        images: what a character becomes, as symbols; 0 is padding, 1 any character not in `keys`.
        patterns: RE2 classes of the characters outside `keys` with an image other than 1, the
            image, and one character of the class.
        cased, ignorable: [images] what lower-casing a final sigma asks; empty where none is asked.
        final: the image of a final sigma, and the one of a capital one.
    """

    symbols: list[str] = field(default_factory=list)
    flags: dict[str, Flags] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    images: list[tuple[int, ...]] = field(default_factory=list)
    patterns: list[tuple[str, int, str]] = field(default_factory=list)
    cased: list[bool] = field(default_factory=list)
    ignorable: list[bool] = field(default_factory=list)
    final: tuple[int, int] | None = None

    def symbol(self, character: str) -> int:
        """A vocabulary's character as a symbol."""
        return self.symbols.index(character)


@cache
def everything() -> str:
    """All characters of Unicode in order, without surrogates."""
    return "".join(chr(code) for code in range(CODES) if code not in SURROGATES)


@cache
def matching(pattern: str, flags: int = 0) -> Flags:
    """[0x110000] which code points one regular expression of one character matches."""
    found = np.zeros(CODES, dtype=bool)
    gap = len(SURROGATES)
    for run in re.finditer(f"(?:{pattern})+", everything(), flags):
        first, last = run.span()
        parts = [(first, min(last, SURROGATES.start)), (max(first, SURROGATES.start), last)]
        found[parts[0][0] : max(parts[0])] = True
        found[parts[1][0] + gap : parts[1][1] + gap] = True
    return found


def image(character: str, lowercase: bool, strip: str | None) -> str:
    """What one character becomes; a capital sigma as anywhere but at a word's end."""
    text = character.lower() if lowercase else character
    if strip is None or text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    if strip == "ascii":
        return decomposed.encode("ascii", "ignore").decode("ascii")
    return "".join(one for one in decomposed if not unicodedata.combining(one))


@cache
def changed(lowercase: bool, strip: str | None) -> tuple[str, ...]:
    """All characters that become something else, those that vanish as ASCII left out."""
    characters = everything()
    if strip == "ascii":
        return tuple(one for one in characters if image(one, lowercase, strip))
    return tuple(
        one
        for one in characters
        if (lowercase and one.lower() != one)
        or (strip and not one.isascii() and image(one, lowercase, strip) != one)
    )


@cache
def cased() -> Flags:
    """[0x110000] which code points count as cased before a final sigma."""
    found = np.zeros(CODES, dtype=bool)
    for one in everything():
        found[ord(one)] = (one + SIGMA).lower().endswith(FINAL_SIGMA)
    return found


@cache
def ignorable() -> Flags:
    """[0x110000] which code points are passed over when lower-casing looks for cased ones."""
    found = np.zeros(CODES, dtype=bool)
    for one in everything():
        found[ord(one)] = ("a" + one + SIGMA).lower().endswith(FINAL_SIGMA)
    return found & ~cased()


def build(
    features: Iterable[str], lowercase: bool, strip: str | None, kinds: dict[str, Flags]
) -> Alphabet:
    """The alphabet of a vocabulary.

    features: all terms that the model knows, stop words among them.
    kinds: for each kind of character that the model asks for, [0x110000] which are of it.
    """
    known = sorted({character for feature in features for character in feature} - {""})
    sigma = lowercase and strip != "ascii" and not {SMALL_SIGMA, FINAL_SIGMA}.isdisjoint(known)
    made = _Maker(known, kinds, sigma, vanish=strip == "ascii")
    candidates = dict.fromkeys([*changed(lowercase, strip), *known, *_few(kinds)])
    for character in sorted(candidates):
        # A character of the vocabulary that the model itself never makes stands for nothing.
        becomes = image(character, lowercase, strip)
        if becomes or not made.vanish:
            made.add(character, becomes)
    made.others()
    return made.alphabet


def _few(kinds: dict[str, Flags]) -> list[str]:
    """Blanks, where they are asked for: there are few."""
    return [chr(code) for code in np.flatnonzero(kinds["space"])] if "space" in kinds else []


class _Maker:
    """Collects an alphabet; `vanish`: what is not among its keys becomes nothing at all."""

    def __init__(
        self, known: list[str], kinds: dict[str, Flags], sigma: bool, vanish: bool
    ) -> None:
        self.kinds, self.sigma, self.vanish = kinds, sigma, vanish
        self.alphabet = Alphabet(images=[(), ()], cased=[False] * 2, ignorable=[False] * 2)
        self.symbols: dict[str | tuple[bool, ...], int] = {}
        self.images: dict[tuple[object, ...], int] = {}
        self.masks = [*kinds.values(), *([cased(), ignorable()] if sigma else [])]
        self.flags: list[tuple[bool, ...]] = []
        for character in known:
            self._symbol(character, known=True)
        self.known = set(known)

    def _bits(self, code: int) -> tuple[bool, ...]:
        return tuple(bool(mask[code]) for mask in self.masks)

    def _symbol(self, character: str, known: bool) -> int:
        bits = self._bits(ord(character))[: len(self.kinds)]
        key: str | tuple[bool, ...] = character if known else bits
        if key not in self.symbols:
            self.symbols[key] = len(self.alphabet.symbols)
            self.alphabet.symbols.append(character if known else "")
            self.flags.append(bits)
        return self.symbols[key]

    def _image(self, symbols: tuple[int, ...], code: int) -> int:
        about = self._bits(code)[len(self.kinds) :] or (False, False)
        key = (symbols, *about)
        if key not in self.images:
            self.images[key] = self._append(symbols, about)
        return self.images[key]

    def _append(self, symbols: tuple[int, ...], about: tuple[bool, ...]) -> int:
        self.alphabet.images.append(symbols)
        self.alphabet.cased.append(about[0])
        self.alphabet.ignorable.append(about[1])
        return len(self.alphabet.images) - 1

    def add(self, character: str, becomes: str) -> None:
        """One character as texts have it."""
        if self.sigma and character == SIGMA:
            return
        if len(becomes) == 1 and becomes not in self.known and not self.vanish:
            same = self._bits(ord(becomes)) == self._bits(ord(character))
            if same and not self._is_blank(character):
                return
        symbols = tuple(self._symbol(one, one in self.known) for one in becomes)
        self.alphabet.keys.append(character)
        self.alphabet.places.append(self._image(symbols, ord(character)))

    def _is_blank(self, character: str) -> bool:
        return "space" in self.kinds and bool(self.kinds["space"][ord(character)])

    def others(self) -> None:
        """Characters outside the keys, by kind; the sigmas."""
        if self.sigma:
            self._sigmas()
        else:
            self.alphabet.cased, self.alphabet.ignorable = [], []
        if not self.vanish:
            self._unknown()
        columns = np.array(self.flags, dtype=bool).reshape(len(self.flags), len(self.kinds))
        self.alphabet.flags = dict(zip(self.kinds, columns.T, strict=True))

    def _unknown(self) -> None:
        codes = np.zeros(CODES, dtype=np.int64)
        for place, mask in enumerate(self.masks):
            codes |= mask.astype(np.int64) << place
        codes[SURROGATES.start : SURROGATES.stop] = -1
        for kind in np.unique(codes[codes >= 0]):
            members = np.flatnonzero(codes == kind)
            symbols = (self._symbol(chr(members[0]), known=False),)
            if kind == 0:
                self.alphabet.images[UNKNOWN] = symbols
                continue
            if self._is_blank(chr(members[0])):
                continue  # all of them are keys
            place = self._image(symbols, int(members[0]))
            sample = chr(int(members[members > 0][0]))  # a graph's constants lose NUL
            self.alphabet.patterns.append((re2_class(members), place, sample))

    def _sigmas(self) -> None:
        made, places = self.alphabet, []
        for character in (FINAL_SIGMA, SMALL_SIGMA):
            symbol = (self._symbol(character, character in self.known),)
            places.append(self._append(symbol, (True, False)))
        made.keys.append(SIGMA)
        made.places.append(places[1])
        made.final = (places[0], places[1])


def re2_class(codes: npt.NDArray[np.int64]) -> str:
    """A character class of RE2 with exactly these code points, which are sorted."""
    breaks = np.flatnonzero(np.diff(codes) != 1)
    firsts = codes[np.concatenate([[0], breaks + 1])]
    lasts = codes[np.concatenate([breaks, [len(codes) - 1]])]
    ranges = (f"\\x{{{a:x}}}-\\x{{{b:x}}}" for a, b in zip(firsts, lasts, strict=True))
    return f"[{''.join(ranges)}]"
