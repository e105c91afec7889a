"""Hashed words: MurmurHash3 (x86, 32 bits, seed 0) of each term's UTF-8, as scikit-learn's hasher.

There is no vocabulary to look terms up in, so every character that a word may hold keeps its bytes.
Arithmetic is int64 with all but the low 32 bits cut off. Source: MurmurHash3_x86_32 in the public
description of Austin Appleby's algorithm; columns and signs as in FeatureHasher.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper

from converters.errors import Refused
from converters.onnx_graph import text_alphabet, text_cells, text_pattern, text_symbols, text_terms
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.text_alphabet import Alphabet, Flags
from converters.onnx_graph.text_cells import Cells
from converters.onnx_graph.text_symbols import after, compress, gather, look, size, spread, total
from converters.onnx_graph.text_terms import BLANK, Terms

C1, C2 = 0xCC9E2D51, 0x1B873593
LOW = 0xFFFFFFFF
# All word characters of Unicode are some 140,000; each costs ten bytes of the file.
MOST_CHARACTERS = 200_000


def characters(estimator: Any, pattern: text_pattern.TokenPattern) -> list[str]:
    """All characters that words are made of.

    Raises:
        Refused: `hashed_characters` where that is most of Unicode.
    """
    body = pattern.body.copy()
    body[text_alphabet.SURROGATES.start : text_alphabet.SURROGATES.stop] = False
    if body.sum() > MOST_CHARACTERS:
        raise Refused(
            "hashed_characters",
            f"HashingVectorizer(token_pattern={estimator.token_pattern!r}) may hash any character "
            r"of Unicode, which no file can list; use a pattern of word characters, such as \w+.",
        )
    return [chr(code) for code in np.flatnonzero(body)]


def refuse_letters(estimator: Any) -> None:
    """Refuse n-grams of characters.

    Raises:
        Refused: `hashed_characters`.
    """
    if estimator.analyzer != "word":
        raise Refused(
            "hashed_characters",
            f"HashingVectorizer(analyzer={estimator.analyzer!r}) may hash any character of "
            "Unicode, which no file can list; use analyzer='word', or a TfidfVectorizer.",
        )


def hashed(
    graph: Graph,
    terms: Terms,
    codes: Value,
    alphabet: Alphabet,
    estimator: Any,
    count: Value,
) -> Cells:
    """Cells [N, n_features]: the sum of the signs of all n-grams that fall into a column.

    codes: the symbols that the terms lie in.
    """
    line, begins = _line(graph, terms, codes, alphabet)
    ranges = _grams(graph, terms, begins, *(int(n) for n in estimator.ngram_range))
    firsts, lasts, rows = (
        graph.op("Concat", [one[side] for one in ranges], "int64", 0, axis=0) for side in range(3)
    )
    letters, edges = _bytes(graph, line, alphabet)
    start = gather(graph, edges, firsts)
    length = graph.binary("Sub", gather(graph, edges, graph.binary("Add", lasts, 1)), start)
    number = _murmur(graph, letters, start, length)
    columns, signs = _places(graph, number, int(estimator.n_features))
    wanted = signs if estimator.alternate_sign else None
    return text_cells.summed(graph, rows, columns, wanted, count, int(estimator.n_features))


def _line(graph: Graph, terms: Terms, codes: Value, alphabet: Alphabet) -> tuple[Value, Value]:
    """All words one behind the other with a blank after each; where each begins there."""
    longer = graph.binary("Add", terms.lengths, 1)
    begins = graph.binary("Sub", total(graph, longer), longer)
    word, inside = spread(graph, longer)
    at = graph.binary("Add", gather(graph, terms.begins, word), inside)
    most = graph.binary("Sub", size(graph, codes), 1)
    symbol = gather(graph, codes, graph.op("Min", [at, most], "int64", 0))
    ends = graph.compare("Equal", inside, gather(graph, terms.lengths, word))
    blank = graph.const(alphabet.symbol(BLANK), "int64")
    return graph.where(ends, blank, symbol, symbol), begins


def _grams(
    graph: Graph, terms: Terms, begins: Value, least: int, most: int
) -> list[tuple[Value, Value, Value]]:
    """The first and last place in the line, and the row, of each n-gram."""
    lasts = graph.binary("Sub", graph.binary("Add", begins, terms.lengths), 1)
    made = []
    for n in range(least, most + 1):
        if n == 1:
            made.append((begins, lasts, terms.rows))
            continue
        same = graph.compare("Equal", after(graph, terms.rows, -1, n - 1), terms.rows)
        end = after(graph, lasts, 0, n - 1)
        first, last, row = (compress(graph, one, same) for one in (begins, end, terms.rows))
        made.append((first, last, row))
    return made


def _bytes(graph: Graph, line: Value, alphabet: Alphabet) -> tuple[Value, Value]:
    """The line in UTF-8 as numbers, and the place of each symbol's first byte, one more at last."""
    encoded = [(one or "?").encode() for one in alphabet.symbols]
    packed = np.array([int.from_bytes(one, "little") for one in encoded], np.int64)
    lengths = look(graph, np.array([len(one) for one in encoded]), line)
    symbol, inside = spread(graph, lengths)
    # Four bytes may exceed 31 bits: the high half apart.
    parts = [look(graph, half, line) for half in (packed % 2**16, packed // 2**16)]
    whole = graph.binary("Add", parts[0], graph.binary("Mul", parts[1], 2**16))
    shift = look(graph, np.array([1, 2**8, 2**16, 2**24]), inside)
    letters = graph.op("Div", [gather(graph, whole, symbol), shift], "int64", 0)
    letters = graph.op("BitwiseAnd", [letters, graph.const(0xFF, "int64")], "int64", 0)
    zero = graph.const([0], "int64")
    edges = graph.op("Concat", [zero, total(graph, lengths)], "int64", 0, axis=0)
    return letters, edges


def _low(graph: Graph, value: Value) -> Value:
    return graph.op("BitwiseAnd", [value, graph.const(LOW, "int64")], "int64", 0)


def _times(graph: Graph, value: Value, factor: int) -> Value:
    """The low 32 bits of a product, which wraps around in 64."""
    return _low(graph, graph.binary("Mul", value, factor))


def _turned(graph: Graph, value: Value, bits: int) -> Value:
    """32 bits turned to the left."""
    high = _low(graph, graph.binary("Mul", value, 2**bits))
    return graph.binary("Add", high, graph.binary("Div", value, 2 ** (32 - bits)))


def _either(graph: Graph, one: Value, other: Value) -> Value:
    return graph.op("BitwiseXor", [one, other], "int64", 0)


def _stirred(graph: Graph, value: Value) -> Value:
    return _times(graph, _turned(graph, _times(graph, value, C1), 15), C2)


def _murmur(graph: Graph, letters: Value, start: Value, length: Value) -> Value:
    """[T] MurmurHash3 of the bytes from each start on, as an unsigned number of 32 bits."""
    # Four bytes from each place on, the first one lowest; nothing behind the last.
    four = letters
    for n in (1, 2, 3):
        further = graph.binary("Mul", after(graph, letters, 0, n), 256**n)
        four = graph.binary("Add", four, further)
    blocks = graph.binary("Div", length, 4)
    number = _blocks(graph, _stirred(graph, four), start, blocks)
    tail = graph.binary("Add", start, graph.binary("Mul", blocks, 4))
    more = graph.binary("Sub", length, graph.binary("Mul", blocks, 4))
    rest = gather(graph, four, _within(graph, tail, four))
    masks = look(graph, np.array([0, 0xFF, 0xFFFF, 0xFFFFFF]), more)
    rest = graph.op("BitwiseAnd", [rest, masks], "int64", 0)
    number = _either(graph, number, _stirred(graph, rest))
    number = _either(graph, number, length)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        number = _either(graph, number, graph.binary("Div", number, 2**shift))
        number = _times(graph, number, factor)
    return number


def _within(graph: Graph, at: Value, array: Value) -> Value:
    most = graph.binary("Sub", size(graph, array), 1)
    return graph.op("Min", [at, most], "int64", 0)


def _blocks(graph: Graph, stirred: Value, start: Value, blocks: Value) -> Value:
    """The numbers after all whole blocks of four bytes, by a loop over the longest term's."""
    inner = Graph(opset=graph.opset)
    turn, so_far = Value(graph.fresh("turn"), "int64", 0), Value(graph.fresh("number"), "int64", 0)
    inner._count = graph._count + 10_000  # names that the graph outside does not have
    at = graph.binary("Mul", start, 1)
    here = inner.binary("Add", inner.binary("Mul", turn, 4), at)
    block = gather(inner, stirred, _within(inner, here, stirred))
    mixed = _turned(inner, _either(inner, so_far, block), 13)
    mixed = _low(inner, inner.binary("Add", inner.binary("Mul", mixed, 5), 0xE6546B64))
    active = inner.op("Less", [turn, blocks], "bool", 0)
    grown = inner.where(active, mixed, so_far, so_far)
    going, goes = graph.fresh("going"), graph.fresh("goes")
    inner.nodes.append(helper.make_node("Identity", [going], [goes], name=graph.fresh("node")))
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        inner.nodes,
        "blocks",
        [
            info(turn.name, TensorProto.INT64, []),
            info(going, TensorProto.BOOL, []),
            info(so_far.name, TensorProto.INT64, [None]),
        ],
        [info(goes, TensorProto.BOOL, []), info(grown.name, TensorProto.INT64, [None])],
        list(inner.initializers.values()),
    )
    graph._count = inner._count
    longest = graph.op("ReduceMax", [_with_zero(graph, blocks)], "int64", 0, keepdims=0)
    nothing = graph.binary("Mul", start, 0)
    return graph.op("Loop", [longest, graph.const(True, "bool"), nothing], "int64", 0, body=body)


def _with_zero(graph: Graph, value: Value) -> Value:
    return graph.op("Concat", [value, graph.const([0], "int64")], "int64", 0, axis=0)


def _places(graph: Graph, number: Value, width: int) -> tuple[Value, Value]:
    """The column and the sign of each hash, read as a signed number."""
    negative = graph.compare("GreaterOrEqual", number, 2**31)
    turned = graph.binary("Sub", graph.binary("Mul", number, -1), -(2**32))
    size_of = graph.where(negative, turned, number, number)
    column = graph.op("Mod", [size_of, graph.const(width, "int64")], "int64", 0)
    # The smallest number has no positive counterpart; this is what the hasher takes instead.
    least = graph.compare("Equal", number, 2**31)
    instead = graph.const((2**31 - 1 - (width - 1)) % width, "int64")
    column = graph.where(least, instead, column, column)
    down, up = (graph.const(sign, "float64") for sign in (-1.0, 1.0))
    sign = graph.op("Where", [negative, down, up], "float64", 0)
    return column, sign


def alphabet_of(
    estimator: Any,
    pattern: text_pattern.TokenPattern,
    kinds: dict[str, Flags],
    stop_words: list[str],
) -> Alphabet:
    """Every character that a word may hold, and those of the stop words."""
    features = [*characters(estimator, pattern), BLANK, *stop_words]
    strip = estimator.strip_accents or None
    return text_alphabet.build(features, bool(estimator.lowercase), strip, kinds)


def words_of(
    graph: Graph,
    texts: Value,
    estimator: Any,
    pattern: text_pattern.TokenPattern,
    kinds: dict[str, Flags],
) -> Cells:
    """Hashed n-grams of the words of [N] texts."""
    stop_words = sorted(estimator.get_stop_words() or [])
    alphabet = alphabet_of(estimator, pattern, kinds, stop_words)
    found = text_symbols.symbols(graph, texts, alphabet, pattern.sample)
    terms = text_terms.words(graph, found, alphabet, pattern)
    if stop_words:
        terms = text_terms.without(graph, terms, stop_words)
    return hashed(graph, terms, found.codes, alphabet, estimator, size(graph, texts))
