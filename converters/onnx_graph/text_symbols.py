"""Writes the nodes that turn texts into symbols: characters, then what each of them becomes.

All texts of a batch lie one behind the other in flat arrays, a symbol and a row number for each
character, so that a long text beside short ones costs no padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.graph import ELEMENTS, ML, Graph, Value
from converters.onnx_graph.text_alphabet import PAD, UNKNOWN, Alphabet

MICROSOFT = "com.microsoft"
# Texts are cut into pieces of so many characters first: less padding where lengths differ.
PIECE = 64
LONG_TABLE = 1024


@dataclass(frozen=True)
class Symbols:
    """Flat arrays [M], int64: the symbols of all texts, and the row that each comes from."""

    codes: Value
    rows: Value


def symbols(graph: Graph, texts: Value, alphabet: Alphabet, sentinel: str) -> Symbols:
    """The symbols of [N] texts, and those of one more text, `sentinel`, as row N.

    sentinel: keeps every array from being empty; known to be of the alphabet's keys or patterns.
    """
    more = graph.op("Concat", [texts, graph.const([sentinel])], "string", 0, axis=0)
    pieces = _tokens(graph, more, tokenexp=f"(?s).{{1,{PIECE}}}")
    here = graph.cast(_lookup(graph, pieces, {"": 0}, 1), "bool")
    of_row = _row_numbers(graph, here)
    characters = _tokens(graph, compress(graph, flat(graph, pieces), flat(graph, here)), [""])
    keys = {"": PAD, **dict(zip(alphabet.keys, alphabet.places, strict=True))}
    images = _lookup(graph, characters, keys, UNKNOWN)
    rows = graph.binary("Add", graph.binary("Mul", images, 0), graph.column(of_row))
    images, rows, characters = (flat(graph, one) for one in (images, rows, characters))
    full = graph.compare("Greater", images, PAD)
    images, rows, characters = (compress(graph, one, full) for one in (images, rows, characters))
    images = _others(graph, images, characters, alphabet)
    if alphabet.final is not None:
        images = _final_sigmas(graph, images, rows, alphabet)
    return _become(graph, images, rows, alphabet)


def flat(graph: Graph, value: Value) -> Value:
    """Any shape as one row of values."""
    return graph.op("Reshape", [value, graph.const([-1], "int64")], value.dtype, 0)


def compress(graph: Graph, value: Value, keep: Value) -> Value:
    """[M] the values where `keep` holds."""
    return graph.op("Compress", [value, keep], value.dtype, 0, axis=0)


def look(graph: Graph, table: npt.ArrayLike, at: Value, dtype: str = "int64") -> Value:
    """Entries of a constant table, one for each index; long ones are stored as int32."""
    array = np.asarray(table)
    if dtype == "int64" and array.size > LONG_TABLE and np.abs(array).max() < 2**31:
        narrow = graph.op("Gather", [graph.const(array, "int32"), at], "int32", 0, axis=0)
        return graph.cast(narrow, "int64")
    return graph.op("Gather", [graph.const(array, dtype), at], dtype, 0, axis=0)


def gather(graph: Graph, value: Value, at: Value) -> Value:
    """Entries of a flat array, one for each index."""
    return graph.op("Gather", [value, at], value.dtype, 0, axis=0)


def positions(graph: Graph, mask: Value) -> Value:
    """[M] bool as the int64 indices where it holds."""
    return flat(graph, graph.op("NonZero", [mask], "int64", 0))


def size(graph: Graph, value: Value) -> Value:
    """The length of a flat array, [1] int64."""
    return graph.op("Shape", [value], "int64", 0)


def count_up(graph: Graph, length: Value) -> Value:
    """0, 1, 2 … up to a length [1]."""
    end = graph.op("Reshape", [length, graph.const(np.zeros(0), "int64")], "int64", 0)
    limits: list[Value | str] = [graph.const(0, "int64"), end, graph.const(1, "int64")]
    return graph.op("Range", limits, "int64", 0)


def total(graph: Graph, value: Value) -> Value:
    """The running sum of a flat int64 array."""
    return graph.op("CumSum", [value, graph.const(0, "int64")], "int64", 0)


def put(graph: Graph, into: Value, at: Value, values: Value) -> Value:
    """A flat array with the entries at these indices replaced."""
    return graph.op("ScatterElements", [into, at, values], into.dtype, 0, axis=0)


def before(graph: Graph, value: Value, first: int = -1) -> Value:
    """Each entry's left neighbour, `first` for the first."""
    start = graph.op("Slice", [value, *_bounds(graph, 0, -1)], value.dtype, 0)
    return graph.op("Concat", [graph.const([first], value.dtype), start], value.dtype, 0, axis=0)


def after(graph: Graph, value: Value, last: int = -1, steps: int = 1) -> Value:
    """Each entry's neighbour so many steps to the right, `last` where there is none."""
    rest = graph.op("Slice", [value, *_bounds(graph, steps, 2**62)], value.dtype, 0)
    more = graph.op(
        "Concat", [rest, graph.const([last] * steps, value.dtype)], value.dtype, 0, axis=0
    )
    if steps == 1:
        return more
    # Fewer entries than steps: the filling alone is longer than the array.
    zero = graph.const([0], "int64")
    return graph.op("Slice", [more, zero, size(graph, value), zero], value.dtype, 0)


def _bounds(graph: Graph, start: int, end: int) -> list[str]:
    return [graph.const([edge], "int64") for edge in (start, end, 0)]


