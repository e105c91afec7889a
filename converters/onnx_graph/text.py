"""Text vectorisers: counts of words, n-grams or characters, and their tf-idf."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import (
    text_alphabet,
    text_cells,
    text_hashing,
    text_pattern,
    text_symbols,
    text_terms,
)
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.refusals import own_python
from converters.onnx_graph.registry import transformer
from converters.onnx_graph.text_cells import Cells


@transformer("sklearn.CountVectorizer")
def count(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """How often each term of the vocabulary is in a text; float64 where scikit-learn has ints."""
    return _dtyped(graph, estimator, counts(graph, estimator, frame))


@transformer("sklearn.TfidfVectorizer")
def tfidf_vectorizer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Counts, then their tf-idf."""
    cells = counts(graph, estimator, frame)
    return _dtyped(graph, estimator, tfidf(graph, estimator._tfidf, cells))


@transformer("sklearn.TfidfTransformer")
def tfidf_transformer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The tf-idf of counts."""
    value = frame.numbers(graph)
    wide = graph.cast(value, "float64")
    cells = graph.sparse.get(value.name) or _of_block(graph, wide)
    weighted = text_cells.dense(graph, tfidf(graph, estimator, cells))
    if value.dtype == "float32":
        graph.inexact.append("tf-idf computes in float32")
    return Frame((graph.cast(weighted, value.dtype),))


@transformer("sklearn.HashingVectorizer")
def hashed(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Words hashed to columns; wide as it is, only products are asked of it as a rule.

    Raises:
        Refused: as `counts`, and `hashed_characters`.
    """
    _check(estimator, frame)
    text_hashing.refuse_letters(estimator)
    texts = graph.flat(frame.column(graph, 0))
    pattern = text_pattern.read(estimator.token_pattern)
    cells = text_hashing.words_of(graph, texts, estimator, pattern, _kinds(pattern))
    if estimator.binary:
        cells = text_cells.flagged(graph, cells)
    return _dtyped(graph, estimator, text_cells.normalised(graph, cells, estimator.norm))


