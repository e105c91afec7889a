"""A support vector machine whose score is nothing but the rounding of its own sum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from converters.contract import Column, Signature
from converters.sources.loaded import Loaded
from converters.sources.margins import rounded
from tests.converters import jobs

RANDOM = np.random.default_rng(4)
COUNT = 300
ROWS = pd.DataFrame(
    {
        "a": RANDOM.normal(size=COUNT),
        "b": RANDOM.normal(size=COUNT) * 100,
        "c": RANDOM.integers(0, 4, COUNT).astype("f8"),
    }
)
ANSWER = np.where(ROWS["a"] + ROWS["b"] / 100 + ROWS["c"] > 1, "n", "ü")


def loaded(model: Any) -> Loaded:
    signature = Signature([Column(name, "double") for name in ROWS])
    return Loaded("sklearn", model, {}, Path(), signature)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_only_rows_on_the_very_border_are_marked(kernel: str, wrapped: bool):
    model: Any = SVC(kernel=kernel, degree=2, gamma=1e-3, coef0=1, C=100)
    model = make_pipeline(FunctionTransformer(), model) if wrapped else model
    model.fit(ROWS, ANSWER)
    named = model.predict(ROWS)
    ends = [ROWS[named == one].iloc[:1].to_numpy() for one in ("n", "ü")]
    for _ in range(200):
        middle = (ends[0] + ends[1]) / 2
        (one,) = model.predict(pd.DataFrame(middle, columns=ROWS.columns))
        ends[["n", "ü"].index(one)] = middle
    border = pd.DataFrame(ends[0], columns=ROWS.columns)
    rows = pd.concat([border, ROWS], ignore_index=True)
    marked = rounded(loaded(model), {name: rows[name].to_numpy() for name in rows})
    assert marked[0]
    assert not marked[1:].any()


@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_weighted_classes_of_a_linear_kernel_are_proven(target: str, tmp_path: Path):
    import mlflow

    model = SVC(class_weight="balanced", kernel="linear").fit(ROWS, ANSWER)
    mlflow.sklearn.save_model(
        model,
        str(tmp_path / "saved"),
        signature=infer_signature(ROWS, ANSWER),
        pip_requirements=["mlflow"],
        serialization_format="cloudpickle",
    )
    job = jobs.make_job(tmp_path / "job", tmp_path / "saved", target=target)
    report = jobs.convert(job)
    assert report.state == "converted", report.sentence
    verdict = jobs.judge(job)
    assert verdict.state == "proven", verdict.sentence
