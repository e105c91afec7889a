"""Trees as TreeEnsemble nodes are exact: on every threshold, and one number beside it."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import onnxruntime
import pytest
import xgboost
from sklearn import ensemble, tree

from converters.onnx_graph.graph import Graph
from converters.trees import Ensemble, leaves, thresholds
from converters.trees import lightgbm as lightgbm_reader
from converters.trees import sklearn as sklearn_reader
from converters.trees import xgboost as xgboost_reader
from converters.trees.onnx import emit
from tests.real_models import tables


def _scored(ensemble_: Ensemble, rows: Any) -> Any:
    dtype = str(rows.dtype)
    graph = Graph()
    value = emit(graph, graph.input("X", dtype, rows.shape[1]), ensemble_)
    model = graph.build([("sums", value)]).SerializeToString()
    return onnxruntime.InferenceSession(model).run(["sums"], {"X": rows})[0]


def _beside(ensemble_: Ensemble, base: Any, dtype: Any, seed: int = 0) -> Any:
    """Rows whose cells lie on split points and on the numbers next to them, in this dtype."""
    random = np.random.default_rng(seed)
    rows = base[random.integers(0, len(base), 3000)].astype(dtype)
    for feature, points in thresholds(ensemble_).items():
        near = points.astype(dtype)
        everything = np.concatenate(
            [near, np.nextafter(near, dtype(-np.inf)), np.nextafter(near, dtype(np.inf))]
        )
        hit = random.random(len(rows)) < 0.8
        rows[hit, feature] = random.choice(everything, int(hit.sum()))
    return rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_deep_regression_tree_is_exact_beside_every_threshold(dtype: Any):
    table, target = tables.patients()
    model = tree.DecisionTreeRegressor(random_state=0).fit(table.to_numpy(), target)
    read = sklearn_reader.forest([model], 10)
    rows = _beside(read, table.to_numpy(), dtype)
    assert np.array_equal(_scored(read, rows)[:, 0], model.predict(rows))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_forest_of_whole_leaves_is_exact_in_float_nodes(dtype: Any):
    table, target = tables.tumours()
    model = ensemble.RandomForestClassifier(20, random_state=0).fit(table.to_numpy(), target)
    read = sklearn_reader.forest(model.estimators_, 30, 0)
    rows = _beside(read, table.to_numpy(), dtype)
    assert np.array_equal(_scored(read, rows) / 20, model.predict_proba(rows))


def test_float_nodes_are_used_where_they_are_exact_and_only_there():
    table, target = tables.tumours()
    whole = ensemble.RandomForestClassifier(5, random_state=0).fit(table, target)
    parted = ensemble.RandomForestClassifier(5, max_depth=2, random_state=0).fit(table, target)
    for model, expected in ((whole, "float32"), (parted, "float64")):
        graph = Graph()
        value = graph.input("X", "float64", 30)
        emit(graph, value, sklearn_reader.forest(model.estimators_, 30, 0))
        (node,) = [node for node in graph.nodes if node.op_type == "TreeEnsemble"]
        splits = next(part.t for part in node.attribute if part.name == "nodes_splits")
        assert onnx_dtype(splits.data_type) == expected


def onnx_dtype(number: int) -> str:
    return {1: "float32", 11: "float64"}[number]


def test_hist_boosting_is_exact_with_missing_values():
    table, target = tables.gapped_patients()
    model = ensemble.HistGradientBoostingRegressor(max_iter=40, random_state=0)
    model.fit(table.to_numpy(), target)
    read = sklearn_reader.hist_gradient_boosting(model)
    rows = _beside(read, table.to_numpy(), np.float64)
    expected = model.predict(rows) - model._baseline_prediction.ravel()[0]
    assert np.isnan(rows).any()
    assert np.abs(_scored(read, rows)[:, 0] - expected).max() < 1e-11


@pytest.mark.parametrize(
    "options",
    [{}, {"use_missing": False}, {"zero_as_missing": True}],
    ids=["NaN is missing", "nothing is missing", "zero is missing"],
)
def test_lightgbm_is_exact_whatever_it_takes_for_missing(options: dict[str, Any]):
    table, target = tables.gapped_patients()
    settings = {"verbose": -1, "num_leaves": 15, **options}
    model = lightgbm.train(settings, lightgbm.Dataset(table.to_numpy(), target), 30)
    read = lightgbm_reader.read(model).ensemble
    rows = _beside(read, table.to_numpy(), np.float64)
    rows[::7, 2] = 0.0
    rows[::11, 3] = np.nan
    rows[::13, 4] = 1e-36
    rows[::17, 5] = -1e-36
    assert np.abs(_scored(read, rows)[:, 0] - model.predict(rows)).max() < 1e-11


def test_lightgbm_trees_without_a_missing_kind_take_nan_for_zero():
    table, target = tables.patients()
    model = lightgbm.train({"verbose": -1}, lightgbm.Dataset(table.to_numpy(), target), 20)
    read = lightgbm_reader.read(model).ensemble
    rows = _beside(read, table.to_numpy(), np.float64)
    rows[::3, 2] = np.nan
    assert np.abs(_scored(read, rows)[:, 0] - model.predict(rows)).max() < 1e-11


@pytest.mark.parametrize("booster", ["gbtree", "dart"])
def test_xgboost_takes_the_same_leaves(booster: str):
    table, target = tables.gapped_patients()
    settings = {"booster": booster, "rate_drop": 0.3, "max_depth": 5}
    model = xgboost.train(settings, xgboost.DMatrix(table.to_numpy(), target), 25)
    boosted = xgboost_reader.read(model)
    rows = _beside(boosted.ensemble, table.to_numpy(), np.float32)
    expected = model.predict(xgboost.DMatrix(rows))
    got = _scored(boosted.ensemble, rows)[:, 0] + boosted.base[0]
    assert np.abs(got / expected - 1).max() < 1e-5


def test_thresholds_are_sorted_and_belong_to_their_feature():
    table, target = tables.irises()
    model = tree.DecisionTreeClassifier(random_state=0).fit(table, target)
    found = thresholds(sklearn_reader.forest([model], 4, 0))
    grown = model.tree_
    for feature, points in found.items():
        own = grown.threshold[grown.feature == feature]
        assert np.array_equal(points, np.unique(own))
    assert set(found) == set(grown.feature[grown.feature >= 0].tolist())


def test_trees_that_are_one_leaf_add_their_weight_among_trees_that_split():
    table, target = tables.tumours()
    # Rounds after the training data is explained grow trees that no longer split.
    model = xgboost.XGBClassifier(n_estimators=60, max_depth=2, gamma=20).fit(table, target)
    read = xgboost_reader.read(model.get_booster()).ensemble
    assert any(len(grown.feature) == 1 for grown in read.trees)
    rows = table.to_numpy().astype(np.float32)
    expected = sum(_walked(grown, rows) for grown in read.trees)
    assert np.allclose(_scored(read, rows), expected, rtol=0, atol=1e-5)


def _walked(grown: Any, rows: Any) -> Any:
    """Each row's leaf of a tree that splits by `<`, found by going down it."""
    node = np.zeros(len(rows), int)
    for _ in range(len(grown.feature)):
        feature = grown.feature[node]
        below = rows[np.arange(len(rows)), np.maximum(feature, 0)] < grown.threshold[node]
        step = np.where(below, grown.true[node], grown.false[node])
        node = np.where(feature < 0, node, step)
    return grown.values[node]


