"""Boosters as people log them: inside meta-estimators, as rankers, beside odd scales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import catboost
import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import BaggingRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from converters import contract
from converters.contract import ConvertReport
from converters.steps import convert
from tests.converters import jobs
from tests.converters.trees.scoring import score

RANDOM = np.random.default_rng(11)
X = pd.DataFrame(RANDOM.normal(size=(300, 2)), columns=["a", "b c"])
Y = X["a"].to_numpy() - X["b c"].to_numpy() ** 2
QUIET = {"iterations": 8, "depth": 3, "verbose": 0, "allow_writing_files": False}


def _state(model: Any, flavor: str, target: str, folder: Path, **over: Any) -> str:
    """How conversion and judgement of a saved model end; the refusal's code where there is one."""
    options = {"pip_requirements": ["mlflow"], "input_example": X[:30], **over}
    getattr(mlflow, flavor).save_model(model, folder / "saved", **options)
    jobdir = jobs.make_job(folder, folder / "saved", flavor, target, rows=300)
    convert.run(jobdir)
    place = jobdir / contract.CONVERT_DIR / contract.REPORT_FILE
    report = contract.read(ConvertReport, place)
    if report.state != "converted":
        return report.code
    verdict = jobs.judge(jobdir)
    return verdict.code or verdict.state


@pytest.mark.parametrize("number", [1 - 2**-53, 1 + 2**-52, 1 + 1e-9])
def test_a_scale_next_to_one_is_not_taken_for_one(number: float):
    scaler = StandardScaler().fit(X[["a"]])
    scaler.mean_, scaler.scale_ = np.array([0.0]), np.array([number])
    rows = X[["a"]].to_numpy()
    assert np.array_equal(score(scaler, rows)["transformed"], rows / number)


def test_one_booster_an_output_inside_a_pipeline_is_proven(tmp_path: Path):
    several = MultiOutputRegressor(xgboost.XGBRegressor(n_estimators=6, max_depth=3, n_jobs=1))
    model = make_pipeline(StandardScaler(), several).fit(X, np.column_stack([Y, -Y]))
    over = {"serialization_format": "cloudpickle"}
    assert _state(model, "sklearn", "onnx", tmp_path, **over) == "proven"


@pytest.mark.parametrize("target", ["catboost", "pmml"])
def test_a_catboost_ranker_is_proven(target: str, tmp_path: Path):
    model = catboost.CatBoostRanker(**QUIET, loss_function="QueryRMSE")
    model.fit(X, Y, group_id=np.arange(300) // 10)
    assert _state(model, "catboost", target, tmp_path) == "proven"


def test_an_xgboost_file_that_names_classes_is_proven(tmp_path: Path):
    model = xgboost.XGBClassifier(objective="multi:softmax", n_estimators=5, max_depth=3, n_jobs=1)
    model.fit(X, np.digitize(Y, [-1.0, 0.0]))
    assert _state(model, "xgboost", "xgboost", tmp_path) == "proven"


def test_numbers_beyond_float32_do_not_break_xgboosts_own_file(tmp_path: Path):
    rows = (X * 2e38).clip(-3e38, 3e38)
    model = xgboost.XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1).fit(rows, Y)
    over = {"input_example": rows[:30]}
    assert _state(model, "xgboost", "xgboost", tmp_path, **over) == "proven"


def _as_probabilities(truth: Any, sums: Any) -> tuple[Any, Any]:
    """Logistic loss as an owner writes it: gradient and Hessian."""
    probability = 1 / (1 + np.exp(-sums))
    return probability - truth, probability * (1 - probability)


def test_a_lightgbm_classifier_of_its_owners_objective_goes_to_its_own_file(tmp_path: Path):
    model = lightgbm.LGBMClassifier(n_estimators=5, objective=_as_probabilities, verbose=-1)
    model.set_params(n_jobs=1).fit(X, (Y > 0).astype(int))
    over = {"serialization_format": "cloudpickle"}
    assert _state(model, "lightgbm", "lightgbm", tmp_path, **over) == "proven"


def test_boosters_in_a_bag_are_proven(tmp_path: Path):
    one = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1)
    model = BaggingRegressor(one, n_estimators=3).fit(X, Y)
    over = {"serialization_format": "cloudpickle"}
    assert _state(model, "sklearn", "onnx", tmp_path, **over) == "proven"


def test_whole_numbers_that_catboost_learned_as_categories_are_proven(tmp_path: Path):
    rows = X.assign(group=np.digitize(Y, [-2.0, -1.0, 0.0, 1.0]) * 7 - 7)
    model = catboost.CatBoostRegressor(**QUIET, one_hot_max_size=9, thread_count=1)
    model.fit(rows, Y, cat_features=["group"])
    over = {
        "input_example": rows[:200],
        "signature": mlflow.models.infer_signature(rows, model.predict(rows)),
    }
    assert _state(model, "catboost", "onnx", tmp_path, **over) == "proven"
