"""Whole numbers and booleans that a signature calls optional: pandas' Int64 and boolean with NA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn import ensemble, impute, linear_model, pipeline

from converters import golden
from tests.converters import jobs

RANDOM = np.random.default_rng(2)
COUNT = 200


def table() -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "rooms": pd.array(RANDOM.integers(0, 9, COUNT), dtype="Int64"),
            "size": RANDOM.normal(size=COUNT),
            "garden": pd.array(RANDOM.random(COUNT) < 0.5, dtype="boolean"),
        }
    )
    rows.loc[::9, "rooms"] = pd.NA
    rows.loc[::7, "garden"] = pd.NA
    return rows


ROWS = table()
PRICE = ROWS["rooms"].fillna(4).to_numpy("f8") + ROWS["garden"].fillna(False).to_numpy("f8")


def job(folder: Path, model: Any, target: str) -> Path:
    import mlflow

    mlflow.sklearn.save_model(
        model,
        str(folder / "saved"),
        signature=infer_signature(ROWS, PRICE),
        pip_requirements=["mlflow"],
        serialization_format="cloudpickle",
    )
    job: Path = jobs.make_job(folder / "job", folder / "saved", target=target)
    return job


@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_missing_whole_numbers_are_carried_where_the_model_answers_them(
    target: str, tmp_path: Path
):
    model = pipeline.make_pipeline(
        impute.SimpleImputer(add_indicator=True),
        ensemble.HistGradientBoostingRegressor(max_iter=10, min_samples_leaf=5),
    ).fit(ROWS.astype("float64"), PRICE)
    done = job(tmp_path, model, target)
    report = jobs.convert(done)
    assert report.state == "converted", report.sentence
    assert report.signature is not None
    assert [one.type for one in report.signature.columns] == ["double"] * 3
    assert {one.dtype for one in report.inputs} == {"float64"}
    assert all(one.nullable for one in report.inputs)
    assert sum("'rooms'" in note and "NaN" in note for note in report.notes) == 1
    verdict = jobs.judge(done)
    assert verdict.state == "proven", verdict.sentence
    rows, _ = golden.read(done / "convert" / "rows")
    assert np.isnan(rows["rooms"]).any()
    assert np.isnan(rows["garden"]).any()


def test_a_model_that_refuses_missing_values_keeps_its_types_and_says_so(tmp_path: Path):
    filled = ROWS.fillna({"rooms": 0, "garden": False}).astype({"rooms": "int64", "garden": "bool"})
    done = job(tmp_path, linear_model.Ridge().fit(filled, PRICE), "onnx")
    report = jobs.convert(done)
    assert report.state == "converted", report.sentence
    assert {one.name: one.dtype for one in report.inputs} == {
        "rooms": "int64",
        "size": "float64",
        "garden": "bool",
    }
    for name in ("rooms", "garden"):
        assert sum(repr(name) in note and "not covered" in note for note in report.notes) == 1
