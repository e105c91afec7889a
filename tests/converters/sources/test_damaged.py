"""Damaged files whose libraries load them without a word, or break in ways of their own."""

import json
import pickle

import numpy as np
import pytest

from converters.contract import Column, Signature
from converters.errors import Refused
from converters.sources import catboost as catboost_source
from converters.sources import lacking, mlmodel, signatures, sklearn, voices
from converters.sources import xgboost as xgboost_source
from converters.sources.loaded import Loaded
from converters.trees import catboost as catboost_trees
from converters.trees import lightgbm as lightgbm_trees

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(200, 2))
Y = X[:, 0] * 2 + X[:, 1]


def loaded(estimator, folder, flavor="sklearn"):
    signature = Signature(columns=[Column("a", "double"), Column("b", "double")])
    return Loaded(flavor, estimator, {}, folder, signature)


@pytest.mark.parametrize(
    ("part", "number", "what"),
    [
        ("left_children", 33_554_433, "nodes that it does not have"),
        ("right_children", -33_554_433, "nodes that it does not have"),
        ("left_children", 0, "nodes that it does not have"),
        ("left_children", 2, "lead to one node"),
        ("split_indices", 7, "features that the model does not have"),
    ],
)
def test_an_xgboost_file_whose_trees_name_what_is_not_there_is_refused(
    tmp_path, part, number, what
):
    import xgboost

    xgboost.train({"max_depth": 2}, xgboost.DMatrix(X, Y), 2).save_model(tmp_path / "m.json")
    told = json.loads((tmp_path / "m.json").read_text())
    told["learner"]["gradient_booster"]["model"]["trees"][1][part][0] = number
    (tmp_path / "m.json").write_text(json.dumps(told))
    with pytest.raises(Refused, match=what) as caught:
        xgboost_source.load(tmp_path, {"data": "m.json"})
    assert caught.value.code == "model_unreadable"


@pytest.mark.parametrize(
    ("key", "number", "what"),
    [
        ("left_child", "77", "nodes that it does not have"),
        ("left_child", "0", "nodes that it does not have"),
        ("right_child", "-9", "nodes that it does not have"),
        ("split_feature", "5", "features that the model does not have"),
    ],
)
def test_lightgbm_trees_that_name_what_is_not_there_are_refused(key, number, what):
    import lightgbm

    booster = lightgbm.train(
        {"num_leaves": 4, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, Y), 2
    )
    lightgbm_trees.check(booster)

    class Damaged:
        def model_to_string(self):
            text = booster.model_to_string()
            start = text.rindex(f"\n{key}=") + len(key) + 2
            return text[:start] + number + text[text.index(" ", start) :]

    with pytest.raises(Refused, match=what):
        lightgbm_trees.check(Damaged())


def test_a_small_pickle_that_asks_for_all_memory_is_damaged(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"cbuiltins\nbytearray\n(L1000000000000000L\ntR.")
    with pytest.raises(Refused, match="more than 100 times its own size") as caught:
        sklearn.load_file(tmp_path / "model.pkl", "pickle")
    assert caught.value.code == "model_unreadable"


def test_a_pickle_that_may_well_need_all_memory_is_not_called_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(mlmodel, "GROWTH", 10**15)
    (tmp_path / "model.pkl").write_bytes(b"cbuiltins\nbytearray\n(L1000000000000000L\ntR.")
    with pytest.raises(MemoryError):
        sklearn.load_file(tmp_path / "model.pkl", "pickle")


def test_a_name_that_a_library_does_not_have_is_told_without_its_folder(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"cnumpy\nfloat04\n.")
    with pytest.raises(Refused) as caught:
        sklearn.load_file(tmp_path / "model.pkl", "pickle")
    assert caught.value.code == "module_missing"
    assert "'float04'" in caught.value.sentence
    assert "site-packages" not in caught.value.sentence


def renamed(model, name):
    """The model out of a pickle in which one letter of an attribute's name is another."""
    content = pickle.dumps(model)
    assert name.encode() in content
    return pickle.loads(content.replace(name.encode(), name[:-1].encode() + b"~"))


def test_a_model_that_lost_a_parameter_is_damaged_and_not_its_signature(tmp_path):
    from lightgbm import LGBMRegressor

    model = LGBMRegressor(n_estimators=2, verbose=-1, n_jobs=1).fit(X, Y)
    rows = {"a": X[:, 0], "b": X[:, 1]}
    broken = loaded(renamed(model, "class_weight"), tmp_path, "lightgbm")
    with pytest.raises(Refused, match=r"lacks 'class_weight'.*lightgbm") as caught:
        voices.told(broken, "predict", broken.frame(rows))
    assert caught.value.code == "model_unreadable"