def _tokens(
    graph: Graph, texts: Value, separators: list[str] | None = None, tokenexp: str = ""
) -> Value:
    """[K] texts cut up, [K, most]; "" fills up. The separator "" cuts between characters."""
    graph.domains[MICROSOFT] = 1
    how: dict[str, Any] = {"mark": 0, "mincharnum": 1, "pad_value": ""}
    how |= {"separators": separators} if separators is not None else {"tokenexp": tokenexp}
    return graph.op("Tokenizer", [texts], "string", 0, domain=MICROSOFT, **how)


def _lookup(graph: Graph, texts: Value, keys: dict[str, int], other: int) -> Value:
    return graph.op(
        "LabelEncoder",
        [texts],
        "int64",
        0,
        domain=ML,
        keys_strings=list(keys),
        values_int64s=list(keys.values()),
        default_int64=other,
    )


def _row_numbers(graph: Graph, here: Value) -> Value:
    """[N, C] bool to the row number of each cell where it holds, flat."""
    where = graph.op("NonZero", [here], "int64", 0)
    return graph.op("Gather", [where, graph.const(0, "int64")], "int64", 0, axis=0)


def _others(graph: Graph, images: Value, characters: Value, alphabet: Alphabet) -> Value:
    """Characters outside the vocabulary by their kind; they are few, and only they are tried."""
    if not alphabet.patterns:
        return images
    unknown = graph.compare("Equal", images, UNKNOWN)
    strange = compress(graph, characters, unknown)
    kinds = None
    for pattern, place, hit in alphabet.patterns:
        # One more character that is of the class: one token at least.
        tried = graph.op("Concat", [strange, graph.const([hit])], "string", 0, axis=0)
        found = _lookup(graph, _tokens(graph, tried, tokenexp=pattern), {"": 0}, place - UNKNOWN)
        found = flat(graph, found)
        kinds = found if kinds is None else graph.binary("Add", kinds, found)
    assert kinds is not None  # noqa: S101 - there are patterns; narrows the type
    kinds = graph.op("Slice", [kinds, *_bounds(graph, 0, -1)], "int64", 0)
    kinds = graph.binary("Add", kinds, UNKNOWN)
    return put(graph, images, positions(graph, unknown), kinds)


def _final_sigmas(graph: Graph, images: Value, rows: Value, alphabet: Alphabet) -> Value:
    """A capital sigma behind a cased letter and not before one becomes a final one.

    What Unicode calls case-ignorable in between is passed over, as CPython's str.lower does.
    """
    assert alphabet.final is not None  # noqa: S101 - the caller asked; narrows the type
    final, capital = alphabet.final
    counts = graph.cast(look(graph, np.invert(alphabet.ignorable), images, "bool"), "bool")
    at = positions(graph, counts)
    seen, of_row = gather(graph, images, at), gather(graph, rows, at)
    # A cased letter's row, counted from 1; 0 for all else.
    row = graph.binary("Add", of_row, 1)
    letter = graph.binary("Mul", row, look(graph, np.array(alphabet.cased, np.int64), seen))
    behind = graph.compare("Equal", before(graph, letter), row)
    ahead = graph.compare("Equal", after(graph, letter), row)
    sigma = graph.compare("Equal", seen, capital)
    ends = graph.op("And", [behind, graph.op("Not", [ahead], "bool", 0)], "bool", 0)
    ends = graph.op("And", [ends, sigma], "bool", 0)
    chosen = graph.where(ends, graph.const(final, "int64"), seen, seen)
    return put(graph, images, at, chosen)


def _become(graph: Graph, images: Value, rows: Value, alphabet: Alphabet) -> Symbols:
    """Each image as the symbols that it stands for: one, none or several."""
    lengths = np.array([len(image) for image in alphabet.images])
    lengths[PAD] = 1  # there is none left
    parts = [image or (0,) * n for image, n in zip(alphabet.images, lengths, strict=True)]
    joined = np.concatenate([np.array(part, np.int64) for part in parts])
    if (lengths == 1).all():
        return Symbols(look(graph, joined, images), rows)
    starts = np.cumsum(lengths) - lengths
    if not lengths.all():
        stays = look(graph, lengths > 0, images, "bool")
        images, rows = compress(graph, images, stays), compress(graph, rows, stays)
    if (lengths <= 1).all():
        return Symbols(look(graph, joined, look(graph, starts, images)), rows)
    source, inside = spread(graph, look(graph, lengths, images))
    at = graph.binary("Add", gather(graph, look(graph, starts, images), source), inside)
    return Symbols(look(graph, joined, at), gather(graph, rows, source))


def spread(graph: Graph, lengths: Value) -> tuple[Value, Value]:
    """Each index as often as its length says, which is never 0, and 0, 1, 2 … within each."""
    ends = total(graph, lengths)
    begins = graph.binary("Sub", ends, lengths)
    last = graph.op("ReduceSum", [lengths], "int64", 0, keepdims=1)
    nothing = graph.op("ConstantOfShape", [last], "int64", 0, value=_zero())
    ones = graph.op("Expand", [graph.const([1], "int64"), size(graph, begins)], "int64", 0)
    source = graph.binary("Sub", total(graph, put(graph, nothing, begins, ones)), 1)
    return source, graph.binary("Sub", count_up(graph, last), gather(graph, begins, source))


def _zero() -> object:
    from onnx import helper

    return helper.make_tensor("zero", ELEMENTS["int64"], [1], [0])
