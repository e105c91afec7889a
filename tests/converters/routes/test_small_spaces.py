"""Models of a few categories: few rows are different, and yet there is enough to prove."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from tests.converters import jobs

RANDOM = np.random.default_rng(12)
TABLE = pd.DataFrame(
    {
        "floor": RANDOM.integers(0, 4, 300),
        "size": RANDOM.choice([1.0, 2.5, np.nan], 300),
        "lift": RANDOM.random(300) < 0.5,
        "gate": RANDOM.choice(["1", "2"], 300).astype(object),
        "town": RANDOM.choice(["x", "y", "10"], 300).astype(object),
    }
)
VALUE = (TABLE["floor"] + TABLE["lift"] + (TABLE["town"] == "x")).to_numpy()
ORDINAL = OrdinalEncoder(max_categories=2, handle_unknown="use_encoded_value", unknown_value=np.nan)
MODELS = {
    "one hot of numbers": (
        ColumnTransformer([("o", OneHotEncoder(handle_unknown="ignore"), [0, 1, 2])]),
        Ridge(),
        ["floor", "size", "lift"],
        VALUE,
    ),
    "ordinal": (
        ColumnTransformer([("o", ORDINAL, [0, 1, 2])]),
        HistGradientBoostingRegressor(max_iter=5),
        ["floor", "town", "size"],
        VALUE,
    ),
    "target": (TargetEncoder(random_state=0), LogisticRegression(), ["town", "gate"], VALUE > 2),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_few_categories_is_proven_on_what_it_never_saw(tmp_path, name):
    encoder, last, columns, target = MODELS[name]
    rows = TABLE[columns]
    model = make_pipeline(encoder, last).fit(rows, target)
    folder = jobs.make_job(tmp_path / "job", jobs.save(tmp_path / "saved", model, rows))
    report = jobs.convert(folder)
    assert report.state == "converted", report.sentence
    verdict = jobs.judge(folder)
    assert verdict.state == "proven", verdict.sentence
