"""Reads Universal Binary JSON as XGBoost writes it; typed lists become numpy arrays at once.

See https://ubjson.org/type-reference/ : numbers are big-endian, objects and lists may tell their
count and, lists only, the type of all their items.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

NUMBERS = {
    "i": ">i1",
    "U": ">u1",
    "I": ">i2",
    "l": ">i4",
    "L": ">i8",
    "d": ">f4",
    "D": ">f8",
}
FORMATS = {kind: struct.Struct(">" + code) for kind, code in zip("iUIlLdD", "bBhiqfd", strict=True)}
CONSTANTS = {"Z": None, "T": True, "F": False}


def loads(octets: bytes) -> Any:
    """The document; lists of numbers with one type are numpy arrays, others lists.

    Raises:
        ValueError: the bytes are no such document.
    """
    reader = _Reader(octets)
    try:
        return reader.value(reader.mark())
    except (IndexError, struct.error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not UBJSON: {error}") from error


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def mark(self) -> str:
        found = chr(self._octets[self._at])
        self._at += 1
        return found

    def value(self, kind: str) -> Any:
        if kind == "{":
            return self._object()
        if kind == "[":
            return self._list()
        if kind == "S":
            return self._text()
        if kind == "C":
            return self.mark()
        if kind in CONSTANTS:
            return CONSTANTS[kind]
        return self._number(kind)

    def _number(self, kind: str) -> Any:
        if kind not in FORMATS:
            raise ValueError(f"not UBJSON: unknown mark {kind!r} at {self._at}")
        (found,) = FORMATS[kind].unpack_from(self._octets, self._at)
        self._at += FORMATS[kind].size
        return found

    def _count(self) -> int:
        found = int(self._number(self.mark()))
        if found < 0:
            raise ValueError(f"not UBJSON: a negative length at {self._at}")
        return found

    def _text(self) -> str:
        length = self._count()
        found = self._octets[self._at : self._at + length]
        if len(found) != length:
            raise ValueError("not UBJSON: a text is cut short")
        self._at += length
        return found.decode()

    def _object(self) -> dict[str, Any]:
        found = {}
        if chr(self._octets[self._at]) == "#":
            self._at += 1
            for _ in range(self._count()):
                name = self._text()
                found[name] = self.value(self.mark())
            return found
        while chr(self._octets[self._at]) != "}":
            name = self._text()
            found[name] = self.value(self.mark())
        self._at += 1
        return found

    def _list(self) -> Any:
        kind = ""
        if chr(self._octets[self._at]) == "$":
            self._at += 1
            kind = self.mark()
        if chr(self._octets[self._at]) == "#":
            self._at += 1
            count = self._count()
            if kind in NUMBERS:
                return self._array(kind, count)
            return [self.value(kind or self.mark()) for _ in range(count)]
        found = []
        while chr(self._octets[self._at]) != "]":
            found.append(self.value(self.mark()))
        self._at += 1
        return found

    def _array(self, kind: str, count: int) -> Any:
        dtype = np.dtype(NUMBERS[kind])
        end = self._at + count * dtype.itemsize
        if end > len(self._octets):
            raise ValueError("not UBJSON: a list is cut short")
        found = np.frombuffer(self._octets, dtype, count, self._at)
        self._at = end
        return found
