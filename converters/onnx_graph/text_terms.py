"""Writes the nodes that cut symbols into words, n-grams of words and n-grams of characters.

A term is told by a number: the polynomial of its characters' random numbers in 64-bit arithmetic
that wraps around, the same in the graph (int64) and here. Whatever is equal gets equal numbers;
that two terms of a vocabulary differ is checked, and that any other text's number is one of theirs
has a chance of some 1e-19 a term.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.graph import ML, Graph, Value
from converters.onnx_graph.text_alphabet import Alphabet
from converters.onnx_graph.text_pattern import TokenPattern
from converters.onnx_graph.text_symbols import (
    Symbols,
    after,
    before,
    compress,
    flat,
    gather,
    look,
    positions,
    size,
    total,
)

BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
INVERSE = pow(BASE, -1, 2**64)
BLOCK = 1024
BLANK = " "


@dataclass(frozen=True)
class Terms:
    """Flat arrays [T], int64, one entry a term.

    Attributes:
        numbers: what tells it.
        begins: the place of its first symbol.
        lengths: its length in characters.
        rows: its text's row.
    """

    numbers: Value
    begins: Value
    lengths: Value
    rows: Value


@cache
def character_number(character: str) -> int:
    """One character's random number, of 64 bits."""
    return int.from_bytes(hashlib.blake2b(character.encode(), digest_size=8).digest(), "little")


def term_number(term: str) -> int:
    """A term's number as the graph computes it, as int64."""
    number = 0
    for character in reversed(term):
        number = (number * BASE + character_number(character)) % 2**64
    return _signed(number)


def _signed(number: int) -> int:
    number %= 2**64
    return number - 2**64 if number >= 2**63 else number


def _character_numbers(alphabet: Alphabet) -> npt.NDArray[np.int64]:
    made = [one or f"any other character {place}" for place, one in enumerate(alphabet.symbols)]
    return np.array([_signed(character_number(one)) for one in made], np.int64)


def words(graph: Graph, found: Symbols, alphabet: Alphabet, pattern: TokenPattern) -> Terms:
    """The words of all texts, in order."""
    row = graph.binary("Add", found.rows, 1)
    body = _marked(graph, found, alphabet, "body", row)
    begins, ends = _runs(graph, body)
    lengths = graph.binary("Add", graph.binary("Sub", ends, begins), 1)
    keep = graph.compare("GreaterOrEqual", lengths, pattern.least)
    if pattern.most:
        keep = _both(graph, keep, graph.compare("LessOrEqual", lengths, pattern.most))
    if "first" in alphabet.flags:
        first = look(graph, alphabet.flags["first"], gather(graph, found.codes, begins), "bool")
        keep = _both(graph, keep, first)
    if "word" in alphabet.flags:
        mark = _marked(graph, found, alphabet, "word", row)
        own = gather(graph, row, begins)
        for asked, side, at in (
            (pattern.starts, before(graph, mark), begins),
            (pattern.ends, after(graph, mark), ends),
        ):
            if asked:
                glued = graph.compare("Equal", gather(graph, side, at), own)
                keep = _both(graph, keep, graph.op("Not", [glued], "bool", 0))
    begins, ends, lengths = (compress(graph, one, keep) for one in (begins, ends, lengths))
    values = look(graph, _character_numbers(alphabet), found.codes)
    rows = gather(graph, found.rows, begins)
    return Terms(_polynomials(graph, values, begins, ends), begins, lengths, rows)


def _both(graph: Graph, one: Value, other: Value) -> Value:
    return graph.op("And", [one, other], "bool", 0)


def _marked(graph: Graph, found: Symbols, alphabet: Alphabet, kind: str, row: Value) -> Value:
    """Each symbol of a kind has its text's row, counted from 1; all others 0."""
    return graph.binary("Mul", look(graph, alphabet.flags[kind].astype(np.int64), found.codes), row)


def _edges(graph: Graph, mark: Value) -> tuple[Value, Value]:
    """Where runs of one mark begin and end, as bool."""
    some = graph.compare("Greater", mark, 0)
    differs = [
        graph.op("Not", [graph.compare("Equal", mark, side)], "bool", 0)
        for side in (before(graph, mark), after(graph, mark))
    ]
    return _both(graph, some, differs[0]), _both(graph, some, differs[1])


