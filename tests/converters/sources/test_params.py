"""The `params` of a signature: what their defaults do to a model's answers is respected."""

import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from converters import sources
from converters.errors import Refused

RANDOM = np.random.default_rng(3)
X = pd.DataFrame(RANDOM.normal(size=(80, 3)), columns=["a", "b", "c"])
Y = (X["a"] > 0).astype(int)


def saved(folder, flavor, model, params):
    signature = infer_signature(X, model.predict(X), params=params)
    getattr(mlflow, flavor).save_model(
        model, folder, signature=signature, pip_requirements=["mlflow"]
    )
    return folder


def test_params_that_a_flavor_passes_over_are_told(tmp_path):
    model = LogisticRegression().fit(X, Y)
    loaded = sources.load(saved(tmp_path / "m", "sklearn", model, {"floor": 0.25}), "sklearn")
    assert any("(floor)" in note for note in loaded.notes)


def test_a_param_whose_default_changes_the_answer_is_refused_by_name(tmp_path):
    model = xgboost.XGBClassifier(n_estimators=3).fit(X, Y)
    folder = saved(tmp_path / "m", "xgboost", model, {"output_margin": True})
    with pytest.raises(Refused, match="output_margin=True") as refusal:
        sources.load(folder, "xgboost")
    assert refusal.value.code == "signature_params"


def test_a_param_at_its_own_default_changes_nothing(tmp_path):
    model = xgboost.XGBClassifier(n_estimators=3).fit(X, Y)
    folder = saved(tmp_path / "m", "xgboost", model, {"output_margin": False})
    assert sources.load(folder, "xgboost").notes
