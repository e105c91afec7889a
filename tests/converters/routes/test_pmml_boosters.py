"""Boosters as PMML on rows that no training set has: at split points and beside, endless, tiny."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.contract import Identity, Request, Signature, Tensor
from converters.routes import pmml_file
from converters.sources.loaded import Loaded
from converters.targets import pmml

RANDOM = np.random.default_rng(1)
WHOLE = RANDOM.normal(size=(300, 3))
WHOLE[:, 2] = np.round(WHOLE[:, 2])
GAPPED = np.where(RANDOM.random(WHOLE.shape) < 0.1, np.nan, WHOLE)
CODED = np.column_stack([GAPPED[:, :2], np.abs(WHOLE[:, 2])])
TARGET = 3 * WHOLE[:, 0] + np.sin(3 * WHOLE[:, 1]) + WHOLE[:, 2]
TINY = [0.0, -0.0, 1e-36, -1e-36, 1e-35, 1.0000001e-35, 5e-324, 1e300, -1e300, 16777217.0]
ENDLESS = [np.inf, -np.inf, 3.5e38]


def lightgbm_model(table: Any, **options: Any) -> Any:
    import lightgbm

    fit: Any = {"categorical_feature": [2]} if table is CODED else {}
    model = lightgbm.LGBMRegressor(n_estimators=15, verbose=-1, min_data_per_group=2, **options)
    return model.fit(table, TARGET, **fit)


def xgboost_categories() -> Any:
    import xgboost

    kinds = ["q", "q", "c"]
    data = xgboost.DMatrix(CODED, TARGET, feature_types=kinds, enable_categorical=True)
    return xgboost.train({"max_depth": 4}, data, 8)


def xgboost_dart() -> Any:
    import xgboost

    return xgboost.XGBRegressor(n_estimators=8, booster="dart", rate_drop=0.3).fit(GAPPED, TARGET)


def catboost_model() -> Any:
    import catboost

    model = catboost.CatBoostRegressor(iterations=15, verbose=0, allow_writing_files=False)
    return model.fit(GAPPED, TARGET)


def hist_model() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=15).fit(GAPPED, TARGET)


def forest() -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(10, random_state=0).fit(GAPPED, TARGET)


# name → (flavor, model, whether it takes endless numbers, the error that its float32 leaves)
MODELS: dict[str, tuple[str, Any, bool, float]] = {
    "lightgbm": ("lightgbm", lambda: lightgbm_model(GAPPED), True, 0.0),
    "lightgbm zero as missing": (
        "lightgbm",
        lambda: lightgbm_model(WHOLE, zero_as_missing=True),
        True,
        0.0,
    ),
    "lightgbm no missing": (
        "lightgbm",
        lambda: lightgbm_model(WHOLE, use_missing=False),
        True,
        0.0,
    ),
    "lightgbm categories": ("lightgbm", lambda: lightgbm_model(CODED, cat_smooth=1), True, 0.0),
    "lightgbm linear leaves": (
        "lightgbm",
        lambda: lightgbm_model(WHOLE, linear_tree=True),
        False,
        1e-12,
    ),
    "xgboost categories": ("xgboost", xgboost_categories, False, 1e-6),
    "xgboost dart": ("xgboost", xgboost_dart, False, 2e-6),
    "catboost": ("catboost", catboost_model, True, 1e-14),
    "histogram": ("sklearn", hist_model, True, 1e-14),
    "forest": ("sklearn", forest, False, 0.0),
}


def hostile(document: str, endless: bool) -> Any:
    splits = [float(x) for x in re.findall(r'operator="\w+" value="([-0-9.e]+)"', document)]
    near = [np.nextafter(split, side) for split in splits for side in (-np.inf, np.inf)]
    narrow = np.array(splits, np.float32)
    beside = [np.nextafter(narrow, np.float32(side)) for side in (-np.inf, np.inf)]
    values = np.concatenate([splits, near, *beside, [np.nan, 0.5, 1.0, 2.0], TINY * 5])
    if endless:
        values = np.concatenate([values, ENDLESS * 5])
    else:
        values[np.abs(values) > 1e38] = 7.0
    return np.random.default_rng(5).choice(values, size=(2000, 3))


@pytest.mark.parametrize("name", MODELS)
def test_hostile_rows_answer_alike(tmp_path: Path, name: str):
    flavor, make, endless, most = MODELS[name]
    signature = Signature(tensor=Tensor("X", "float64", [-1, 3]))
    model = Loaded(flavor, make(), {}, tmp_path, signature)
    request = Request(flavor, "pmml", Identity("tests", "model", "1"))
    converted = pmml_file.write(model, request, tmp_path)
    path = tmp_path / converted.file
    rows = hostile(path.read_text(), endless)
    if name == "xgboost categories":
        rows[:, 2] = np.random.default_rng(6).choice([0, 1, 2, 3, 0.5, 1.9, np.nan], len(rows))
    elif name == "lightgbm linear leaves":
        rows = np.where(np.abs(rows) > 1e6, 7.0, rows)
    wanted = model.answer({"X": rows}, converted.outputs)["prediction"]
    got = pmml.open(path).score({"X": rows}, converted.inputs, converted.outputs)["prediction"]
    assert len(np.unique(wanted)) > 20
    np.testing.assert_allclose(got, wanted, rtol=most, atol=most)
