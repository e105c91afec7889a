"""Pickles without an MLmodel: boosters go as their own flavor, and what is no model is named."""

import json
import pickle

import catboost
import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.linear_model import LinearRegression

from converters import sources
from converters.contract import Identity, Request
from converters.errors import Refused
from converters.sources import mlmodel
from converters.steps import preflight
from tests.converters import jobs

RANDOM = np.random.default_rng(11)
X = pd.DataFrame(RANDOM.normal(size=(150, 3)), columns=["a", "b", "d"])
Y = (X.a + X.b > 0).astype(int)


def booster(name):
    """A small fitted model of a library's own, and the flavor of that library."""
    if name == "xgboost.Booster":
        return xgboost.train({"nthread": 1}, xgboost.DMatrix(X, Y), 3), "xgboost"
    if name == "XGBClassifier":
        return xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(X, Y), "xgboost"
    if name == "lightgbm.Booster":
        parameters = {"verbose": -1, "num_threads": 1}
        return lightgbm.train(parameters, lightgbm.Dataset(X, Y), 3), "lightgbm"
    if name == "LGBMRegressor":
        return lightgbm.LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1).fit(X, Y), "lightgbm"
    model = catboost.CatBoostClassifier(
        iterations=3, verbose=0, allow_writing_files=False, thread_count=1
    )
    return model.fit(X, Y), "catboost"


BOOSTERS = ["xgboost.Booster", "XGBClassifier", "lightgbm.Booster", "LGBMRegressor", "CatBoost"]


@pytest.mark.parametrize("suffix", ["pkl", "joblib"])
@pytest.mark.parametrize("name", BOOSTERS)
def test_a_pickled_booster_goes_as_its_own_flavor(tmp_path, name, suffix):
    model, flavor = booster(name)
    (joblib.dump if suffix == "joblib" else dumped)(model, tmp_path / f"model.{suffix}")
    assert list(mlmodel.read(tmp_path)["flavors"]) == [flavor]
    loaded = sources.load(tmp_path, flavor)
    assert type(loaded.estimator) is type(model)
    assert [column.name for column in loaded.signature.columns] == ["a", "b", "d"]
    verdicts = json.loads(preflight.run(tmp_path))["verdicts"]
    answers = {one["target"]: one["answer"] for one in verdicts}
    assert {answers[flavor], answers["onnx"], answers["pmml"]} <= {"can", "caveat"}


def dumped(model, path):
    """Write a pickle."""
    path.write_bytes(pickle.dumps(model))


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_pickled_booster_is_proven_as_its_vendors_file(tmp_path, name):
    model, flavor = booster(name)
    (tmp_path / "model").mkdir()
    dumped(model, tmp_path / "model" / "model.pkl")
    job = jobs.make_job(tmp_path / "job", tmp_path / "model", flavor, flavor)
    report = jobs.convert(job)
    assert report.state == "converted", report.sentence
    assert jobs.judge(job).state == "proven"


def test_a_number_for_a_missing_value_stands_in_no_file_of_xgboosts(tmp_path):
    rows = X.where(X > -1, -999.0)
    dumped(
        xgboost.XGBRegressor(n_estimators=3, n_jobs=1, missing=-999.0).fit(rows, Y),
        tmp_path / "model.pkl",
    )
    from converters.routes import xgboost_native

    loaded = sources.load(tmp_path, "xgboost")
    request = Request("xgboost", "xgboost", Identity("tests", "model", "1"))
    with pytest.raises(Refused) as caught:
        xgboost_native.convert(loaded, request, tmp_path)
    assert caught.value.code == "native_missing"
    assert "-999" in caught.value.sentence


DATA = {
    "dict": {"model": LinearRegression().fit(X, Y), "meta": 1},
    "list": [LinearRegression().fit(X, Y)],
    "tuple": (LinearRegression().fit(X, Y), 3),
    "ndarray": np.zeros((3, 3)),
    "DataFrame": X,
    "plain value": 7,
    "set": {1, 2},
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("what", DATA)
def test_what_is_no_model_is_named_before_and_when_it_is_loaded(tmp_path, what, protocol):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(DATA[what], protocol))
    told = json.loads(preflight.run(tmp_path))
    assert {one["code"] for one in told["verdicts"] if one["code"] != "no_route"} == {"model_class"}
    shown = next(one["sentence"] for one in told["verdicts"] if one["code"] == "model_class")
    assert "which is no model" in shown
    with pytest.raises(Refused) as caught:
        sources.load(tmp_path, "sklearn")
    assert caught.value.code == "model_class"
    if what not in ("plain value", "set"):
        assert what in shown
        assert what in caught.value.sentence


def test_another_object_of_a_boosters_library_is_no_model(tmp_path):
    sampler = lightgbm.early_stopping(3, verbose=False)
    dumped(sampler, tmp_path / "model.pkl")
    with pytest.raises(Refused) as caught:
        sources.load(tmp_path, "lightgbm")
    assert caught.value.code == "model_class"


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_model_is_not_taken_for_data(tmp_path, protocol):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(LinearRegression().fit(X, Y), protocol))
    assert "model_class" not in preflight.run(tmp_path)
