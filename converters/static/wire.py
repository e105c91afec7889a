"""Protocol buffers without their schemas: fields by number, as far as a question needs them.

Source: the encoding guide of protobuf.dev (varint, 64-bit, length-delimited, 32-bit).
"""

from __future__ import annotations

from collections.abc import Iterator

from converters.static.errors import Unreadable

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_FIELDS = 5_000_000

Field = tuple[int, int | memoryview]


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of one message: (number, whole number or bytes).

    Raises:
        Unreadable: bytes that no message has.
    """
    at, end = 0, len(message)
    for _ in range(MOST_FIELDS):
        if at >= end:
            return
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise Unreadable("a field has the number 0")
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise Unreadable(f"a field is of the wire type {kind}")
        if at + size > end:
            raise Unreadable("it ends in the middle of a field")
        yield number, message[at : at + size]
        at += size
    raise Unreadable(f"a message has more than {MOST_FIELDS} fields")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise Unreadable("it ends in the middle of a number")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def messages(message: memoryview, *path: int) -> Iterator[memoryview]:
    """All messages at the end of a path of field numbers."""
    if not path:
        yield message
        return
    for number, value in fields(message):
        if number == path[0] and isinstance(value, memoryview):
            yield from messages(value, *path[1:])


def text(value: int | memoryview) -> str:
    """A field as text; what is none comes out as replacement characters."""
    return bytes(value).decode("utf-8", "replace") if isinstance(value, memoryview) else ""
