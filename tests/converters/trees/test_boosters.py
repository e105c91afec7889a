"""Every objective, link and kind of leaf answers as the booster itself does."""

from __future__ import annotations

from typing import Any

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost

from tests.converters.trees.scoring import score
from tests.real_models import tables

SMALL = {"n_estimators": 12, "max_depth": 4}


def _rows() -> tuple[Any, Any]:
    """Rows with gaps, zeros and numbers too small to be told from zero; a positive target."""
    table, target = tables.gapped_patients()
    rows = table.to_numpy().copy()
    rows[::17, 5], rows[::19, 6] = 1e-36, -1e-36
    return rows, target.to_numpy() / 50


def _far(model: Any, rows: Any, names: tuple[str, ...] = ("prediction",)) -> float:
    """The largest difference of any of the model's answers, beside their size."""
    methods = {"prediction": "predict", "label": "predict", "probabilities": "predict_proba"}
    got = score(model, rows)
    most = 0.0
    for name in names:
        expected = np.asarray(getattr(model, methods[name])(rows), np.float64)
        assert got[name].shape == expected.reshape(got[name].shape).shape
        error = np.abs(got[name] - expected.reshape(got[name].shape))
        most = max(most, float((error / np.maximum(1, np.abs(got[name]))).max()))
    return most


@pytest.mark.parametrize(
    "objective",
    ["reg:gamma", "survival:cox", "reg:pseudohubererror", "count:poisson", "reg:absoluteerror"],
)
def test_xgboost_objectives_have_their_link(objective: str):
    rows, target = _rows()
    model = xgboost.XGBRegressor(objective=objective, **SMALL).fit(rows, target)
    assert _far(model, rows) < 1e-5


@pytest.mark.parametrize(
    "objective", ["binary:hinge", "binary:logitraw", "multi:softmax", "multi:softprob"]
)
def test_xgboost_classifiers_answer_by_their_objective(objective: str):
    rows, target = _rows()
    classes = np.digitize(target, [2, 4]) if "multi" in objective else target > 3
    model = xgboost.XGBClassifier(objective=objective, **SMALL).fit(rows, classes.astype(int))
    assert _far(model, rows, ("label", "probabilities")) < 1e-5


@pytest.mark.parametrize("missing", [0.0, -999.0])
def test_xgboost_takes_the_wrappers_own_number_for_missing(missing: float):
    rows, target = _rows()
    fed = np.nan_to_num(rows, nan=missing)
    model = xgboost.XGBRegressor(missing=missing, **SMALL).fit(fed, target)
    fed[::3, 2] = np.nan
    assert _far(model, fed) < 1e-5


def test_xgboost_wrappers_stop_at_their_best_round_and_boosters_do_not():
    rows, target = _rows()
    model = xgboost.XGBRegressor(
        n_estimators=60, early_stopping_rounds=2, learning_rate=0.9, num_parallel_tree=2
    )
    model.fit(rows[:300], target[:300], eval_set=[(rows[300:], target[300:])], verbose=False)
    assert model.best_iteration < 20
    assert _far(model, rows) < 1e-5
    bare = model.get_booster()
    expected = bare.predict(xgboost.DMatrix(rows))
    assert np.abs(score(bare, rows)["prediction"] - expected).max() < 1e-4
    assert np.abs(expected - model.predict(rows)).max() > 1e-3


def test_a_linear_xgboost_takes_missing_values_for_zero():
    rows, target = _rows()
    model = xgboost.XGBRegressor(booster="gblinear", n_estimators=20).fit(rows, target)
    assert _far(model, rows) < 1e-5


@pytest.mark.parametrize("several", [False, True], ids=["classes", "targets"])
def test_a_linear_xgboost_adds_its_first_base_score_to_every_sum(several: bool):
    rows, target = _rows()
    options = {"booster": "gblinear", "n_estimators": 5, "n_jobs": 1}
    if several:
        model = xgboost.XGBRegressor(**options).fit(rows, np.column_stack([target, 9 - target]))
        assert _far(model, rows) < 1e-6
    else:
        model = xgboost.XGBClassifier(**options).fit(rows, np.digitize(target, [2, 3.3]))
        assert _far(model, rows, ("label", "probabilities")) < 1e-6


