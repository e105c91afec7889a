"""Boosters' own files without an MLmodel: any name, JSON of CatBoost, and what later ones wrote."""

import json

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost

from converters import sources
from converters.errors import Refused
from converters.sources import mlmodel
from converters.static import verdicts
from converters.trees import catboost as catboost_trees

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(200, 3))
Y = X[:, 0] + (X[:, 1] > 0)
OPTIONS = {"iterations": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}


def refusal(folder, flavor):
    """What loading is refused with, and the codes that pre-flight finds in the files."""
    found = verdicts.findings(folder, mlmodel.read(folder), flavor)
    with pytest.raises(Refused) as caught:
        sources.load(folder, flavor)
    return caught.value, {one.code for one in found}


def in_json(folder, change=lambda told: None):
    """A CatBoost model in JSON, changed."""
    path = folder / "model.json"
    catboost.CatBoostRegressor(**OPTIONS).fit(X, Y).save_model(str(path), format="json")
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def test_catboosts_json_is_a_model_of_catboost(tmp_path):
    in_json(tmp_path)
    assert list(mlmodel.read(tmp_path)["flavors"]) == ["catboost"]
    loaded = sources.load(tmp_path, "catboost")
    assert loaded.signature.width == 3
    expected = catboost.CatBoostRegressor(**OPTIONS).fit(X, Y).predict(X)
    assert np.allclose(loaded.estimator.predict(X), expected, rtol=1e-12)


def split(key, value):
    """Changes the first question of a model."""
    return lambda told: told["oblivious_trees"][0]["splits"][0].__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (split("float_feature_index", 50), "features that the model does not have"),
        (split("float_feature_index", -1), "features that the model does not have"),
        (split("split_index", 9999), "borders that the model does not have"),
        (lambda told: told["oblivious_trees"][0].update(leaf_values=[1.0]), "other leaves"),
        (lambda told: told["oblivious_trees"][0].pop("splits"), "other leaves"),
        (
            lambda told: told["features_info"]["float_features"][0].update(flat_feature_index=77),
            "features are one",
        ),
        (lambda told: told["oblivious_trees"][0].update(splits=[3] * 6), "cut short or damaged"),
    ],
    ids=["feature", "no feature", "border", "leaves", "questions", "place", "no question"],
)
def test_a_damaged_json_of_catboosts_is_refused(tmp_path, change, what):
    in_json(tmp_path, change)
    refused, _ = refusal(tmp_path, "catboost")
    assert refused.code == "model_unreadable"
    assert what in refused.sentence


@pytest.mark.parametrize(
    "options",
    [
        {"grow_policy": "Lossguide"},
        {"nan_mode": "Max"},
        {"ignored_features": [0, 2]},
        {"one_hot_max_size": 10, "cat_features": [2]},
        {"cat_features": [2]},
    ],
    ids=str,
)
def test_whole_models_in_json_hold_together(tmp_path, options):
    rows = [[a, np.nan if a > 1 else b, "uvwxyz"[int(abs(c) * 3) % 6]] for a, b, c in X]
    rows = rows if "cat_features" in options else [[*row[:2], row[0] * 2] for row in rows]
    model = catboost.CatBoostRegressor(**OPTIONS, **options).fit(rows, Y)
    model.save_model(str(tmp_path / "m.json"), format="json")
    catboost_trees.check(json.loads((tmp_path / "m.json").read_text()))


def test_a_lightgbm_text_may_be_called_bst(tmp_path):
    parameters = {"verbose": -1, "num_threads": 1}
    lightgbm.train(parameters, lightgbm.Dataset(X, Y), 3).save_model(tmp_path / "model.bst")
    assert list(mlmodel.read(tmp_path)["flavors"]) == ["lightgbm"]
    assert sources.load(tmp_path, "lightgbm").signature.width == 3


def test_what_lightgbm_dumps_for_people_is_named(tmp_path):
    booster = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, Y), 1)
    (tmp_path / "model.json").write_text(json.dumps(booster.dump_model()))
    with pytest.raises(Refused, match="use save_model"):
        mlmodel.read(tmp_path)


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize(("major", "refused"), [(99, True), (200, True), (70000, True), (3, False)])
def test_an_xgboost_file_of_a_later_major_version_is_refused(tmp_path, suffix, major, refused):
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(X, Y), 2)
    path = tmp_path / f"model.{suffix}"
    booster.save_model(path)
    content = path.read_bytes()
    own = int(xgboost.__version__.partition(".")[0])
    if suffix == "json":
        told = json.loads(content)
        told["version"][0] = major
        path.write_text(json.dumps(told))
    else:
        head, _, tail = content.rpartition(b"version[#L\x00\x00\x00\x00\x00\x00\x00\x03i")
        kind, size = next(one for one in ((b"i", 1), (b"I", 2), (b"l", 4)) if fits(major, one[1]))
        assert tail[0] == own
        number = kind + major.to_bytes(size, "big")
        path.write_bytes(head + b"version[#L" + b"\0" * 7 + b"\x03" + number + tail[1:])
    if not refused:
        assert sources.load(tmp_path, "xgboost").signature.width == 3
        return
    found, codes = refusal(tmp_path, "xgboost")
    assert found.code == "model_newer"
    assert codes == {"model_newer"}
    assert f"XGBoost {major}" in found.sentence


def fits(number, size):
    """Whether a signed whole number of this many bytes holds a number."""
    return number < 1 << (8 * size - 1)


def test_a_lightgbm_text_of_a_later_major_version_is_refused(tmp_path):
    parameters = {"verbose": -1, "num_threads": 1}
    lightgbm.train(parameters, lightgbm.Dataset(X, Y), 3).save_model(tmp_path / "model.txt")
    text = (tmp_path / "model.txt").read_text()
    assert "version=v4\n" in text
    (tmp_path / "model.txt").write_text(text.replace("version=v4", "version=v9", 1))
    found, codes = refusal(tmp_path, "lightgbm")
    assert found.code == "model_newer"
    assert codes == {"model_newer"}
    (tmp_path / "model.txt").write_text(text.replace("version=v4", "version=v3", 1))
    assert sources.load(tmp_path, "lightgbm").signature.width == 3
