"""What files tell before they are loaded: own Python, retired classes, operators, layers."""

import os
import pickle
import subprocess

import cloudpickle
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN
from sklearn.decomposition import NMF
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder

from converters.static import pickles
from converters.static.verdicts import findings
from tests.real_models import onnx_models

ROWS, LABELS = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]


class OwnModel(LogisticRegression):
    pass


def told(folder, model, dump=pickle.dumps):
    (folder / "model.pkl").write_bytes(dump(model))
    config = {"pickled_model": "model.pkl", "serialization_format": "pickle"}
    return findings(folder, {"flavors": {"sklearn": config}}, "sklearn")


def test_an_ordinary_model_rules_nothing_out(tmp_path):
    assert told(tmp_path, RandomForestClassifier(2).fit(ROWS, LABELS)) == []


def test_a_lambda_in_a_function_transformer_is_named_for_every_target(tmp_path):
    model = make_pipeline(FunctionTransformer(lambda rows: rows), LogisticRegression())
    (finding,) = told(tmp_path, model.fit(ROWS, LABELS), cloudpickle.dumps)
    assert (finding.code, finding.target, finding.caveat) == ("own_python", "", False)
    assert "lambda" in finding.sentence
    assert "FunctionTransformer" in finding.sentence


def test_a_class_of_ones_own_is_named(tmp_path):
    (finding,) = told(tmp_path, OwnModel().fit(ROWS, LABELS))
    assert finding.code == "own_python"
    assert "OwnModel" in finding.sentence


def test_what_answers_no_new_rows_is_ruled_out_by_the_emitters_own_table(tmp_path):
    codes = {finding.code for finding in told(tmp_path, DBSCAN().fit(ROWS))}
    assert codes == {"no_predict"}


def test_a_label_encoder_is_refused_alone_and_not_inside_a_booster(tmp_path):
    lightgbm = pytest.importorskip("lightgbm")
    booster = lightgbm.LGBMClassifier(n_estimators=1, verbose=-1).fit(ROWS * 9, LABELS * 9)
    assert told(tmp_path, booster) == []
    targets = [one.target for one in told(tmp_path, LabelEncoder().fit(LABELS))]
    assert targets == ["onnx", "pmml"]


def test_a_pickle_that_is_cut_short_is_told_without_loading_it(tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(LogisticRegression())[:60])
    config = {"pickled_model": "model.pkl"}
    (finding,) = findings(tmp_path, {"flavors": {"sklearn": config}}, "sklearn")
    assert finding.code == "model_unreadable"


def test_operators_of_another_runtime_are_named(tmp_path):
    model = onnx_models.network()
    model.graph.node[0].domain = "com.acme"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    (finding,) = findings(tmp_path, {"flavors": {"onnx": {"data": "m.onnx"}}}, "onnx")
    assert finding.code == "onnx_operators"
    assert "com.acme: MatMul" in finding.sentence


def test_a_lambda_layer_is_named(tmp_path):
    content = b"\x89HDF\r\n\x1a\n" + b'{"class_name": "Lambda"}'
    (tmp_path / "model.h5").write_bytes(content)
    config = {"data": "model.h5", "model_type": "keras"}
    (finding,) = findings(tmp_path, {"flavors": {"tensorflow": config}}, "tensorflow")
    assert finding.code == "lambda_layer"


