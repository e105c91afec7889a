"""Models are loaded from MLflow's folders; what cannot be read is refused with what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from converters.contract import Output, OutputKind
from converters.errors import Refused
from converters.sources import load
from tests.real_models import tables
from tests.real_models.folders import save

LABEL = Output("label", OutputKind.LABEL, "int64")


def make_logistic(folder: Path, **options: Any) -> Path:
    table, target = tables.irises()
    model = LogisticRegression(max_iter=5000).fit(table, target)
    return save("sklearn", model, table, folder, **options)


def make_xgboost(folder: Path, **options: Any) -> Path:
    table, target = tables.irises()
    model = xgboost.XGBClassifier(n_estimators=5).fit(table, target)
    return save("xgboost", model, table, folder, **options)


def make_lightgbm(folder: Path) -> Path:
    table, target = tables.irises()
    data = lightgbm.Dataset(table, target)
    model = lightgbm.train({"verbose": -1, "objective": "regression"}, data, 5)
    return save("lightgbm", model, table, folder)


def refusal(folder: Path, flavor: str = "sklearn") -> Refused:
    with pytest.raises(Refused) as caught:
        load(folder, flavor)
    assert caught.value.sentence.endswith(".")
    return caught.value


@pytest.mark.parametrize("serialization", ["skops", "cloudpickle", "pickle"])
def test_scikit_learn_is_loaded_however_it_was_saved(serialization: str, tmp_path: Path):
    model = load(make_logistic(tmp_path / "m", serialization_format=serialization), "sklearn")
    assert isinstance(model.estimator, LogisticRegression)
    assert model.signature.width == 4
    assert model.signature.origin == "mlflow"


@pytest.mark.parametrize("model_format", ["ubj", "json"])
def test_xgboost_is_loaded_into_its_own_class(model_format: str, tmp_path: Path):
    folder = make_xgboost(tmp_path / "m", model_format=model_format)
    model = load(folder, "xgboost")
    assert isinstance(model.estimator, xgboost.XGBClassifier)


@pytest.mark.parametrize("serialization", ["skops", "cloudpickle"])
def test_a_lightgbm_wrapper_is_loaded_however_it_was_saved(serialization: str, tmp_path: Path):
    table, target = tables.irises()
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(table, target)
    folder = save("lightgbm", model, table, tmp_path / "m", serialization_format=serialization)
    assert isinstance(load(folder, "lightgbm").estimator, lightgbm.LGBMClassifier)


def test_a_lightgbm_booster_is_text_although_its_flavor_says_skops(tmp_path: Path):
    folder = make_lightgbm(tmp_path / "m")
    document = yaml.safe_load((folder / "MLmodel").read_text())
    assert document["flavors"]["lightgbm"]["serialization_format"] == "skops"
    assert isinstance(load(folder, "lightgbm").estimator, lightgbm.Booster)


def test_the_input_example_comes_in_the_signatures_terms(tmp_path: Path):
    model = load(make_logistic(tmp_path / "m", serialization_format="cloudpickle"), "sklearn")
    table, _ = tables.irises()
    assert model.example is not None
    assert list(model.example) == list(table)
    for name, values in model.example.items():
        assert values.dtype == np.float64
        assert np.array_equal(values, table[name].to_numpy()[:5])


def test_the_original_answers_through_the_frame_it_was_trained_on(tmp_path: Path):
    model = load(make_logistic(tmp_path / "m", serialization_format="cloudpickle"), "sklearn")
    assert model.example is not None
    answers = model.answer(model.example, [LABEL])
    assert answers["label"].tolist() == [0, 0, 0, 0, 0]


def test_missing_text_reaches_the_model_as_it_was_in_training(tmp_path: Path):
    table = tables.households()[0][["job"]].astype(object)
    for missing, place in ((None, "none"), (np.nan, "nan")):
        trained = table.where(table.notna(), missing)
        encoder = OneHotEncoder(handle_unknown="ignore").fit(trained)
        options: dict[str, Any] = {"serialization_format": "cloudpickle", "example": False}
        folder = save(
            "sklearn", encoder, table[["job"]].astype(object), tmp_path / place, **options
        )
        model = load(folder, "sklearn")
        output = Output("transformed", OutputKind.VALUES, "float64", 4, source="transform")
        rows = {"job": np.array([None, "clerk"], dtype=object)}
        assert model.answer(rows, [output])["transformed"].sum(axis=1).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("make", "flavor", "file"),
    [
        (lambda f: make_logistic(f, serialization_format="cloudpickle"), "sklearn", "model.pkl"),
        (lambda f: make_logistic(f, serialization_format="skops"), "sklearn", "model.skops"),
        (make_xgboost, "xgboost", "model.ubj"),
        (lambda f: make_xgboost(f, model_format="json"), "xgboost", "model.json"),
        (make_lightgbm, "lightgbm", "model.lgb"),
    ],
    ids=["pickle", "skops", "ubj", "json", "lightgbm text"],
)
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.97], ids=["empty", "a third", "nearly all"])
def test_a_model_file_that_is_cut_short_is_refused(
    make: Any, flavor: str, file: str, kept: float, tmp_path: Path
):
    folder = make(tmp_path / "m")
    content = (folder / file).read_bytes()
    cut = content.find(b"end of trees") if flavor == "lightgbm" else int(len(content) * kept)
    (folder / file).write_bytes(content[: min(cut, int(len(content) * kept))])
    refused = refusal(folder, flavor)
    assert refused.code == "model_unreadable"
    assert file in refused.sentence


def test_a_model_whose_file_vanished_is_refused(tmp_path: Path):
    folder = make_logistic(tmp_path / "m", serialization_format="cloudpickle")
    (folder / "model.pkl").unlink()
    assert refusal(folder).code == "model_file_missing"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("flavors: [unclosed", "mlmodel_unreadable"),
        ("\x00\x01", "mlmodel_unreadable"),
        ("just a sentence", "mlmodel_unreadable"),
        ("run_id: abc", "no_flavor"),
        ("flavors: {}", "no_flavor"),
        ("flavors: {keras: {}}", "flavor_missing"),
        ("flavors: {sklearn: [1]}", "mlmodel_unreadable"),
        ("flavors: {sklearn: {}}", "mlmodel_unreadable"),
        ("flavors: {sklearn: {pickled_model: ../../secret}}", "mlmodel_unreadable"),
        ('flavors: {sklearn: {pickled_model: "a\\0b"}}', "mlmodel_unreadable"),
        (f"flavors: {{sklearn: {{pickled_model: {'a' * 5000}}}}}", "mlmodel_unreadable"),
        ("flavors: {sklearn: {pickled_model: m.pkl, code: ../..}}", "mlmodel_unreadable"),
        ("[" * 100_000, "mlmodel_unreadable"),
    ],
)
def test_an_mlmodel_that_says_nothing_useful_is_refused(text: str, code: str, tmp_path: Path):
    (tmp_path / "MLmodel").write_text(text)
    assert refusal(tmp_path).code == code


def test_a_folder_without_an_mlmodel_is_refused(tmp_path: Path):
    assert refusal(tmp_path).code == "mlmodel_missing"


def test_a_pickle_that_needs_a_module_that_is_not_here_is_refused_by_its_name(tmp_path: Path):
    module = tmp_path / "lib" / "their_own_steps.py"
    module.parent.mkdir()
    module.write_text(
        "from sklearn.base import BaseEstimator\n"
        "class Step(BaseEstimator):\n    def predict(self, X):\n        return X\n"
    )
    script = (
        "import sys, pickle; sys.path.insert(0, sys.argv[1]); import their_own_steps; "
        "pickle.dump(their_own_steps.Step(), open(sys.argv[2], 'wb'))"
    )
    folder = make_logistic(tmp_path / "m", serialization_format="pickle")
    subprocess.run(
        [sys.executable, "-c", script, str(module.parent), str(folder / "model.pkl")], check=True
    )
    refused = refusal(folder)
    assert refused.code == "module_missing"
    assert "their_own_steps" in refused.sentence


def test_code_that_was_logged_with_the_model_is_found(tmp_path: Path):
    module = tmp_path / "lib" / "their_logged_steps.py"
    module.parent.mkdir()
    module.write_text("from sklearn.linear_model import Ridge\nclass Step(Ridge):\n    pass\n")
    folder = make_logistic(tmp_path / "m", serialization_format="pickle")
    script = (
        "import sys, pickle; sys.path.insert(0, sys.argv[1]); import their_logged_steps; "
        "pickle.dump(their_logged_steps.Step(), open(sys.argv[2], 'wb'))"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(module.parent), str(folder / "model.pkl")], check=True
    )
    module.parent.rename(folder / "code")
    document = yaml.safe_load((folder / "MLmodel").read_text())
    document["flavors"]["sklearn"]["code"] = "code"
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    assert type(load(folder, "sklearn").estimator).__name__ == "Step"


def test_without_a_signature_the_input_example_tells_the_inputs(tmp_path: Path):
    table, target = tables.irises()
    model = LogisticRegression(max_iter=5000).fit(table, target)
    options: dict[str, Any] = {"serialization_format": "cloudpickle"}
    folder = save("sklearn", model, table, tmp_path / "m", signature=False, **options)
    document = yaml.safe_load((folder / "MLmodel").read_text())
    document.pop("signature", None)  # MLflow infers one from the example
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    signature = load(folder, "sklearn").signature
    assert signature.origin == "input_example"
    assert [column.type for column in signature.columns] == ["double"] * 4


@pytest.mark.parametrize("named", [True, False])
def test_without_signature_and_example_the_estimator_tells_its_inputs(named: bool, tmp_path: Path):
    table, target = tables.irises()
    trained = table if named else table.to_numpy()
    model = LogisticRegression(max_iter=5000).fit(trained, target)
    options: dict[str, Any] = {
        "serialization_format": "cloudpickle",
        "example": False,
        "signature": False,
    }
    signature = load(save("sklearn", model, table, tmp_path / "m", **options), "sklearn").signature
    assert signature.origin == "estimator"
    assert signature.width == 4
    assert [column.name for column in signature.columns] == (list(table) if named else [])


def test_a_model_without_signature_is_refused_with_how_to_add_one(tmp_path: Path):
    table, _ = tables.households()
    encoder = OneHotEncoder(handle_unknown="ignore").fit(table[["town"]])
    options: dict[str, Any] = {
        "serialization_format": "cloudpickle",
        "example": False,
        "signature": False,
    }
    refused = refusal(save("sklearn", encoder, table, tmp_path / "m", **options))
    assert refused.code == "no_signature"
    assert "infer_signature" in refused.sentence


def test_a_model_of_another_scikit_learn_says_so_in_its_notes(tmp_path: Path):
    table, _ = tables.irises()
    model = StandardScaler().fit(table)
    folder = save("sklearn", model, table, tmp_path / "m", serialization_format="cloudpickle")
    content = (folder / "model.pkl").read_bytes()
    (folder / "model.pkl").write_bytes(content.replace(b"1.9.0", b"1.6.1"))
    notes = load(folder, "sklearn").notes
    assert notes == ["The model was saved with scikit-learn 1.6.1 and loaded with 1.9.0."]


def test_loading_does_not_import_mlflow(tmp_path: Path):
    folder = make_logistic(tmp_path / "m", serialization_format="cloudpickle")
    script = (
        "import sys; from pathlib import Path; from converters.sources import load; "
        "load(Path(sys.argv[1]), 'sklearn'); sys.exit('mlflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True)
