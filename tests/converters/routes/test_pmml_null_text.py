"""PMML tells missing text from empty text, as the models that learned both do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn import compose, ensemble, impute, linear_model, pipeline, preprocessing

from converters import golden
from converters.contract import Column, Identity, Request, Signature
from converters.errors import Refused
from converters.routes import onnx_file, pmml_file
from converters.sources import signatures
from converters.sources.loaded import Loaded
from converters.targets import pmml
from tests.converters import jobs

RANDOM = np.random.default_rng(5)
WORDS = np.array(["", "Rome", "Oslo", "Bern", "nan", " ", None], dtype=object)
COUNT = 210
SOME = WORDS[RANDOM.integers(0, len(WORDS), COUNT)]
NUMBERS = RANDOM.normal(size=COUNT)
VALUE = NUMBERS + np.array([3.0 if one is None else len(one) for one in SOME])
HARD = np.array([*WORDS, "unseen", "\x00", "É"], dtype=object)


def table(missing: Any, never: tuple[Any, ...] = ()) -> pd.DataFrame:
    """Text and a number, with this for missing text, and without these words."""
    words = [missing if one is None else "Rome" if one in never else one for one in SOME]
    # An object column keeps None as it is.
    return pd.DataFrame({"town": pd.Series(words, dtype=object), "n": NUMBERS})


def before(step: Any) -> Any:
    columns = compose.make_column_transformer((step, ["town"]), remainder="passthrough")
    return pipeline.make_pipeline(columns, linear_model.Ridge())


ONE_HOT = preprocessing.OneHotEncoder(handle_unknown="ignore")
ORDINAL = preprocessing.OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=-9, encoded_missing_value=-3
)
FILLED = pipeline.make_pipeline(
    impute.SimpleImputer(strategy="constant", fill_value="Ulm", missing_values=None), ONE_HOT
)
MODELS = {
    "one hot, NaN": (ONE_HOT, table(np.nan)),
    "one hot, None": (ONE_HOT, table(None)),
    "one hot, few words": (ONE_HOT, table(np.nan, ("Oslo", "Bern", "nan", " "))),
    "one hot, no empty text": (ONE_HOT, table(np.nan, ("",))),
    "one hot, nothing missing": (ONE_HOT, table("Ulm")),
    "ordinal": (ORDINAL, table(np.nan)),
    "ordinal, no empty text": (ORDINAL, table(np.nan, ("",))),
    "target": (preprocessing.TargetEncoder(random_state=0), table(np.nan)),
    "filled": (FILLED, table(None)),
    "filled with nothing": (
        pipeline.make_pipeline(
            impute.SimpleImputer(strategy="constant", fill_value="", missing_values=np.nan), ONE_HOT
        ),
        table(np.nan),
    ),
    "empty text filled": (
        pipeline.make_pipeline(
            impute.SimpleImputer(strategy="most_frequent", missing_values=""), ONE_HOT
        ),
        table("Ulm"),
    ),
}


def written(model: Any, rows: pd.DataFrame, folder: Path) -> tuple[Loaded, Any]:
    signature = Signature([Column("town", "string"), Column("n", "double")])
    missing = signatures.missing_text(model)
    loaded = Loaded("sklearn", model, {}, folder, signature, missing_text=missing)
    request = Request("sklearn", "pmml", Identity("tests", "model", "1"))
    return loaded, pmml_file.write(loaded, request, folder)


@pytest.mark.parametrize("name", MODELS)
def test_empty_missing_and_unseen_text_answer_as_the_original_does(name: str, tmp_path: Path):
    step, rows = MODELS[name]
    model = before(step).fit(rows, VALUE)
    loaded, converted = written(model, rows, tmp_path)
    words = HARD
    if name == "empty text filled":  # whose original refuses missing text
        words = HARD[[word is not None for word in HARD]]
    assert {one.name: one.nullable for one in converted.inputs}["town"] == (words is HARD)
    asked = {"town": words, "n": np.linspace(-1, 1, len(words))}
    told = loaded.answer(asked, converted.outputs)
    got = pmml.open(tmp_path / converted.file).score(asked, converted.inputs, converted.outputs)
    (output,) = converted.outputs
    np.testing.assert_allclose(got[output.name], told[output.name], rtol=1e-12)


def test_a_boosted_forest_of_categories_takes_empty_and_missing_text(tmp_path: Path):
    rows = table(None)
    known = [word for word in WORDS if word is not None]
    typed = rows.assign(town=pd.Categorical(rows["town"], categories=known))
    model = lightgbm.LGBMRegressor(n_estimators=5, min_child_samples=5, verbose=-1)
    model.set_params(min_data_per_group=5, cat_smooth=1)
    model.fit(typed, VALUE)
    loaded, converted = written(model, rows, tmp_path)
    loaded.flavor = "lightgbm"
    told = loaded.answer(asked := {"town": HARD, "n": np.zeros(len(HARD))}, converted.outputs)
    got = pmml.open(tmp_path / converted.file).score(asked, converted.inputs, converted.outputs)
    (output,) = converted.outputs
    np.testing.assert_allclose(got[output.name], told[output.name], rtol=1e-12)
    assert len(set(told[output.name].tolist())) > 2


@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_two_kinds_of_missing_text_are_refused_as_what_they_are(target: str, tmp_path: Path):
    rows = table(None, ("",))
    rows["town"] = rows["town"].where(rows["town"] != "Oslo", np.nan)
    model = before(ONE_HOT).fit(rows, VALUE)
    signature = Signature([Column("town", "string"), Column("n", "double")])
    loaded = Loaded("sklearn", model, {}, tmp_path, signature, missing_text=None)
    request = Request("sklearn", target, Identity("tests", "model", "1"))
    with pytest.raises(Refused) as caught:
        (onnx_file if target == "onnx" else pmml_file).write(loaded, request, tmp_path)
    assert caught.value.code == "two_missing"
    assert "None and NaN" in caught.value.sentence


def test_a_job_proves_both_empty_and_missing_text(tmp_path: Path):
    import mlflow

    rows = table(np.nan)
    steps = compose.make_column_transformer(
        (ORDINAL, ["town"]), remainder="passthrough", verbose_feature_names_out=False
    )
    model = pipeline.make_pipeline(
        steps,
        ensemble.HistGradientBoostingRegressor(
            max_iter=5, min_samples_leaf=5, categorical_features=["town"]
        ),
    ).set_output(transform="pandas")
    model.fit(rows, VALUE)
    signed = mlflow.models.infer_signature(rows, VALUE)
    options = {"pip_requirements": ["mlflow"], "serialization_format": "cloudpickle"}
    mlflow.sklearn.save_model(model, str(tmp_path / "saved"), signature=signed, **options)
    job = jobs.make_job(tmp_path / "job", tmp_path / "saved", target="pmml")
    report = jobs.convert(job)
    assert report.state == "converted", report.sentence
    assert all(one.nullable for one in report.inputs)
    verdict = jobs.judge(job)
    assert verdict.state == "proven", verdict.sentence
    words, _ = golden.read(job / "convert" / "rows")
    assert {"", None} <= set(words["town"].tolist())
