"""What the ONNX routes refuse by name: each with the code that programs read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn import (
    compose,
    impute,
    linear_model,
    manifold,
    pipeline,
    preprocessing,
)
from sklearn.base import BaseEstimator, TransformerMixin

from converters.contract import Identity, Options, Request
from converters.errors import Refused
from converters.onnx_graph.compose import predicted
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.inputs import declare
from converters.routes import sklearn_onnx
from converters.sources import load
from tests.real_models import tables
from tests.real_models.folders import save


class Doubled(TransformerMixin, BaseEstimator):
    """A transformer of the model owner's own."""

    def fit(self, X: Any, y: Any = None) -> Doubled:
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        return X * 2


def _own_function(X: Any) -> Any:
    return X + 1


def _before(step: Any) -> Any:
    return pipeline.make_pipeline(step, linear_model.LogisticRegression(max_iter=5000))


SKLEARN: dict[str, tuple[Callable[[], Any], str]] = {
    "own class": (lambda: _before(Doubled()), "own_python"),
    "own function": (
        lambda: _before(preprocessing.FunctionTransformer(_own_function)),
        "own_python",
    ),
    "numpy function": (
        lambda: _before(preprocessing.FunctionTransformer(np.signbit)),
        "no_converter",
    ),
}


def _refused(model: Any, table: pd.DataFrame, folder: Path, flavor: str) -> Refused:
    options: dict[str, Any] = {}
    if flavor == "sklearn":
        options["serialization_format"] = "cloudpickle"
    save(flavor, model, table, folder / "model", **options)
    loaded = load(folder / "model", flavor)
    request = Request(flavor, "onnx", Identity("test", "model", "1"))
    with pytest.raises(Refused) as caught:
        sklearn_onnx.convert(loaded, request, folder)
    assert not (folder / "model.onnx").exists()
    return caught.value


@pytest.mark.parametrize("name", SKLEARN)
def test_what_converts_wrongly_or_not_at_all_is_refused_by_name(name: str, tmp_path: Path):
    make, code = SKLEARN[name]
    table, target = tables.irises()
    model = make().fit(table.round(), target)
    assert _refused(model, table, tmp_path, "sklearn").code == code


def test_own_python_is_named(tmp_path: Path):
    table, target = tables.irises()
    refusal = _refused(_before(Doubled()).fit(table, target), table, tmp_path, "sklearn")
    assert "Doubled" in refusal.sentence


def test_an_estimator_that_nobody_writes_is_refused_with_its_name(tmp_path: Path):
    table, target = tables.irises()
    model = manifold.LocallyLinearEmbedding().fit(table, target)
    refusal = _refused(model, table, tmp_path, "sklearn")
    assert refusal.code == "no_converter"
    assert "LocallyLinearEmbedding" in refusal.sentence


def test_lightgbm_that_leaves_out_trees_is_refused_by_the_parameter(tmp_path: Path):
    random = np.random.default_rng(4)
    table = pd.DataFrame(random.normal(size=(300, 3)), columns=["a", "b", "c"])
    model = lightgbm.LGBMClassifier(n_estimators=40, verbose=-1, pred_early_stop=True)
    model.fit(table, (table["a"] > 0).astype(int))
    refused = _refused(model, table, tmp_path, "lightgbm")
    assert refused.code == "pred_early_stop"
    assert "set_params(pred_early_stop=False)" in refused.sentence


def test_category_names_that_xgboost_garbles_are_refused(tmp_path: Path):
    table, target = tables.households()
    named = table[["age", "town"]].astype({"town": "category"})
    model = xgboost.XGBClassifier(n_estimators=3, enable_categorical=True)
    model.fit(named, (target == "yes").astype(int))
    options = {"signature": False, "example": False}
    save("xgboost", model, named, tmp_path / "model", **options)
    with pytest.raises(Refused) as caught:
        load(tmp_path / "model", "xgboost")
    assert caught.value.code == "category_types"
    assert "ASCII" in caught.value.sentence


def _catboost(table: Any, target: Any, **options: Any) -> Any:
    settings = {"iterations": 20, "depth": 6, "verbose": 0, "allow_writing_files": False}
    return catboost.CatBoostClassifier(**{**settings, **options}).fit(table, target)


def test_catboost_words_that_the_example_lacks_are_refused(tmp_path: Path):
    table, target = tables.households()
    table = table[["age", "town"]]
    table = table.sort_values("town").reset_index(drop=True)  # the example has one town only
    model = _catboost(table, target, cat_features=["town"], one_hot_max_size=10)
    refusal = _refused(model, table, tmp_path, "catboost")
    assert refusal.code == "category_words"
    assert "'town'" in refusal.sentence


def test_catboost_text_features_are_refused(tmp_path: Path):
    table, target = tables.households()
    table = table[["age", "town"]].assign(town=table["town"] + " in the alps")
    model = _catboost(table, target, text_features=["town"])
    assert _refused(model, table, tmp_path, "catboost").code == "text_features"


def test_text_that_reaches_a_model_unencoded_is_refused():
    table, target = tables.irises()
    model = linear_model.LogisticRegression(max_iter=5000).fit(table, target)
    from converters.contract import Column, Signature

    graph = Graph()
    columns = [Column(name, "string") for name in table]
    _, frame = declare(graph, Signature(columns=columns), Options())
    with pytest.raises(Refused) as caught:
        predicted(graph, model, frame)
    assert caught.value.code == "strings_not_encoded"


def test_empty_and_missing_text_that_were_both_learned_are_refused(tmp_path: Path):
    table, target = tables.households()
    table = table[["job", "age"]].assign(job=lambda old: old["job"].where(old["age"] < 60, ""))
    steps = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["job"]),
        (impute.SimpleImputer(), ["age"]),
    )
    model = pipeline.make_pipeline(steps, linear_model.LogisticRegression()).fit(table, target)
    assert _refused(model, table, tmp_path, "sklearn").code == "empty_text"
