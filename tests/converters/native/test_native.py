"""Boosters in their vendors' own files: what is published answers like the wrapper in Python."""

import json
from typing import Any

import catboost
import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost

from converters.bundle import verify
from converters.bundle.build import build
from converters.native import base_score
from tests.converters.jobs import call, convert, judge, make_job

RANDOM = np.random.default_rng(4)
X = pd.DataFrame(RANDOM.normal(size=(400, 4)), columns=["a", "b", "c d", "é"])
X.iloc[::9, 1] = np.nan
SCORE = X["a"] - X["c d"] + RANDOM.normal(scale=0.5, size=400)
TWO = (SCORE > 0).astype(int)
THREE = pd.cut(SCORE, [-np.inf, -0.7, 0.7, np.inf], labels=False)
SMALL: Any = {"n_estimators": 12, "max_depth": 3}
NAMES = np.array(["low", "mid", "high"])[THREE]


def xgb_stopped(kind, y):
    model = kind(n_estimators=60, max_depth=6, learning_rate=1.0, early_stopping_rounds=2)
    return model.fit(X[:200], y[:200], eval_set=[(X[200:], y[200:])], verbose=False)


MODELS = {
    "xgboost-binary": lambda: xgboost.XGBClassifier(**SMALL).fit(X, TWO),
    "xgboost-three": lambda: xgboost.XGBClassifier(**SMALL).fit(X, THREE),
    "xgboost-regressor": lambda: xgboost.XGBRegressor(**SMALL).fit(X, SCORE),
    "xgboost-stopped": lambda: xgb_stopped(xgboost.XGBRegressor, SCORE),
    "xgboost-dart": lambda: xgboost.XGBRegressor(booster="dart", rate_drop=0.5, **SMALL).fit(
        X, SCORE
    ),
    "xgboost-booster": lambda: xgboost.train(
        {"max_depth": 3}, xgboost.DMatrix(X, label=SCORE), num_boost_round=9
    ),
    "lightgbm-binary": lambda: lightgbm.LGBMClassifier(verbose=-1, **SMALL).fit(X, TWO),
    "lightgbm-three": lambda: lightgbm.LGBMClassifier(verbose=-1, **SMALL).fit(X, NAMES),
    "lightgbm-linear": lambda: lightgbm.LGBMRegressor(verbose=-1, linear_tree=True, **SMALL).fit(
        X, SCORE
    ),
    "lightgbm-stopped": lambda: lightgbm.LGBMRegressor(
        verbose=-1, n_estimators=200, learning_rate=1.0
    ).fit(
        X[:200],
        SCORE[:200],
        eval_set=[(X[200:], SCORE[200:])],
        callbacks=[lightgbm.early_stopping(2, verbose=False)],
    ),
    "catboost-binary": lambda: catboost.CatBoostClassifier(
        iterations=12, depth=3, verbose=0, allow_writing_files=False
    ).fit(X, TWO),
    "catboost-three": lambda: catboost.CatBoostClassifier(
        iterations=12, depth=3, verbose=0, allow_writing_files=False
    ).fit(X, NAMES),
}


def job(folder, name, make=None, rows=X):
    flavor = name.partition("-")[0]
    model = (make or MODELS[name])()
    asked = rows
    if type(model).__name__ == "Booster" and flavor == "xgboost":
        asked = xgboost.DMatrix(rows)
    signature = mlflow.models.infer_signature(rows, np.asarray(model.predict(asked)))
    options = {"signature": signature, "pip_requirements": ["mlflow"], "input_example": rows[:5]}
    getattr(mlflow, flavor).save_model(model, folder / "model", **options)
    return make_job(folder / "job", folder / "model", flavor, target=flavor)


@pytest.mark.parametrize("name", MODELS)
def test_a_boosters_own_file_answers_like_the_model_and_is_bundled(tmp_path, name):
    folder = job(tmp_path, name)
    report = convert(folder)
    assert report.state == "converted", report.sentence
    verdict = judge(folder)
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 1000
    assert verdict.runtime.startswith(name.partition("-")[0])


def test_a_bundle_of_a_native_file_has_java_and_says_how_it_is_opened(tmp_path):
    folder = job(tmp_path, "xgboost-binary")
    convert(folder)
    judge(folder)
    request = (folder / "request.json").read_text().replace('"build": 0', '"build": 1')
    (folder / "request.json").write_text(request)
    build(folder)
    bundle = folder / "bundle"
    assert (bundle / "java" / "pom.xml").exists()
    text = (bundle / "README.md").read_text()
    assert "XGBoost.loadModel" in text and "mvn install" in text and "glibc 2.14" in text
    assert verify.verify(bundle)["rows"] > 100


def test_a_file_of_xgboost_starts_from_one_number_that_every_xgboost_reads(tmp_path):
    """XGBoost before 3.1, XGBoost4J among them, reads 0 where a list stands."""
    model = xgboost.XGBClassifier(**SMALL).fit(X, THREE)
    listed = json.loads(model.get_booster().save_raw("json"))["learner"]["learner_model_param"]
    assert len(set(json.loads(listed["base_score"]))) == 3
    folder = job(tmp_path, "xgboost-three", lambda: model)
    assert convert(folder).state == "converted"
    content = (folder / "convert" / "model.ubj").read_bytes()
    assert b"base_scoreSL\x00\x00\x00\x00\x00\x00\x00\x030E0L" in content
    written = xgboost.Booster(model_file=folder / "convert" / "model.ubj")
    fed = xgboost.DMatrix(X.to_numpy())
    assert np.array_equal(written.predict(fed), model.predict_proba(X))


@pytest.mark.parametrize("objective", ["binary:logistic", "count:poisson", "reg:squarederror"])
def test_targets_with_base_scores_of_their_own_keep_them_in_the_leaves(objective):
    targets = np.column_stack([TWO, 1 - TWO * (X["a"] > 0)])
    model = xgboost.XGBRegressor(objective=objective, **SMALL).fit(X, targets)
    booster = model.get_booster()
    booster.feature_names = None
    folded = base_score.folded(booster)
    assert folded is not None
    rows = xgboost.DMatrix(np.random.default_rng(1).normal(size=(500, 4)).astype(np.float32))
    assert np.array_equal(folded.predict(rows), booster.predict(rows))


@pytest.mark.parametrize("kind", [{"booster": "dart", "rate_drop": 0.5}, {"booster": "gblinear"}])
def test_weights_of_dropped_trees_and_linear_models_keep_their_list_of_base_scores(kind):
    targets = np.column_stack([SCORE, SCORE + 3])
    model = xgboost.XGBRegressor(n_estimators=12, **kind).fit(X, targets)
    booster = model.get_booster()
    booster.feature_names = None
    assert base_score.folded(booster) is None


def test_a_file_that_was_swapped_is_not_proven(tmp_path):
    folder = job(tmp_path, "lightgbm-binary")
    convert(folder)
    path = folder / "convert" / "model.txt"
    path.write_bytes(path.read_bytes()[:-40])
    verdict = judge(folder)
    assert (verdict.state, verdict.code) == ("refused", "unloadable")


def test_the_other_trees_after_early_stopping_would_be_noticed(tmp_path):
    folder = job(tmp_path, "xgboost-stopped")
    convert(folder)
    whole = xgb_stopped(xgboost.XGBRegressor, SCORE)
    assert whole.best_iteration + 1 < whole.get_booster().num_boosted_rounds()
    cut = xgboost.Booster(model_file=folder / "convert" / "model.ubj")
    assert cut.num_boosted_rounds() == whole.best_iteration + 1
    assert call("judge", folder).returncode == 0
