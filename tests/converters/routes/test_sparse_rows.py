"""Boosters behind encoders that give scipy matrices, as scikit-learn's do by default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn import compose, pipeline, preprocessing

from converters.contract import ConvertReport
from converters.targets import onnx, pmml
from tests.converters import jobs
from tests.converters.jobs import converted, judged

TARGETS = {"onnx": onnx, "pmml": pmml}


def towns(count: int, seed: int = 5) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "town": random.choice([f"town {i}" for i in range(20)], count).astype(object),
            "heat": random.normal(0, 20, count),
            "debt": random.lognormal(3, 1, count),
        }
    )


def encoded(booster: Any, table: pd.DataFrame, **over: Any) -> pipeline.Pipeline:
    """With scikit-learn's defaults: what comes out of the encoder is a scipy matrix."""
    columns = compose.ColumnTransformer(
        [("town", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["town"])],
        remainder="passthrough",
        **over,
    )
    model = pipeline.make_pipeline(columns, booster)
    model.fit(table, (table["heat"] > 0) * 2.0 + (table["debt"] > 30) + (table["town"] < "town 3"))
    assert model[0].sparse_output_
    return model


def with_zeros(table: pd.DataFrame) -> pd.DataFrame:
    """Zeros, of which the training data had none, wherever the trees may lead a row."""
    heat, debt = table.copy(), table.copy()
    heat["heat"], debt["debt"] = 0.0, 0.0
    tiny = table.assign(heat=np.where(table["heat"] > 0, 1e-50, -1e-36))
    return pd.concat([table, heat, debt, heat.assign(debt=0.0), tiny], ignore_index=True)


def export(model: Any, table: pd.DataFrame, folder: Path, target: str) -> Path:
    saved = jobs.save(folder / "saved", model, table)
    job: Path = jobs.make_job(folder / "job", saved, target=target)
    return job


@pytest.mark.parametrize("target", sorted(TARGETS))
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_zeros_of_a_sparse_matrix_answer_as_in_the_original(
    tmp_path: Path, library: str, target: str
):
    table = towns(400)
    booster = {
        "xgboost": xgboost.XGBRegressor(n_estimators=12, max_depth=3),
        "lightgbm": lightgbm.LGBMRegressor(n_estimators=12, max_depth=3, verbose=-1),
    }[library]
    model = encoded(booster, table)
    job = export(model, table, tmp_path, target)
    jobs.convert(job)
    jobs.judge(job)
    assert judged(job).state == "proven", judged(job).sentence
    report: ConvertReport = converted(job)
    rows = with_zeros(towns(200, seed=6))
    scorer = TARGETS[target].open(job / "convert" / report.file)
    given = {name: rows[name].to_numpy() for name in rows}
    got = scorer.score(given, report.inputs, report.outputs)["prediction"]
    np.testing.assert_allclose(got, model.predict(rows), rtol=1e-6)


def test_zeros_that_a_matrix_stores_are_refused_by_name(tmp_path: Path):
    table = towns(400)
    booster = xgboost.XGBRegressor(n_estimators=12, max_depth=3)
    model = encoded(booster, table, transformer_weights={"town": 0.0})
    for target in TARGETS:
        job = export(model, table, tmp_path / target, target)
        report: ConvertReport = jobs.convert(job)
        assert report.code == "sparse_zeros", report.sentence
        assert "sparse_threshold=0" in report.sentence