def _runs(graph: Graph, mark: Value) -> tuple[Value, Value]:
    """The first and the last index of each run of one mark."""
    begin, end = _edges(graph, mark)
    return positions(graph, begin), positions(graph, end)


def _polynomials(graph: Graph, values: Value, begins: Value, ends: Value) -> Value:
    """The numbers of the terms from each begin to each end, both inside."""
    length = size(graph, values)
    summands = graph.binary("Mul", values, _powers(graph, BASE, length))
    sums = total(graph, summands)
    inside = graph.binary("Sub", gather(graph, sums, ends), gather(graph, sums, begins))
    inside = graph.binary("Add", inside, gather(graph, summands, begins))
    return graph.binary("Mul", inside, gather(graph, _powers(graph, INVERSE, length), begins))


def _powers(graph: Graph, base: int, length: Value) -> Value:
    """base ** 0, 1, 2 … up to a length [1], below 2 ** 30."""
    step = graph.const([BLOCK], "int64")
    more = graph.binary("Add", graph.op("Div", [length, step], "int64", 0), 1)
    most = graph.binary("Add", graph.op("Div", [more, step], "int64", 0), 1)
    top = _first(graph, graph.const(_table(pow(base, BLOCK**2, 2**64)), "int64"), most)
    middle = _first(graph, _products(graph, top, _table(pow(base, BLOCK, 2**64))), more)
    return _first(graph, _products(graph, middle, _table(base)), length)


def _table(base: int) -> npt.NDArray[np.int64]:
    return np.array([_signed(pow(base, power, 2**64)) for power in range(BLOCK)], np.int64)


def _products(graph: Graph, left: Value, right: npt.NDArray[np.int64]) -> Value:
    other = graph.const(right.reshape(1, -1), "int64")
    return flat(graph, graph.op("Mul", [graph.column(left), other], "int64", 0))


def _first(graph: Graph, values: Value | str, length: Value) -> Value:
    zero = graph.const([0], "int64")
    return graph.op("Slice", [values, zero, length, zero], "int64", 0)


def without(graph: Graph, terms: Terms, stop_words: Iterable[str]) -> Terms:
    """The terms that are no stop words."""
    stopped = lookup(graph, terms.numbers, {term_number(word): 0 for word in stop_words}, 1)
    keep = graph.cast(stopped, "bool")
    arrays = (terms.numbers, terms.begins, terms.lengths, terms.rows)
    return Terms(*(compress(graph, one, keep) for one in arrays))


def lookup(graph: Graph, numbers: Value, table: dict[int, int], other: int) -> Value:
    """A number for each number, `other` for those not in the table."""
    return graph.op(
        "LabelEncoder",
        [numbers],
        "int64",
        0,
        domain=ML,
        keys_int64s=list(table),
        values_int64s=list(table.values()),
        default_int64=other,
    )


def word_grams(graph: Graph, terms: Terms, least: int, most: int) -> list[tuple[Value, Value]]:
    """Words joined by blanks, (numbers, rows) for each n from `least` to `most`."""
    made = []
    if least == 1:
        made.append((terms.numbers, terms.rows))
    if most == 1:
        return made
    # At most as long as all words together, and a blank between two of them.
    longest = graph.binary("Add", graph.op("ReduceSum", [terms.lengths], "int64", 0, keepdims=1), 0)
    longest = graph.binary("Add", longest, size(graph, terms.lengths))
    powers = _powers(graph, BASE, graph.binary("Add", longest, most))
    blank = _signed(character_number(BLANK))
    numbers, lengths = terms.numbers, terms.lengths
    for n in range(2, most + 1):
        follower = after(graph, terms.numbers, 0, n - 1)
        behind = graph.binary("Add", graph.binary("Mul", follower, _signed(BASE)), blank)
        behind = graph.binary("Mul", behind, gather(graph, powers, lengths))
        numbers = graph.binary("Add", numbers, behind)
        lengths = graph.binary("Add", lengths, after(graph, terms.lengths, 0, n - 1))
        lengths = graph.binary("Add", lengths, 1)
        if n >= least:
            same = graph.compare("Equal", after(graph, terms.rows, -1, n - 1), terms.rows)
            made.append((compress(graph, numbers, same), compress(graph, terms.rows, same)))
    return made