def test_a_linear_xgboost_overflows_where_its_sums_do():
    rows, target = _rows()
    rows = np.nan_to_num(rows)
    model = xgboost.XGBRegressor(booster="gblinear", n_estimators=20, n_jobs=1).fit(rows, target)
    asked = np.tile([3e38, -3e38, 1.0], (60, rows.shape[1]))[:, : rows.shape[1]]
    asked *= np.random.default_rng(3).choice([1.0, -1.0], asked.shape)
    expected = model.predict(asked)
    assert np.isnan(expected).any()
    assert np.array_equal(score(model, asked)["prediction"], expected, equal_nan=True)


def test_leaves_with_vectors_answer_every_target():
    rows, target = _rows()
    several = np.column_stack([target, -target, target**2])
    model = xgboost.XGBRegressor(multi_strategy="multi_output_tree", **SMALL).fit(rows, several)
    assert _far(model, rows) < 1e-5


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "fair"},
        {"objective": "tweedie"},
        {"objective": "cross_entropy_lambda"},
        {"reg_sqrt": True},
        {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1, "objective": "poisson"},
        {"linear_tree": True},
        {"linear_tree": True, "boosting_type": "dart"},
        {"objective": lambda truth, sums: (sums - truth, np.ones_like(sums))},
    ],
    ids=["fair", "tweedie", "lambda", "sqrt", "forest", "formulas", "dart of formulas", "own"],
)
def test_lightgbm_is_exact_in_every_objective(options: dict[str, Any]):
    rows, target = _rows()
    target = target / 8 if options.get("objective") == "cross_entropy_lambda" else target
    model = lightgbm.LGBMRegressor(n_estimators=12, verbose=-1, **options).fit(rows, target)
    assert _far(model, rows) < 1e-12


def test_a_lightgbm_leaf_falls_back_where_its_formula_meets_nan():
    rows, target = _rows()
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, linear_tree=True).fit(rows, target)
    asked = np.repeat(rows[:40], rows.shape[1], axis=0)
    asked[np.arange(len(asked)), np.tile(np.arange(rows.shape[1]), 40)] = np.nan
    assert _far(model, asked) < 1e-12


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
def test_lightgbm_classes_are_exact(objective: str):
    rows, target = _rows()
    model = lightgbm.LGBMClassifier(
        n_estimators=12, verbose=-1, objective=objective, linear_tree=True
    )
    model.fit(rows, np.digitize(target, [2, 4]))
    assert _far(model, rows, ("label", "probabilities")) < 1e-12


@pytest.mark.parametrize(
    "options",
    [
        {"loss_function": "Poisson"},
        {"loss_function": "RMSEWithUncertainty"},
        {"loss_function": "MultiQuantile:alpha=0.1,0.9"},
        {"grow_policy": "Lossguide", "nan_mode": "Max"},
        {"grow_policy": "Depthwise"},
    ],
    ids=["exponent", "variance", "quantiles", "by leaf", "by level"],
)
def test_catboost_regressors_are_exact(options: dict[str, Any]):
    rows, target = _rows()
    settings = {"iterations": 12, "depth": 4, "verbose": 0, "allow_writing_files": False}
    model = catboost.CatBoostRegressor(**settings, **options).fit(rows, target)
    assert _far(model, rows) < 1e-12


@pytest.mark.parametrize("loss", ["MultiClass", "MultiClassOneVsAll", "Logloss"])
def test_catboost_classifiers_are_exact(loss: str):
    rows, target = _rows()
    classes = (target > 3).astype(int) if loss == "Logloss" else np.digitize(target, [2, 4])
    settings = {"iterations": 12, "verbose": 0, "allow_writing_files": False}
    model = catboost.CatBoostClassifier(loss_function=loss, **settings).fit(rows, classes)
    assert _far(model, rows, ("label", "probabilities")) < 1e-12


def test_catboost_names_a_class_by_its_own_threshold():
    rows, target = _rows()
    settings = {"iterations": 12, "verbose": 0, "allow_writing_files": False}
    model = catboost.CatBoostClassifier(**settings).fit(rows, (target > 3).astype(int))
    before = model.predict(rows)
    model.set_probability_threshold(0.7)
    assert (model.predict(rows) != before).any()
    assert _far(model, rows, ("label", "probabilities")) < 1e-12
