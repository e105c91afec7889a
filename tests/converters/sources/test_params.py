"""The `params` of a signature: what their defaults do to a model's answers is respected."""

import json
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from converters import sources
from converters.errors import Refused
from converters.sources import params

RANDOM = np.random.default_rng(3)
X = pd.DataFrame(RANDOM.normal(size=(80, 3)), columns=["a", "b", "c"])
Y = (X["a"] > 0).astype(int)


def saved(folder, flavor, model, defaults):
    signature = infer_signature(X, model.predict(X), params=defaults)
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


def module_with(forward):
    return SimpleNamespace(module=SimpleNamespace(forward=forward))


def cooled(x, temperature=1.0):
    return x / temperature


def takes_all(x, **options):
    return x


class Script:
    """A method of TorchScript: its arguments are told by a schema."""

    schema = SimpleNamespace(arguments=[SimpleNamespace(name="temperature", default_value=1.0)])

    def __call__(self, *given, **named):
        return given


@pytest.mark.parametrize("forward", [cooled, takes_all, Script()])
def test_a_param_that_mlflow_hands_to_forward_is_refused_where_it_differs(forward):
    told = {"signature": {"params": json.dumps([{"name": "temperature", "default": 5.0}])}}
    with pytest.raises(Refused, match=r"temperature=5\.0") as refusal:
        params.notes(told, "pytorch", module_with(forward))
    assert refusal.value.code == "signature_params"


@pytest.mark.parametrize("given", [{"name": "temperature", "default": 1.0}, {"name": "device"}])
def test_a_param_that_changes_nothing_in_forward_is_told(given):
    (note,) = params.notes(
        {"signature": {"params": json.dumps([given])}}, "pytorch", module_with(cooled)
    )
    assert given["name"] in note


def test_a_param_at_its_own_default_changes_nothing(tmp_path):
    model = xgboost.XGBClassifier(n_estimators=3).fit(X, Y)
    folder = saved(tmp_path / "m", "xgboost", model, {"output_margin": False})
    assert sources.load(folder, "xgboost").notes
