"""Texts in PMML by SkLearn2PMML: letters' case, texts of no known word, several words in a row."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import compose, neighbors, pipeline
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from converters.contract import Column, Signature
from converters.routes import pmml_program
from converters.sources.loaded import Loaded
from converters.targets import pmml
from tests.converters.routes import proof

TEXTS = [
    *("the cat sat on the mat", "The CAT's Sat", "hello world foo bar", "the of and cat", "x"),
    *("cat, sat. on the; mat", "mat mat CAT mat", "dog cat dog sat", "Foo hello bar"),
    *("日本語 テキスト 東京", "Σίσυφος ΣΑΣ", "naïve façade", "straße ١٢ ²½", "e\u0301te\u0301 ok"),
]
TABLE = pd.DataFrame({"body": TEXTS * 4})
LABELS = [len(text) % 3 for text in TABLE["body"]]
HARD = ["", "x y z", "unseen", "THE Cat SAT", "cat  sat", "cat.sat", "mat mat mat mat", "won't cat"]
HARD += ["日本語 テキスト", "ΣΊΣΥΦΟΣ ΣΑΣ σας", "FAÇADE_naïve", "²½ x½ ١٢٣", "e\u0301te\u0301"]
HARD += ["a b cat x sat", "CAT", "foo-bar Foo bar", "sat on"]
HARD += ["caféon cat éthe sat", "cat \u0301the sat", "cat dog sat dogon the mat"]
HARD += [
    f"cat {beyond} sat on {beyond} the{beyond} mat"
    for beyond in ("\U0001d400\U0001d483", "\U00020000")
]
EVERY_LETTER = TfidfVectorizer(lowercase=False, token_pattern=r"(?u)\b\w+\b", norm=None)
MODELS = {
    "texts of no known word": (TfidfVectorizer(), LogisticRegression()),
    "pairs and threes": (
        TfidfVectorizer(ngram_range=(2, 3), use_idf=False, norm="l1", max_df=0.9),
        neighbors.NearestCentroid(),
    ),
    "pairs": (TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression()),
    "pairs around words left out": (
        TfidfVectorizer(ngram_range=(1, 2), stop_words=["on", "the", "dog", "c++"]),
        LogisticRegression(),
    ),
    "case": (CountVectorizer(lowercase=False), LogisticRegression()),
    "case and every letter": (EVERY_LETTER, LogisticRegression()),
    "two of one column": (
        compose.make_column_transformer(
            (CountVectorizer(stop_words="english", binary=True), "body"), (EVERY_LETTER, "body")
        ),
        LogisticRegression(),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_texts_answer_as_the_original_does(name: str, tmp_path: Path):
    model: Any = pipeline.make_pipeline(*MODELS[name])
    alone = name != "two of one column"
    model.fit(TABLE["body"] if alone else TABLE, LABELS)
    signature = Signature([Column("body", "string")])
    loaded = Loaded("sklearn", model, {}, tmp_path, signature, one_text=alone)
    converted = pmml_program.write(loaded, tmp_path)
    asked = {"body": np.array([*HARD, *TEXTS], dtype=object)}
    told = loaded.answer(asked, converted.outputs)
    got = pmml.open(tmp_path / converted.file).score(asked, converted.inputs, converted.outputs)
    proof.answer_alike(told, got, converted.outputs, rtol=1e-9)


# Marks, apostrophes and letters of every kind, beside a sigma: characters as old as Unicode 3.2.
BESIDE = [
    chr(code)
    for code in range(0x21, 0xFFFF)
    if unicodedata.ucd_3_2_0.category(chr(code)) in ("Cf", "Lm", "Lt", "Me", "Mn", "Pf", "Po", "Sk")
    or chr(code) in "A-aªº_1\u2160\u24b6"
]
BESIDE += ["\U0001d400", "\U00010428", "\U00020000", "\U0001d167", "\U000e0020"]


A, S = "\N{GREEK SMALL LETTER ALPHA}", "\N{GREEK CAPITAL LETTER SIGMA}"


def _greek(word: str) -> str:
    """as and az for an alpha with a final sigma and with one that is none; other words stay."""
    if set(word) <= set("asz"):
        return word.translate({ord("a"): A, ord("s"): "\u03c2", ord("z"): "\u03c3"})
    return word


@contextlib.contextmanager
def in_turkey() -> Iterator[None]:
    """The JVM, once it runs, in a country where the lower case of I is no i."""
    import jpype

    locale = jpype.JClass("java.util.Locale")
    usual = locale.getDefault()
    locale.setDefault(locale.forLanguageTag("tr-TR"))
    try:
        yield
    finally:
        locale.setDefault(usual)


def test_lower_case_is_pythons_beside_every_mark_and_in_every_country(tmp_path: Path):
    words = ["as", "az", "s", "z", "istanbul", "i\u0307stanbul", "jahr", "\xecj", "zas", "zaz"]
    words = [_greek(word) for word in words]
    table = pd.Series([*words, *(" ".join(words[i::3]) for i in range(3))])
    model: Any = pipeline.make_pipeline(
        CountVectorizer(token_pattern=r"(?u)\b\w+\b"), LogisticRegression()
    )
    model.fit(table, np.arange(len(table)) % 2)
    texts = [f"{A}{S}{one}{end}" for one in BESIDE for end in ("", A, f" {A}", "1")]
    texts += [f"{begin}{one}{S}" for one in BESIDE for begin in ("", A, f"{A} ")]
    texts += ["ISTANBUL", "\u0130STANBUL", "JAHR", "\xccJ", "\u0131stanbul", f"{S}{A}{S}"]
    texts.append(A + "'" * 150 + S)
    signature = Signature([Column("body", "string")])
    loaded = Loaded("sklearn", model, {}, tmp_path, signature, one_text=True)
    converted = pmml_program.write(loaded, tmp_path)
    asked = {"body": np.array(texts, dtype=object)}
    told = loaded.answer(asked, converted.outputs)
    opened = pmml.open(tmp_path / converted.file)
    with in_turkey():
        got = opened.score(asked, converted.inputs, converted.outputs)
    proof.answer_alike(told, got, converted.outputs, rtol=1e-9)