def test_a_damaged_model_is_called_so_whatever_rows_are_asked():
    from converters.steps import asking

    def answer(rows):
        raise Refused("model_unreadable", "It lacks a part.")

    with pytest.raises(Refused, match="It lacks a part"):
        asking.ask(answer, {"a": np.arange(9.0)}, ["typical"] * 9)


def reading(estimator, name):
    """The error of reading an attribute, as an emitter of ours would meet it."""
    with pytest.raises(AttributeError) as caught:
        getattr(estimator, name)
    return caught.value


def test_a_part_that_we_miss_is_damage_only_where_the_model_misses_it_too(tmp_path):
    from sklearn.linear_model import LinearRegression

    whole = LinearRegression().fit(X, Y)
    assert lacking.proven(reading(whole, "leaves_"), loaded(whole, tmp_path)) is None
    broken = renamed(whole, "coef_")
    refused = lacking.proven(reading(broken, "coef_"), loaded(broken, tmp_path))
    assert refused is not None
    assert refused.code == "model_unreadable"
    assert "scikit-learn" in refused.sentence


def test_a_method_that_does_not_apply_is_no_damage():
    from sklearn.svm import SVC

    assert lacking.refusal(reading(SVC(probability=False), "predict_proba")) is None


def test_catboost_trees_with_numbers_that_are_none_are_refused():
    import catboost

    model = catboost.CatBoostRegressor(iterations=2, verbose=False, allow_writing_files=False)
    model.fit(X, Y)
    model.set_leaf_values(np.full(len(model.get_leaf_values()), np.nan))
    with pytest.raises(Refused, match="cannot write the model's trees") as caught:
        catboost_trees.read(model, {}, [])
    assert caught.value.code == "model_unreadable"
    assert ".cpp" not in caught.value.sentence


def test_a_catboost_model_whose_names_are_no_text_is_refused(tmp_path):
    import catboost

    model = catboost.CatBoostRegressor(iterations=2, verbose=False, allow_writing_files=False)
    model.fit(catboost.Pool(X, Y, feature_names=["length", "width"]))
    model.save_model(str(tmp_path / "model.cbm"))
    content = (tmp_path / "model.cbm").read_bytes()
    assert b"length" in content
    (tmp_path / "model.cbm").write_bytes(content.replace(b"length", b"l\xff\xfegth"))
    damaged = catboost.CatBoostRegressor().load_model(str(tmp_path / "model.cbm"))
    with pytest.raises(Refused, match="its file is damaged") as caught:
        catboost_trees.read(damaged, {}, [])
    assert caught.value.code == "model_unreadable"


@pytest.mark.parametrize("data", [[[1, 2, 3], [3]], [[1], [2]], 7, {"a": 1}, "rows"])
def test_an_input_example_that_is_no_table_is_as_none(tmp_path, data):
    told = json.dumps({"columns": ["a", "b"], "data": data})
    (tmp_path / "example.json").write_text(told)
    info = {"type": "dataframe", "artifact_path": "example.json"}
    assert signatures.read_example({"saved_input_example_info": info}, tmp_path) is None


def test_a_sum_of_catboost_models_converts_to_catboost_s_own_file(tmp_path):
    import catboost

    from converters.contract import Identity, Request
    from converters.routes import catboost_native

    options = {"iterations": 3, "verbose": False, "allow_writing_files": False}
    models = [catboost.CatBoostRegressor(**options, depth=d).fit(X, Y) for d in (2, 3)]
    catboost.sum_models(models, [0.3, 0.7]).save_model(str(tmp_path / "sum.cbm"))
    (tmp_path / "MLmodel").write_text("flavors: {catboost: {data: sum.cbm}}")
    model = loaded(catboost_source.load(tmp_path, {"data": "sum.cbm"}), tmp_path, flavor="catboost")
    request = Request("catboost", "catboost", Identity("tests", "sum", "1"))
    made = catboost_native.convert(model, request, tmp_path)
    again = catboost.CatBoost().load_model(str(tmp_path / made.file))
    np.testing.assert_array_equal(again.predict(X), model.estimator.predict(X))