def collapsed(graph: Graph, found: Symbols, alphabet: Alphabet) -> Symbols:
    """Several white spaces in a row as one blank; a single one stays what it is."""
    row = graph.binary("Add", found.rows, 1)
    mark = _marked(graph, found, alphabet, "space", row)
    begin, end = _edges(graph, mark)
    nothing = graph.compare("Equal", mark, 0)
    keep = graph.op("Or", [nothing, begin], "bool", 0)
    alone = graph.op("Or", [nothing, _both(graph, begin, end)], "bool", 0)
    blank = graph.const(alphabet.symbol(BLANK), "int64")
    codes = graph.where(alone, found.codes, blank, found.codes)
    return Symbols(compress(graph, codes, keep), compress(graph, found.rows, keep))


def character_grams(
    graph: Graph, found: Symbols, alphabet: Alphabet, least: int, most: int
) -> list[tuple[Value, Value]]:
    """Windows of characters, (numbers, rows) for each n from `least` to `most`."""
    values = look(graph, _character_numbers(alphabet), found.codes)
    made = []
    for n, numbers in enumerate(_windows(graph, values, most), 1):
        if n >= least:
            same = graph.compare("Equal", after(graph, found.rows, -1, n - 1), found.rows)
            made.append((compress(graph, numbers, same), compress(graph, found.rows, same)))
    return made


def _windows(graph: Graph, values: Value, most: int) -> list[Value]:
    """The numbers of the 1, 2 … `most` characters from each place on."""
    made = [values]
    for n in range(1, most):
        factor = _signed(pow(BASE, n, 2**64))
        further = graph.binary("Mul", after(graph, values, 0, n), factor)
        made.append(graph.binary("Add", made[-1], further))
    return made


def inner_grams(
    graph: Graph, found: Symbols, alphabet: Alphabet, least: int, most: int
) -> list[tuple[Value, Value]]:
    """Windows inside words that have a blank at each end; a short word once, as it is."""
    row = graph.binary("Add", found.rows, 1)
    letters = graph.binary("Sub", row, _marked(graph, found, alphabet, "space", row))
    begin, end = _edges(graph, letters)
    blank = graph.const(alphabet.symbol(BLANK), "int64")
    none = graph.const(-1, "int64")
    like = found.codes
    ahead, behind = (graph.where(edge, blank, none, like) for edge in (begin, end))
    inside = graph.where(graph.compare("Greater", letters, 0), like, none, like)
    parts = [graph.column(one) for one in (ahead, inside, behind)]
    padded = flat(graph, graph.op("Concat", parts, "int64", 0, axis=1))
    # Each word is a text of its own to the windows; its own text's row stands beside it.
    number = total(graph, graph.cast(begin, "int64"))
    owner = _thrice(graph, number)
    rows = _thrice(graph, found.rows)
    keep = graph.compare("GreaterOrEqual", padded, 0)
    codes, owner, rows = (compress(graph, one, keep) for one in (padded, owner, rows))
    values = look(graph, _character_numbers(alphabet), codes)
    made = []
    for n, numbers in enumerate(_windows(graph, values, max(most, least - 1)), 1):
        same = graph.compare("Equal", after(graph, owner, -1, n - 1), owner)
        if n < least:
            begins = graph.op(
                "Not", [graph.compare("Equal", before(graph, owner), owner)], "bool", 0
            )
            ends = graph.compare("Equal", after(graph, owner, -1, n), owner)
            same = _both(graph, same, _both(graph, begins, graph.op("Not", [ends], "bool", 0)))
        if n <= most:
            made.append((compress(graph, numbers, same), compress(graph, rows, same)))
    return made


def _thrice(graph: Graph, value: Value) -> Value:
    column = graph.column(value)
    return flat(graph, graph.op("Concat", [column, column, column], "int64", 0, axis=1))
