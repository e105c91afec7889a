"""Text models answer alike on every text that the sampler thinks of, in double."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn import compose, ensemble, linear_model, pipeline
from sklearn.feature_extraction import text

from converters.contract import ConvertReport
from converters.sources import load
from tests.converters.routes.proof import converted, judged
from tests.real_models.folders import save
from tests.real_models.sklearn_models import Make
from tests.real_models.sklearn_text import TEXTS, reviews, table


@pytest.mark.parametrize("make", TEXTS, ids=lambda make: make.__name__)
def test_text_models_answer_alike(make: Make, tmp_path: Path):
    report = converted(make, "sklearn", tmp_path)
    assert report.state == "converted", report.sentence
    verdicts = judged(tmp_path, report)
    assert verdicts
    for verdict in verdicts:
        assert verdict.verdict == "passed", verdict


def _saved(folder: Path, model: Any, table: Any, signature: bool = True) -> Path:
    return save(
        *("sklearn", model, table, folder, signature),
        example=False,
        serialization_format="cloudpickle",
    )


def _report(model: Any, table: Any, folder: Path, signature: bool = True) -> ConvertReport:
    def make(place: Path) -> Path:
        return _saved(place, model, table, signature)

    make.__name__ = "text"
    return converted(make, "sklearn", folder, rows=60)


def _fitted(vectoriser: Any) -> Any:
    texts, target = reviews(80)
    return pipeline.make_pipeline(vectoriser, linear_model.LogisticRegression()).fit(texts, target)


INPUTS = {
    "a list": lambda texts: texts,
    "a Series": lambda texts: pd.Series(texts),
    "a named Series": lambda texts: pd.Series(texts, name="said"),
    "an array of str": lambda texts: np.array(texts),
    "an array of objects": lambda texts: np.array(texts, dtype=object),
    "a table of one column": lambda texts: pd.DataFrame({"said": texts}),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_a_text_model_converts_however_its_texts_were_logged(kind: str, tmp_path: Path):
    texts, _ = reviews(80)
    report = _report(_fitted(text.TfidfVectorizer()), INPUTS[kind](texts), tmp_path)
    assert report.state == "converted", report.sentence
    names = {
        "a list": "text",
        "a Series": "text",
        "an array of str": "X",
        "an array of objects": "X",
    }
    name = names.get(kind, "said")
    assert [(one.name, one.dtype) for one in report.inputs] == [(name, "string")]
    assert all(one.verdict == "passed" for one in judged(tmp_path, report))


def test_a_text_model_without_a_signature_tells_its_input_itself(tmp_path: Path):
    report = _report(_fitted(text.TfidfVectorizer()), ["x"], tmp_path, signature=False)
    assert report.state == "converted", report.sentence
    assert report.signature is not None
    assert report.signature.origin == "estimator"


@pytest.mark.parametrize("logged", ["list", "array"])
def test_a_logged_example_of_texts_is_among_the_judged(logged: str, tmp_path: Path):
    said = ["What a lovely day it was", "awful"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            _fitted(text.TfidfVectorizer()),
            str(tmp_path),
            input_example=said if logged == "list" else np.array(said),
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
    model = load(tmp_path, "sklearn")
    assert model.example is not None
    assert [column.tolist() for column in model.example.values()] == [said]


def shout(said: str) -> str:
    return said.upper()


REFUSED = {
    "own preprocessor": (text.CountVectorizer(preprocessor=shout), "own_python", "shout"),
    "own tokenizer": (
        text.CountVectorizer(tokenizer=str.split, token_pattern=None),
        "own_python",
        "split",
    ),
    "own analyzer": (text.TfidfVectorizer(analyzer=str.split), "own_python", "split"),
    "own accents": (text.TfidfVectorizer(strip_accents=shout), "own_python", "shout"),
    "two kinds of characters": (
        text.CountVectorizer(token_pattern=r"[a-z]+\d*"),
        "token_pattern",
        "[a-z]+",
    ),
    "either of two": (text.CountVectorizer(token_pattern=r"good|bad"), "token_pattern", "good|bad"),
    "looking ahead": (
        text.CountVectorizer(token_pattern=r"\w+(?=\s)"),
        "token_pattern",
        "token_pattern",
    ),
    "cut to length": (text.CountVectorizer(token_pattern=r"\w{1,3}"), "token_pattern", "{1,3}"),
    "as few as can be": (text.CountVectorizer(token_pattern=r"\w+?"), "token_pattern", "+?"),
    "hashed letters": (
        text.HashingVectorizer(analyzer="char_wb", n_features=64),
        "hashed_characters",
        "char_wb",
    ),
    "hashed anything": (
        text.HashingVectorizer(token_pattern=r"\S+", n_features=64),
        "hashed_characters",
        r"\S+",
    ),
    "either case": (text.CountVectorizer(token_pattern=r"(?i)[a-z]+"), "token_pattern", "(?i)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_text_models_cannot_carry_is_refused_by_name(case: str, tmp_path: Path):
    vectoriser, code, named = REFUSED[case]
    texts, _ = reviews(80)
    report = _report(_fitted(vectoriser), pd.Series(texts, name="said"), tmp_path)
    assert (report.state, report.code) == ("refused", code)
    assert named in report.sentence


def test_a_text_model_with_a_signature_of_several_columns_is_refused(tmp_path: Path):
    texts, _ = reviews(80)
    rows = pd.DataFrame({"said": texts, "stars": range(len(texts))})
    report = _report(_fitted(text.TfidfVectorizer()), rows, tmp_path)
    assert (report.state, report.code) == ("refused", "text_input")
    assert "'stars'" in report.sentence


def test_a_vectoriser_with_a_fixed_vocabulary_needs_no_training(tmp_path: Path):
    vectoriser = text.CountVectorizer(vocabulary=["good", "bad", "never seen", "Good"])
    report = _report(vectoriser, pd.Series(["good"], name="said"), tmp_path)
    assert report.state == "converted", report.sentence
    assert all(one.verdict == "passed" for one in judged(tmp_path, report))


def test_a_vectoriser_that_reads_files_is_refused(tmp_path: Path):
    vectoriser = text.CountVectorizer(input="filename", vocabulary=["good"])
    report = _report(vectoriser, pd.Series(["good"], name="said"), tmp_path)
    assert (report.state, report.code) == ("refused", "text_input")


def test_hashed_texts_that_a_forest_would_need_whole_are_refused(tmp_path: Path):
    texts, target = reviews(40)
    forest = ensemble.RandomForestClassifier(2, max_features=20, random_state=0)
    model = pipeline.make_pipeline(text.HashingVectorizer(), forest).fit(texts, target)
    report = _report(model, pd.Series(texts, name="said"), tmp_path)
    assert (report.state, report.code) == ("refused", "wide_text")
    assert "1048576" in report.sentence


def test_a_linear_model_on_hashed_texts_beside_numbers_needs_no_wide_table(tmp_path: Path):
    rows, target = table()
    columns = [("said", text.HashingVectorizer(), "review"), ("stars", "passthrough", ["stars"])]
    model = pipeline.make_pipeline(
        compose.ColumnTransformer(columns), linear_model.LogisticRegression()
    ).fit(rows, target)
    report = _report(model, rows, tmp_path)
    assert report.state == "converted", report.sentence
    assert report.exact
    assert all(one.verdict == "passed" for one in judged(tmp_path, report))
