"""Plain model files without an MLmodel: known by content, whatever they are called."""

import gzip
import pickle
import shutil
from pathlib import Path

import joblib
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

from converters import sources
from converters.errors import Refused
from converters.sources import mlmodel, plain

SEEDS = Path(__file__).parents[2] / "fuzz" / "seeds"
FLAVORS = {
    **dict.fromkeys(("linear.pkl", "old.pkl", "linear.joblib", "packed.joblib"), "sklearn"),
    **{"linear.skops": "sklearn", "booster.json": "xgboost", "booster.ubj": "xgboost"},
    **{"booster.txt": "lightgbm", "booster.cbm": "catboost", "network.onnx": "onnx"},
    **{"document.pmml": "pmml", "network.keras": "tensorflow", "layers.h5": "tensorflow"},
    **{"mojo.zip": "h2o"},
}


@pytest.mark.parametrize("name", FLAVORS)
def test_a_folder_with_one_model_file_is_read_as_its_flavor(tmp_path, name):
    shutil.copy(SEEDS / name, tmp_path)
    (tmp_path / "README.md").write_text("hello")
    assert list(mlmodel.read(tmp_path)["flavors"]) == [FLAVORS[name]]


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3)], ids=str)
def test_a_joblib_file_answers_as_the_model_that_was_saved(tmp_path, compress):
    rows, labels = load_wine(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(3, random_state=0).fit(rows, labels)
    joblib.dump(model, tmp_path / "forest.joblib", compress=compress)
    loaded = sources.load(tmp_path, "sklearn")
    assert [column.name for column in loaded.signature.columns] == list(rows.columns)
    assert (loaded.estimator.predict(rows) == model.predict(rows)).all()


@pytest.mark.parametrize(
    ("content", "name", "code", "words"),
    [
        ((SEEDS / "booster.txt").read_bytes(), "model.cbm", "mislabelled", "LightGBM"),
        ((SEEDS / "linear.pkl").read_bytes(), "model.onnx", "mislabelled", "pickle"),
        ((SEEDS / "network.onnx").read_bytes(), "model.pkl", "mislabelled", "ONNX"),
        (b"binf" + b"\0" * 90, "model.bst", "plain_file", "old binary"),
        (b"<!DOCTYPE html><html>Sign in", "model.pkl", "model_unreadable", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "model.pt", "model_unreadable", "LFS"),
        (b"", "model.pkl", "model_unreadable", "empty"),
        ((SEEDS / "linear.pkl").read_bytes()[:99], "model.pkl", "model_unreadable", "pickle"),
        (gzip.compress(b"hello", mtime=0)[:12], "model.joblib", "model_unreadable", "damaged"),
    ],
)
def test_a_file_that_is_no_such_model_is_refused_with_what_it_really_is(
    tmp_path, content, name, code, words
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as told:
        plain.mlmodel_for(tmp_path)
    assert told.value.code == code
    assert words in told.value.sentence


def test_two_model_files_are_not_guessed_between(tmp_path):
    for name in ("a.pkl", "b.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(1))
    with pytest.raises(Refused) as told:
        mlmodel.read(tmp_path)
    assert told.value.code == "mlmodel_missing"
