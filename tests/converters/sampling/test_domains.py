"""What a conversion tells of the values that each column takes: ranges, categories, closed sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from converters import contract
from converters.contract import Domain
from converters.steps import convert
from tests.converters.jobs import make_job, save

CITIES = ["Ulm", "Łódź", "New York", "3rd"]


def told(folder: Path, encoder: object) -> dict[str, Domain]:
    """The domains that converting a model of this encoder leaves in its report."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"city": random.choice(CITIES, 60), "age": random.uniform(18, 80, 60), "n": range(60)}
    )
    steps = make_column_transformer((encoder, ["city"]), (MinMaxScaler(), ["age"]))
    if isinstance(encoder, CountVectorizer):
        steps = make_column_transformer((encoder, "city"), (MinMaxScaler(), ["age"]))
    model = make_pipeline(steps, LogisticRegression()).fit(rows, rows["age"] > 40)
    job = make_job(folder / "job", save(folder / "model", model, rows), rows=300)
    assert convert.run(job)
    report = contract.read(contract.ConvertReport, job / "convert" / "report.json")
    assert report.state == "converted", report.sentence
    return {domain.column: domain for domain in report.domains}


def test_categories_of_an_encoder_that_raises_on_others_are_all_there_are(tmp_path: Path):
    found = told(tmp_path, OneHotEncoder(handle_unknown="error"))
    assert found["city"] == Domain("city", categories=sorted(CITIES), closed=True)
    low, high = found["age"].low, found["age"].high
    assert low is not None
    assert high is not None
    assert 17 < low < 22
    assert 76 < high < 81


@pytest.mark.parametrize("unknown", ["ignore", "infrequent_if_exist"])
def test_categories_of_an_encoder_that_takes_others_are_some_of_many(tmp_path: Path, unknown: str):
    found = told(tmp_path, OneHotEncoder(handle_unknown=unknown))
    assert found["city"] == Domain("city", categories=sorted(CITIES), closed=False)


def test_a_text_that_stands_for_a_missing_one_is_a_value_too(tmp_path: Path):
    imputer = SimpleImputer(missing_values="3rd", strategy="most_frequent")
    found = told(tmp_path, make_pipeline(imputer, OneHotEncoder(handle_unknown="error")))
    assert set(found["city"].categories) == set(CITIES)
    assert found["city"].closed


def test_words_of_a_free_text_are_no_categories(tmp_path: Path):
    assert "city" not in told(tmp_path, CountVectorizer())