@transformer("sklearn.DictVectorizer")
def dictionaries(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Refused: a row of dictionaries is no input of a file.

    Raises:
        Refused: `dict_input`.
    """
    raise Refused(
        "dict_input",
        f"{type(estimator).__name__} reads dictionaries, which no converted model takes; give the "
        "model a table with one column a key, encoded by a ColumnTransformer.",
    )


def _dtyped(graph: Graph, estimator: Any, cells: Cells) -> Frame:
    value = text_cells.dense(graph, cells)
    if np.dtype(estimator.dtype) != np.float32:
        return Frame((value,))
    graph.inexact.append(f"{type(estimator).__name__} computes in float32")
    return Frame((graph.cast(value, "float32"),))


def counts(graph: Graph, estimator: Any, frame: Frame) -> Cells:
    """How often each term of the vocabulary is in each text.

    Raises:
        Refused: `own_python`, `text_input`, `token_pattern`.
    """
    _check(estimator, frame)
    texts = graph.flat(frame.column(graph, 0))
    # Asked, not read: a vectoriser with a fixed vocabulary answers without having been fitted.
    known = estimator.get_feature_names_out()
    vocabulary = {term: place for place, term in enumerate(known) if isinstance(term, str)}
    found = _found(graph, estimator, texts, list(vocabulary))
    numbers = graph.op("Concat", [one for one, _ in found], "int64", 0, axis=0)
    rows = graph.op("Concat", [one for _, one in found], "int64", 0, axis=0)
    columns = {text_terms.term_number(term): place for term, place in vocabulary.items()}
    if len(columns) != len(vocabulary):  # pragma: no cover - two 64-bit numbers that are equal
        raise Refused("no_converter", "Two terms of the vocabulary cannot be told apart.")
    column = text_terms.lookup(graph, numbers, columns, -1)
    size = text_symbols.size(graph, texts)
    cells = text_cells.summed(graph, rows, column, None, size, len(known))
    return text_cells.flagged(graph, cells) if estimator.binary else cells


Found = list[tuple[Value, Value]]


def _found(graph: Graph, estimator: Any, texts: Value, terms: list[str]) -> Found:
    """(numbers, rows) of all terms in the texts."""
    least, most = (int(n) for n in estimator.ngram_range)
    if estimator.analyzer != "word":
        kinds = {"space": text_alphabet.matching(r"\s")}
        alphabet = _alphabet(estimator, [*terms, text_terms.BLANK], kinds)
        made = text_symbols.symbols(graph, texts, alphabet, "a")
        made = text_terms.collapsed(graph, made, alphabet)
        if estimator.analyzer == "char":
            return text_terms.character_grams(graph, made, alphabet, least, most)
        return text_terms.inner_grams(graph, made, alphabet, least, most)
    pattern = text_pattern.read(estimator.token_pattern)
    stop_words = sorted(estimator.get_stop_words() or [])
    alphabet = _alphabet(estimator, [*terms, *stop_words], _kinds(pattern))
    made = text_symbols.symbols(graph, texts, alphabet, pattern.sample)
    words = text_terms.words(graph, made, alphabet, pattern)
    if stop_words:
        words = text_terms.without(graph, words, stop_words)
    return text_terms.word_grams(graph, words, least, most)


def _kinds(pattern: text_pattern.TokenPattern) -> dict[str, text_alphabet.Flags]:
    kinds = {"body": pattern.body}
    if (pattern.starts or pattern.ends) and not np.array_equal(pattern.body, pattern.word):
        kinds["word"] = pattern.word
    if not np.array_equal(pattern.body, pattern.first):
        kinds["first"] = pattern.first
    return kinds


def _alphabet(
    estimator: Any, features: list[str], kinds: dict[str, text_alphabet.Flags]
) -> text_alphabet.Alphabet:
    lowercase, strip = bool(estimator.lowercase), estimator.strip_accents
    return text_alphabet.build(features, lowercase, strip or None, kinds)


def tfidf(graph: Graph, estimator: Any, cells: Cells) -> Cells:
    """Counts as tf-idf, in scikit-learn's order of operations."""
    if estimator.sublinear_tf:
        cells = text_cells.logarithmic(graph, cells)
    if estimator.use_idf:
        cells = text_cells.weighted(graph, cells, estimator.idf_)
    return text_cells.normalised(graph, cells, estimator.norm)


def _of_block(graph: Graph, value: Value) -> Cells:
    """A dense block's cells that are not zero."""
    some = graph.op("Not", [graph.compare("Equal", value, np.zeros((1, 1)))], "bool", value.width)
    at = graph.op("NonZero", [some], "int64", 0)
    rows, columns = (
        graph.op("Gather", [at, graph.const(side, "int64")], "int64", 0, axis=0) for side in (0, 1)
    )
    flat = text_symbols.flat
    values = text_symbols.compress(graph, flat(graph, value), flat(graph, some))
    count = graph.op("Shape", [value], "int64", 0, start=0, end=1)
    return Cells(rows, columns, values, count, value.width)


def _check(estimator: Any, frame: Frame) -> None:
    """See that it reads one text a row, with no Python of the owner's own.

    Raises:
        Refused: `own_python`, `text_input`.
    """
    for name in ("analyzer", "preprocessor", "tokenizer", "strip_accents"):
        given = getattr(estimator, name)
        if callable(given):
            raise own_python(f"{name}={getattr(given, '__qualname__', type(given).__name__)}")
    if estimator.input != "content":
        raise Refused(
            "text_input",
            f"{type(estimator).__name__}(input={estimator.input!r}) reads files; a converted model "
            "is given the texts themselves: train it with input='content'.",
        )
    if frame.width != 1 or frame.dtypes[0] != "string":
        raise Refused(
            "text_input",
            f"{type(estimator).__name__} reads one column of text, but is given {frame.width} of "
            f"type {', '.join(dict.fromkeys(frame.dtypes))}; give it one text column, in a "
            "ColumnTransformer by its bare name: ('text', vectoriser, 'column').",
        )
