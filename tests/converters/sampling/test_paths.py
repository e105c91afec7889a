"""Rows are led to every node of a tree, and stand on both sides of its question."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_selection import VarianceThreshold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from converters.sampling import walk
from converters.sampling.features import features_of
from converters.trees.form import LEAF, Mode
from tests.converters.sampling.test_sampling import LABEL, drawn, loaded


def data(count=400, columns=4, seed=1):
    random = np.random.default_rng(seed)
    rows = random.normal(50, 10, (count, columns))
    return rows, rows[:, 0] + rows[:, 1] ** 2 / 50 + random.normal(size=count)


def boosted(library):
    rows, wanted = data()
    if library == "xgboost":
        from xgboost import XGBRegressor

        return XGBRegressor(n_estimators=10, max_depth=4).fit(rows, wanted)
    if library == "lightgbm":
        from lightgbm import LGBMRegressor

        return LGBMRegressor(n_estimators=10, verbose=-1).fit(rows, wanted)
    from catboost import CatBoostRegressor

    settings = {"iterations": 10, "depth": 3, "verbose": 0, "allow_writing_files": False}
    return CatBoostRegressor(**settings).fit(rows, wanted)


def grown(name):
    rows, wanted = data()
    high = (wanted > np.median(wanted)).astype(np.int64)
    if name == "forest":
        return RandomForestClassifier(8, max_depth=5, random_state=0).fit(rows, high)
    if name == "scaled forest":
        forest = RandomForestClassifier(8, max_depth=5, random_state=0)
        return make_pipeline(StandardScaler(), forest).fit(rows, high)
    if name == "scaled boosting":
        boosting = HistGradientBoostingRegressor(max_iter=8, max_leaf_nodes=12)
        return make_pipeline(MinMaxScaler(), boosting).fit(rows, wanted)
    if name == "boosting":
        return GradientBoostingRegressor(n_estimators=20).fit(rows, wanted)
    if name == "histogram":
        return HistGradientBoostingRegressor(max_iter=10, max_leaf_nodes=15).fit(rows, wanted)
    if name == "isolation":
        return IsolationForest(n_estimators=5, random_state=0).fit(rows)
    return boosted(name)


def nearest(tree, rows):
    """For each inner node, the row next below and next above its threshold among those there."""
    at = np.zeros(len(rows), np.int64)
    found = {}
    while (inner := tree.feature[at] != LEAF).any():
        values = rows[np.arange(len(rows)), np.maximum(tree.feature[at], 0)]
        holds = values <= tree.threshold[at]
        if tree.mode is Mode.LT:
            holds = values < tree.threshold[at]
        holds = np.where(np.isnan(values), tree.missing_true[at], holds)
        for node in np.unique(at[inner]).tolist():
            here = (at == node) & ~np.isnan(values)
            below, above = values[here & holds], values[here & ~holds]
            found[node] = (below.max(initial=-np.inf), above.min(initial=np.inf))
        at = np.where(inner, np.where(holds, tree.true[at], tree.false[at]), at)
    return found, set(at.tolist())


def reachable(tree):
    """Nodes that some number reaches: oblivious trees ask the same again further down."""
    spans: dict[int, Any] = {0: {}}
    kept = set()
    for node in range(len(tree.feature)):
        if node not in spans:
            continue
        kept.add(node)
        if tree.feature[node] == LEAF:
            continue
        feature, point = int(tree.feature[node]), float(tree.threshold[node])
        low, high = spans[node].get(feature, (-np.inf, np.inf))
        if low < point:
            spans[int(tree.true[node])] = {**spans[node], feature: (low, min(high, point))}
        if point < high:
            spans[int(tree.false[node])] = {**spans[node], feature: (max(low, point), high)}
    return kept


def open_to_missing(tree):
    """Inner nodes that a missing value of their own feature reaches."""
    found = set()
    stack: list[Any] = [(0, frozenset(), {})]
    while stack:
        node, gone, spans = stack.pop()
        feature = int(tree.feature[node])
        if feature == LEAF:
            continue
        if feature not in gone:
            found.add(node)
        for holds, child in ((True, int(tree.true[node])), (False, int(tree.false[node]))):
            low, high = spans.get(feature, (-np.inf, np.inf))
            point = float(tree.threshold[node])
            span = (low, min(high, point)) if holds else (max(low, point), high)
            passes = bool(tree.missing_true[node]) == holds and feature not in gone
            if span[0] < span[1] or passes:
                kept = gone if passes else gone | {feature}
                stack.append((child, kept, {**spans, feature: span}))
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("forest", "scaled forest", "boosting", "histogram", "scaled boosting", "isolation"),
        *("xgboost", "lightgbm", "catboost"),
    ],
)
def test_two_neighbouring_rows_stand_on_both_sides_of_every_threshold(name):
    rows, _ = data()
    model = grown(name)
    sampled = drawn(model, rows, [LABEL]).rows["X"]
    groves = walk.learn(model, features_of(loaded(model, rows).signature))
    assert groves
    for grove in groves:
        links: list[Any] = list(grove.links)
        columns = [link.forward(sampled[:, int(link.feature.name)]) for link in links]
        narrow = np.dtype(grove.grown.ensemble.compares)
        inner = np.column_stack(columns).astype(narrow)
        # What lies between two neighbours of the input is not there; a scaler spreads them.
        near = 1 if len(model.__dict__.get("steps", ())) == 0 else 8
        for tree in grove.grown.ensemble.trees:
            sides, ends = nearest(tree, inner.astype(np.float64))
            known = reachable(tree)
            for node in known:
                if tree.feature[node] == LEAF:
                    assert node in ends
                    continue
                if not {int(tree.true[node]), int(tree.false[node])} <= known:
                    continue  # every row that comes here goes the same way
                low, high = (narrow.type(side) for side in sides[node])
                gap = narrow.type(high) - narrow.type(low)
                assert gap <= near * np.spacing(max(abs(low), abs(high)))


def test_missing_values_come_to_the_nodes_that_learned_where_they_go():
    rows, wanted = data()
    rows[::7, 0] = np.nan
    model = HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=8)
    wanted = np.where(np.isnan(rows[:, 0]), 9.0, wanted)
    sampled = drawn(model.fit(rows, wanted), rows)
    assert np.isnan(sampled.rows["X"]).any(axis=0).all()
    grove = walk.learn(model, features_of(loaded(model, rows).signature))[0]
    for tree in grove.grown.ensemble.trees:
        at = np.zeros(len(sampled.kinds), np.int64)
        asked = set()
        while (inner := tree.feature[at] != LEAF).any():
            values = sampled.rows["X"][np.arange(len(at)), np.maximum(tree.feature[at], 0)]
            asked |= set(at[inner & np.isnan(values)].tolist())
            holds = np.where(np.isnan(values), tree.missing_true[at], values <= tree.threshold[at])
            at = np.where(inner, np.where(holds, tree.true[at], tree.false[at]), at)
        assert asked == open_to_missing(tree)


def test_each_category_of_a_set_and_an_unseen_one_come_to_its_node():
    random = np.random.default_rng(0)
    towns = random.choice(["Rome", "Oslo", "Bern", "Kyiv"], 400)
    frame = pd.DataFrame({"town": towns.astype(object), "age": random.normal(40, 9, 400)})
    wanted = frame["age"] * np.where(frame["town"].isin(["Rome", "Kyiv"]), 2.0, -1.0)
    trained = frame.assign(town=frame["town"].astype("category"))
    model = HistGradientBoostingRegressor(max_iter=3, categorical_features="from_dtype")
    model.fit(trained, wanted)
    sampled = drawn(model, frame)
    led = [i for i, kind in enumerate(sampled.kinds) if kind == "threshold"]
    words = {sampled.rows["town"][i] for i in led}
    assert words >= {"Rome", "Oslo", "Bern", "Kyiv"}
    assert words - {"Rome", "Oslo", "Bern", "Kyiv", "", None}


def test_a_large_forest_gets_no_more_rows_than_its_share():
    rows, wanted = data(2000)
    model = RandomForestClassifier(60, random_state=0).fit(rows, wanted > np.median(wanted))
    sampled = drawn(model, rows)
    assert 1000 <= len(sampled.kinds) <= 7000


def test_pipelines_inside_bagging_and_several_targets_tell_their_split_points():
    rows, wanted = data()
    high = wanted > np.median(wanted)
    inner = make_pipeline(VarianceThreshold(), DecisionTreeClassifier(max_depth=3, random_state=0))
    bagged = BaggingClassifier(inner, 3, max_features=0.5, random_state=0).fit(rows, high)
    several = MultiOutputClassifier(inner).fit(rows, np.column_stack([high, ~high]))
    for model in (bagged, several):
        features = features_of(loaded(model, rows).signature)
        walk.learn(model, features)
        assert any(feature.points for feature in features)
