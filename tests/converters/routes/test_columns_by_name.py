"""Models that pick their columns by name: others may stand in the signature, or be gone."""

import mlflow
import pandas as pd
import pytest
from sklearn import compose, impute, linear_model, pipeline, preprocessing, tree

from tests.converters import jobs

USED = ["age", "income", "home town"]


def fitted(rows):
    columns = compose.ColumnTransformer(
        [
            ("numbers", impute.SimpleImputer(), USED[:2]),
            ("towns", preprocessing.OneHotEncoder(handle_unknown="ignore"), USED[2:]),
        ]
    )
    model = pipeline.make_pipeline(columns, linear_model.LogisticRegression(max_iter=5000))
    return model.fit(rows, (rows["age"] > 45).astype(int))


def narrower(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[USED]


def wider(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(remark=1.5)[["remark", *rows.columns]]


@pytest.mark.parametrize("target", ["onnx", "pmml"])
@pytest.mark.parametrize("shape", [narrower, wider])
def test_columns_that_the_model_does_not_look_at_may_be_there_or_be_gone(tmp_path, shape, target):
    rows, _ = jobs.people()
    saved = jobs.save(tmp_path / "saved", fitted(rows), shape(rows))
    folder = jobs.make_job(tmp_path / "job", saved, target=target, rows=300)
    report = jobs.convert(folder)
    assert report.state == "converted", report.sentence
    assert report.facts["converter"] == "crossport"
    assert [row.columns for row in report.inputs] == [[name] for name in shape(rows).columns]
    verdict = jobs.judge(folder)
    assert verdict.state == "proven", verdict.sentence


@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_a_signature_of_another_width_is_refused_by_name(tmp_path, target):
    rows = jobs.people()[0][["age", "vip"]].astype(float)
    model = tree.DecisionTreeClassifier(max_depth=3).fit(rows.to_numpy(), rows["age"] > 45)
    signature = mlflow.models.infer_signature(rows.assign(more=0.0), model.predict(rows.to_numpy()))
    saved = jobs.save(tmp_path / "saved", model, rows, signature=signature, input_example=None)
    report = jobs.convert(jobs.make_job(tmp_path / "job", saved, target=target))
    assert (report.state, report.code) == ("refused", "signature_width")
    assert "3 columns" in report.sentence
    assert "trained on 2" in report.sentence