def _forest_scored(shares: bool, rows: Any, **options: Any) -> tuple[Any, int, Any]:
    table, target = tables.wines()
    model = ensemble.RandomForestClassifier(30, random_state=0, **options).fit(table, target)
    read = sklearn_reader.forest(model.estimators_, 13, 0)
    graph = Graph(shares_leaves=shares)
    value = emit(graph, graph.input("X", "float64", 13), read)
    octets = graph.build([("sums", value)]).SerializeToString()
    got = onnxruntime.InferenceSession(octets).run(["sums"], {"X": rows})[0]
    return got / 30, len(octets), model.predict_proba(rows)


@pytest.mark.parametrize("options", [{}, {"max_depth": 3}, {"class_weight": "balanced"}])
def test_a_forest_of_several_classes_in_one_table_is_exact_and_smaller(options: dict[str, Any]):
    table, target = tables.wines()
    model = ensemble.RandomForestClassifier(30, random_state=0, **options).fit(table, target)
    rows = _beside(sklearn_reader.forest(model.estimators_, 13, 0), table.to_numpy(), np.float64)
    shared, small, expected = _forest_scored(True, rows, **options)
    repeated, large, _ = _forest_scored(False, rows, **options)
    assert np.abs(shared - expected).max() < 1e-14
    assert np.abs(repeated - expected).max() < 1e-14
    assert small < large


def test_a_table_looked_up_in_parts_is_exact(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(leaves, "AT_ONCE", 20)
    rows = tables.wines()[0].to_numpy()
    shared, _, expected = _forest_scored(True, rows)
    assert np.array_equal(shared, expected)
