"""Boosters that learned pandas' categories, at the end of pipelines and searches."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from converters.sources import categories


def _people():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": random.normal(40, 9, 200),
            "town": random.choice(["Rome", "Oslo", "Bern"], 200),
            "size": random.normal(size=200),
        }
    )
    return table, ((table["town"] == "Oslo") | (table["age"] > 45)).astype(int)


BOOSTERS = {
    "lightgbm": lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, min_child_samples=5),
    "xgboost": xgboost.XGBClassifier(n_estimators=5, enable_categorical=True),
}
SCALED = ColumnTransformer([("n", StandardScaler(), ["age", "size"])], remainder="passthrough")


@pytest.mark.parametrize("library", BOOSTERS)
@pytest.mark.parametrize("around", ["pipeline", "columns", "search"])
def test_text_is_turned_into_the_categories_of_a_booster_behind_other_steps(around, library):
    table, target = _people()
    model = {
        "pipeline": make_pipeline("passthrough", BOOSTERS[library]),
        "columns": make_pipeline(SCALED.set_output(transform="pandas"), BOOSTERS[library]),
        "search": GridSearchCV(make_pipeline(BOOSTERS[library]), {}, cv=2),
    }[around]
    learned = table.astype({"town": "category"})
    model.fit(learned, target)
    fed = categories.typed(model, table)
    np.testing.assert_array_equal(model.predict_proba(fed), model.predict_proba(learned))
