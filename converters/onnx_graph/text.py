"""Text vectorisers: counts of words, n-grams or characters, and their tf-idf."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import text_alphabet, text_pattern, text_symbols, text_terms
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.refusals import own_python
from converters.onnx_graph.registry import transformer


@transformer("sklearn.CountVectorizer")
def count(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """How often each term of the vocabulary is in a text; float64 where scikit-learn has ints."""
    return Frame((_dtyped(graph, estimator, counts(graph, estimator, frame)),))


@transformer("sklearn.TfidfVectorizer")
def tfidf_vectorizer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Counts, then their tf-idf."""
    value = counts(graph, estimator, frame)
    return Frame((_dtyped(graph, estimator, tfidf(graph, estimator._tfidf, value)),))


@transformer("sklearn.TfidfTransformer")
def tfidf_transformer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The tf-idf of counts."""
    value = frame.numbers(graph)
    weighted = tfidf(graph, estimator, graph.cast(value, "float64"))
    if value.dtype == "float32":
        graph.inexact.append("tf-idf computes in float32")
    return Frame((graph.cast(weighted, value.dtype),))


def _dtyped(graph: Graph, estimator: Any, value: Value) -> Value:
    if np.dtype(estimator.dtype) != np.float32:
        return value
    graph.inexact.append(f"{type(estimator).__name__} computes in float32")
    return graph.cast(value, "float32")


def counts(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """[N, terms] float64 counts of the vocabulary's terms.

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
    return _matrix(graph, rows, column, texts, len(known), bool(estimator.binary))


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


def _matrix(
    graph: Graph, rows: Value, column: Value, texts: Value, width: int, binary: bool
) -> Value:
    """[N, width] how often each column is named in each row; the sentinel's row is left out."""
    count = text_symbols.size(graph, texts)
    known = graph.compare("GreaterOrEqual", column, 0)
    inside = graph.op("Less", [rows, count], "bool", 0)
    keep = graph.op("And", [known, inside], "bool", 0)
    cells = [graph.column(text_symbols.compress(graph, one, keep)) for one in (rows, column)]
    at = graph.op("Concat", cells, "int64", 2, axis=1)
    shape = graph.op("Concat", [count, graph.const([width], "int64")], "int64", 0, axis=0)
    nothing = graph.op("Expand", [graph.const([[0.0]], "float64"), shape], "float64", width)
    many = text_symbols.size(graph, text_symbols.compress(graph, rows, keep))
    ones = graph.op("Expand", [graph.const([1.0], "float64"), many], "float64", 0)
    how = "none" if binary else "add"
    return graph.op("ScatterND", [nothing, at, ones], "float64", width, reduction=how)


def tfidf(graph: Graph, estimator: Any, value: Value) -> Value:
    """[N, terms] float64 counts as tf-idf, in scikit-learn's order of operations."""
    if estimator.sublinear_tf:
        some = graph.op("Not", [graph.compare("Equal", value, 0.0)], "bool", value.width)
        grown = graph.binary("Add", graph.unary("Log", value), np.ones((1, 1)))
        value = graph.where(some, grown, value, value)
    if estimator.use_idf:
        value = graph.binary("Mul", value, np.asarray(estimator.idf_, np.float64).reshape(1, -1))
    return _normalised(graph, value, estimator.norm)


def _normalised(graph: Graph, value: Value, norm: str | None) -> Value:
    """Rows of length one; a row of zeros stays one."""
    if norm is None:
        return value
    if norm == "l2":
        length = graph.unary("Sqrt", graph.reduce("ReduceSum", graph.binary("Mul", value, value)))
    else:
        length = graph.reduce(
            "ReduceSum" if norm == "l1" else "ReduceMax", graph.unary("Abs", value)
        )
    empty = graph.compare("Equal", length, np.zeros((1, 1)))
    one = graph.const(np.ones((1, 1)), "float64")
    return graph.binary("Div", value, graph.where(empty, one, length, length))


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
