"""Vectorisers in the graph treat Unicode as Python does, character by character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.feature_extraction import text

from converters.onnx_graph import compose
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph

EVERY = 41  # of all characters; those that change when lower-cased or stripped are all tried


def _session(vectoriser: Any) -> Any:
    graph = Graph()
    value = graph.input("said", "string", 1)
    made = compose.predicted(graph, vectoriser, Frame((value,), ("said",)))
    document = graph.build([("out", made.answers[0].value)])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        document.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _same(vectoriser: Any, texts: Sequence[str]) -> None:
    fed = np.array(texts, dtype=object).reshape(-1, 1)
    (got,) = _session(vectoriser).run(None, {"said": fed})
    expected = vectoriser.transform(texts).toarray()
    wrong = np.flatnonzero((got != expected).any(axis=1))
    assert not len(wrong), [texts[i] for i in wrong[:3]]


def _characters() -> list[str]:
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    changing = [
        code for code in codes if chr(code).casefold() != chr(code) or 0x300 <= code < 0x370
    ]
    return [chr(code) for code in dict.fromkeys([*changing, *codes[:0x600], *codes[::EVERY]])]


def _around(characters: Sequence[str]) -> list[str]:
    parts = [characters[i : i + 20] for i in range(0, len(characters), 20)]
    return ["".join(f"x{c}y {c}z {c}{c} a\u03a3{c} " for c in part) for part in parts]


LEARNT = (
    "x y z xx yy ab the i ss s k \u00e5 \ufb01 fi \u00e9 e \u03c3\u03c2 \u03bf\u03b4\u03bf\u03c2 "
    "\u03b1\u03c2 \u6f22 \u5b57 \ud55c\uae00 \ufdfa \u0663 3 \u00b2 i\u0307 \u0131 \u01c6 \u00df a "
    "\U0001d400 A \U0001f600 _ 0 \u00aa \u00ba o"
)
SETTINGS: dict[str, dict[str, Any]] = {
    "words": {"token_pattern": r"\w+", "ngram_range": (1, 2)},
    "accents stripped": {"token_pattern": r"\w+", "strip_accents": "unicode"},
    "ASCII only": {"token_pattern": r"\w+", "strip_accents": "ascii"},
    "letters inside words": {"analyzer": "char_wb", "ngram_range": (1, 3)},
    "letters as they are": {"analyzer": "char", "lowercase": False, "ngram_range": (1, 2)},
    "all but blanks": {"token_pattern": r"\S+"},
    "letters only": {"token_pattern": r"[^\W\d_]+"},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_kind_of_character_counts_as_in_python(setting: str):
    learnt = [
        LEARNT,
        *_around("AB\u00c9\u0130\u03a3\u03c3\u1e9e\u017f\u212a\u0301\u00ad\u00b7\u6f22"),
    ]
    vectoriser = text.CountVectorizer(**SETTINGS[setting]).fit(learnt)
    _same(vectoriser, _around(_characters()))


@pytest.mark.parametrize("grams", [(1, 1), (1, 3)])
def test_hashed_words_fall_into_the_columns_that_scikit_learn_takes(grams: tuple[int, int]):
    vectoriser = text.HashingVectorizer(n_features=97, ngram_range=grams, norm=None)
    texts = [
        *_around(_characters()[::5]),
        "",
        "x" * 999,
        *("ab cd efg hijk"[:n] for n in range(14)),
    ]
    _same(vectoriser, texts)


def test_a_batch_without_any_word_answers_zeros():
    vectoriser = text.TfidfVectorizer(ngram_range=(2, 3)).fit(["good day", "bad day"])
    for texts in ([""], ["", "?!", "a"], ["\x00"], [" \n "]):
        _same(vectoriser, texts)


def test_a_long_text_beside_short_ones_is_counted_alike():
    vectoriser = text.CountVectorizer(ngram_range=(1, 2)).fit(["good day sir", "bad day"])
    _same(vectoriser, ["good day " * 30_000, "", "sir", "bad" * 50_000 + " day good day"])
