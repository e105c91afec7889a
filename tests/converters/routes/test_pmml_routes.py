"""Boosters to PMML through both steps, judged by JPMML on rows at their split points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.converters import jobs

RANDOM = np.random.default_rng(4)
WHOLE = RANDOM.normal(size=(300, 4))
ROWS = np.where(RANDOM.random(WHOLE.shape) < 0.1, np.nan, WHOLE)
TARGET = 3 * WHOLE[:, 0] + np.sin(3 * WHOLE[:, 1])
THREE = np.digitize(TARGET, [-1.0, 1.0])


def xgboost_regressor() -> Any:
    import xgboost

    return xgboost.XGBRegressor(n_estimators=15, max_depth=4).fit(ROWS, TARGET)


def lightgbm_classifier() -> Any:
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=10, verbose=-1).fit(ROWS, THREE)


@pytest.mark.parametrize(
    ("flavor", "make", "most"),
    [("xgboost", xgboost_regressor, 1e-5), ("lightgbm", lightgbm_classifier, 1e-12)],
)
def test_boosters_with_missing_values_answer_alike(
    tmp_path: Any, flavor: str, make: Any, most: float
):
    model = jobs.save(tmp_path / "m", make(), ROWS, flavor)
    job = jobs.make_job(tmp_path / "job", model, flavor, "pmml")
    report = jobs.convert(job)
    assert (report.state, report.sentence) == ("converted", "")
    assert all(item.nullable for item in report.inputs)
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.sentence) == ("proven", "")
    assert max(output.max_abs for output in verdict.parity) <= most