def test_a_file_named_outside_of_the_folder_is_not_opened(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04.")
    config = {"pickled_model": "../model.pkl"}
    assert findings(tmp_path / "in", {"flavors": {"sklearn": config}}, "sklearn") == []


@pytest.mark.parametrize("protocol", range(6))
def test_names_are_read_in_every_protocol(protocol):
    read = pickles.of_bytes(pickle.dumps(LogisticRegression().fit(ROWS, LABELS), protocol))
    assert read.root == "sklearn.linear_model._logistic.LogisticRegression"
    assert read.whole


def texts(vectoriser, *steps):
    model = make_pipeline(vectoriser, *steps, LogisticRegression())
    return model.fit(["red fox", "old dog", "red dog", "old fox"], LABELS)


@pytest.mark.parametrize(
    "vectoriser",
    [
        CountVectorizer(analyzer="char"),
        TfidfVectorizer(strip_accents="unicode"),
        HashingVectorizer(),
    ],
)
def test_text_that_pmml_does_not_express_is_told_from_the_settings_in_the_pickle(
    tmp_path, vectoriser
):
    found = told(tmp_path, texts(vectoriser))
    assert [(one.code, one.target, one.caveat) for one in found] == [("not_in_pmml", "pmml", False)]


def test_words_and_their_weights_in_one_step_rule_nothing_out(tmp_path):
    assert told(tmp_path, texts(TfidfVectorizer())) == []
    (finding,) = told(tmp_path, texts(CountVectorizer(), TfidfTransformer()))
    assert finding.target == "pmml"
    assert "TfidfVectorizer does both" in finding.sentence


def test_texts_cut_by_a_librarys_function_are_own_python_too(tmp_path):
    model = texts(CountVectorizer(tokenizer=str.split, token_pattern=None))
    (finding,) = told(tmp_path, model)
    assert (finding.code, finding.target) == ("own_python", "")
    assert "tokenizer" in finding.sentence


def test_a_solver_inside_a_pipeline_is_refused_for_both_targets(tmp_path):
    model = make_pipeline(NMF(1), LogisticRegression()).fit(ROWS, LABELS)
    assert {(one.target, one.caveat) for one in told(tmp_path, model)} == {
        ("onnx", False),
        ("pmml", False),
    }


def test_a_scorer_of_ones_own_in_a_search_does_not_rule_a_model_out(tmp_path):
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2, scoring=lambda *_: 1.0)
    (finding,) = told(tmp_path, search.fit(ROWS, LABELS), cloudpickle.dumps)
    assert (finding.code, finding.caveat) == ("own_python", True)


def test_an_outlier_factor_is_ruled_out_by_its_setting(tmp_path):
    rows = ROWS * 5
    codes = [one.code for one in told(tmp_path, LocalOutlierFactor(2).fit(rows))]
    assert codes == ["no_predict"]
    assert told(tmp_path, LocalOutlierFactor(2, novelty=True).fit(rows)) == []


def test_categories_in_a_boosters_own_file_rule_out_its_own_file_as_a_target(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    frame = pd.DataFrame({"word": pd.Categorical(["a", "b"] * 9), "number": range(18)})
    for dtype, wanted in (("category", ["xgboost"]), ("int", [])):
        rows = frame if dtype == "category" else frame[["number"]]
        model = xgboost.XGBRegressor(n_estimators=2, enable_categorical=True).fit(
            rows, LABELS[:2] * 9
        )
        for suffix in ("ubj", "json"):
            file = tmp_path / f"model.{suffix}"
            model.save_model(file)
            config = {"data": file.name, "model_class": "xgboost.sklearn.XGBRegressor"}
            found = findings(tmp_path, {"flavors": {"xgboost": config}}, "xgboost")
            assert [one.target for one in found] == wanted


def test_words_in_a_lightgbm_file_rule_out_its_own_file_as_a_target(tmp_path):
    lightgbm = pytest.importorskip("lightgbm")
    frame = pd.DataFrame({"word": pd.Categorical(["a", "b"] * 90), "number": range(180)})
    for columns, wanted in ((["word", "number"], ["lightgbm"]), (["number"], [])):
        model = lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(frame[columns], LABELS * 45)
        model.booster_.save_model(tmp_path / "model.lgb")
        config = {"data": "model.lgb"}
        found = findings(tmp_path, {"flavors": {"lightgbm": config}}, "lightgbm")
        assert [one.target for one in found] == wanted


def test_a_file_too_large_to_read_here_rules_nothing_out(tmp_path, monkeypatch):
    model = LogisticRegression().fit(ROWS, LABELS)
    monkeypatch.setattr(pickles, "MOST_BYTES", 100)
    assert told(tmp_path, model) == []
    monkeypatch.undo()
    monkeypatch.setattr(pickles, "MOST_OPCODES", 10)
    assert told(tmp_path, model) == []


class Harmful:
    def __init__(self, call, *given):
        self.call = call, given

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("call", [(os.system, "true"), (eval, "1"), (subprocess.check_call, "ls")])
def test_a_pickle_that_would_run_commands_is_told_without_running_them(tmp_path, call):
    (finding,) = told(tmp_path, [Harmful(*call), LogisticRegression()])
    assert (finding.code, finding.target, finding.caveat) == ("pickle_commands", "", False)
    assert call[0].__name__ in finding.sentence
