"""Categories split exactly as their library splits them: unseen, negative, fractional, missing."""

from __future__ import annotations

from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn import ensemble

from converters.errors import Refused
from converters.onnx_graph.boosted_catboost import WORDS
from converters.sources.categories import typed
from converters.trees import counters
from tests.converters.trees.scoring import score

# What a numeric category column may be fed: neighbours of codes, what no code can be, NaN.
ODD = [0, -0.0, 0.5, 5.9, 39, 40, -0.5, -0.999, -1, 64, 2.0**24, 2.0**31, 2.0**32 + 1, np.nan]
TOWNS = ["Rome", "Oslo", "Bern", "x y"]
FEW: Any = {"n_estimators": 20, "verbose": -1, "min_child_samples": 5}


def _coded(seed: int = 0) -> tuple[Any, Any]:
    """[700, 3] a category of 40 codes with gaps, a number, a category of three codes."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 40, 700).astype(float)
    codes[random.random(700) < 0.1] = np.nan
    rows = np.column_stack([codes, random.normal(size=700), random.integers(0, 3, 700)])
    return rows, np.nan_to_num(codes, nan=2.0) % 7 + rows[:, 1] + 2 * rows[:, 2]


def _odd(rows: Any) -> Any:
    """Rows whose first column holds what no training row had."""
    random = np.random.default_rng(9)
    asked = rows[random.integers(0, len(rows), 2000)].copy()
    hit = random.random(2000) < 0.6
    asked[hit, 0] = random.choice(ODD, int(hit.sum()))
    asked[::7, 2] = random.choice([-0.5, 1.5, 3.0, -2.0, np.nan], len(asked[::7]))
    return asked


def _town_rows(seed: int = 0) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "town": random.choice(TOWNS, 700).astype(object),
            "size": random.normal(size=700),
            "floor": random.integers(2, 30, 700) * 2,
        }
    )
    rows.loc[random.random(700) < 0.1, "town"] = None
    effect = rows["town"].map({"Rome": 3.0, "Oslo": -2.0}).fillna(0.5)
    return rows, effect + rows["size"] + rows["floor"] % 3


def _strange(rows: Any, missing: Any = None) -> Any:
    """Rows with towns and floors that no training row had."""
    random = np.random.default_rng(9)
    asked = rows.iloc[random.integers(0, len(rows), 1500)].reset_index(drop=True)
    towns = [*TOWNS, "rome", "nowhere", "Zürich"] + ([] if missing == "none" else [None])
    asked["town"] = np.array(towns, object)[random.integers(0, len(towns), 1500)]
    asked["floor"] = random.choice([4, 6, 58, 5, 0, -4, 1000], 1500)
    return asked


def _as_categories(rows: Any) -> Any:
    return rows.assign(town=rows["town"].astype("category"), floor=pd.Categorical(rows["floor"]))


@pytest.mark.parametrize(
    "options",
    [{}, {"use_missing": False}, {"zero_as_missing": True}],
    ids=["NaN is missing", "nothing is missing", "zero is missing"],
)
def test_lightgbm_codes_go_where_its_bit_sets_send_them(options: dict[str, Any]):
    rows, target = _coded()
    model = lightgbm.LGBMRegressor(min_data_per_group=5, cat_smooth=1, **FEW, **options)
    model.fit(rows, target, categorical_feature=[0, 2])
    asked = _odd(rows)
    assert np.abs(score(model, asked)["prediction"] - model.predict(asked)).max() < 1e-12


@pytest.mark.parametrize("one_hot", [1, 100], ids=["sets", "one against all"])
def test_xgboost_codes_go_where_its_bit_fields_send_them(one_hot: int):
    rows, target = _coded()
    options = {"enable_categorical": True, "feature_types": ["c", "q", "c"]}
    model = xgboost.XGBRegressor(n_estimators=20, max_cat_to_onehot=one_hot, **options)
    model.fit(rows, target)
    asked = _odd(rows)
    expected = model.predict(asked)
    assert np.abs(score(model, asked)["prediction"] - expected).max() < 1e-5


def test_hist_boosting_asks_its_own_encoder_first():
    rows, target = _town_rows()
    rows["floor"] = rows["floor"].astype(float)
    model = ensemble.HistGradientBoostingRegressor(
        categorical_features=["floor", "town"], max_iter=30, random_state=0
    ).fit(rows, target)
    asked = _strange(rows)
    asked["floor"] = asked["floor"].astype(float)
    asked.loc[::5, "floor"] = np.nan
    asked.loc[::9, "floor"] = 5.5
    assert np.abs(score(model, asked)["prediction"] - model.predict(asked)).max() < 1e-12


def test_hist_boosting_takes_pandas_categories_as_text():
    rows, target = _town_rows()
    model = ensemble.HistGradientBoostingClassifier(max_iter=20, random_state=0)
    model.fit(
        rows.assign(town=rows["town"].astype("category")), np.where(target > 3, "high", "low")
    )
    asked = _strange(rows)
    assert np.array_equal(score(model, asked)["label"], model.predict(asked))


@pytest.mark.parametrize("kind", ["lightgbm", "xgboost"])
def test_pandas_categories_are_found_by_name_and_unseen_ones_are_missing(kind: str):
    rows, target = _town_rows()
    if kind == "lightgbm":
        model: Any = lightgbm.LGBMRegressor(min_data_per_group=5, **FEW)
    else:
        model = xgboost.XGBRegressor(n_estimators=20, enable_categorical=True)
    model.fit(_as_categories(rows), target)
    asked = _strange(rows)
    expected = model.predict(typed(model, asked))
    assert np.abs(score(model, asked)["prediction"] - expected).max() < 1e-5
    assert len(np.unique(expected)) > 100


@pytest.mark.parametrize(
    "options",
    [
        {"one_hot_max_size": 50},
        {"one_hot_max_size": 50, "grow_policy": "Depthwise"},
        {"max_ctr_complexity": 1},
        {"max_ctr_complexity": 1, "simple_ctr": ["Buckets", "Counter"]},
        {"max_ctr_complexity": 1, "simple_ctr": ["BinarizedTargetMeanValue"]},
    ],
    ids=["one-hot", "one-hot, not oblivious", "borders", "buckets and counts", "means"],
)
def test_catboost_words_are_told_by_their_hashes(options: dict[str, Any]):
    rows, target = _town_rows()
    rows["town"] = rows["town"].fillna("nowhere at all")
    model = catboost.CatBoostRegressor(
        iterations=20, depth=5, verbose=0, allow_writing_files=False, **options
    ).fit(rows, target, cat_features=["town", "floor"])
    setattr(model, WORDS, {0: list(rows["town"].unique())})
    asked = _strange(rows, missing="none")
    assert np.abs(score(model, asked)["prediction"] - model.predict(asked)).max() < 1e-12


def test_catboost_counters_of_several_features_are_refused():
    one = {"cat_feature_index": 0, "combination_element": "cat_feature_value"}
    counted = {"borders": [0.5], "elements": [one, one], "ctr_type": "Borders", "identifier": "x"}
    told = {"features_info": {"float_features": [{"borders": [1.0, 2.0]}], "ctrs": [counted]}}
    with pytest.raises(Refused) as caught:
        counters.counter(told, 2)
    assert caught.value.code == "counters"
    assert "max_ctr_complexity=1" in caught.value.sentence
