"""Models that do not hold together are refused before anybody asks them."""

import pickle

import numpy as np
import pytest
from sklearn.ensemble import (
    BaggingRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from converters import contract, sources
from converters.errors import Refused
from converters.sources import sound
from converters.steps import convert
from tests.converters import jobs

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(120, 4))
Y = X[:, 0] + X[:, 1] ** 2


def refusal(estimator, folder):
    """What loading the pickled model is refused with."""
    (folder / "model.pkl").write_bytes(pickle.dumps(estimator))
    with pytest.raises(Refused) as caught:
        sources.load(folder, "sklearn")
    return caught.value


def damage(tree, part, value):
    """Change one number of a grown tree's root."""
    state = tree.__getstate__()
    state["nodes"][part][0] = value
    tree.__setstate__(state)


def test_a_pipeline_that_is_its_own_step_is_refused(tmp_path):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y > 0)
    model.steps.insert(1, ("self", model))
    assert refusal(model, tmp_path).code == "model_recursive"


@pytest.mark.parametrize("place", ["last", "through an ensemble"])
def test_a_pipeline_comes_back_to_itself_by_any_way(tmp_path, place):
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y)
    if place == "last":
        model.steps.append(("self", model))
    else:
        voters = VotingRegressor([("a", LinearRegression())]).fit(X, Y)
        voters.estimators_.append(model)
        model.steps.append(("voters", voters))
    assert refusal(model, tmp_path).code == "model_recursive"


def test_pipelines_deeper_than_python_follows_are_refused(tmp_path):
    model = LinearRegression().fit(X, Y)
    for _ in range(150):
        model = Pipeline([("inner", model)])
    assert refusal(model, tmp_path).code == "model_recursive"


def test_a_part_that_is_used_twice_is_no_recursion(tmp_path):
    scaler = StandardScaler().fit(X)
    model = make_pipeline(scaler, scaler, LinearRegression()).fit(X, Y)
    model.note = model
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    assert sources.load(tmp_path, "sklearn").signature.width == 4


def test_a_recursion_that_shows_later_is_refused_too(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.pkl").write_bytes(pickle.dumps(LinearRegression().fit(X, Y)))
    job = jobs.make_job(tmp_path / "job", tmp_path / "model")

    def endless(*arguments):
        return endless(*arguments)

    monkeypatch.setattr(convert, "_converted", endless)
    assert convert.run(job)
    report = contract.read(contract.ConvertReport, job / "convert" / contract.REPORT_FILE)
    assert (report.state, report.code) == ("refused", "model_recursive")


@pytest.mark.parametrize(
    ("part", "value", "what"),
    [
        ("feature", 500, "features that the model does not have"),
        ("feature", -7, "features that the model does not have"),
        ("left_child", 10**6, "nodes that it does not have"),
        ("right_child", 0, "nodes that it does not have"),
        ("left_child", 2, "lead to one node"),
    ],
)
@pytest.mark.parametrize("kind", ["tree", "forest", "boosting", "isolation", "step"])
def test_a_damaged_tree_is_refused_wherever_it_stands(tmp_path, kind, part, value, what):
    grown = DecisionTreeRegressor(max_depth=1).fit(X, Y)
    tree = grown.tree_
    if kind == "forest":
        grown = RandomForestClassifier(2, max_depth=1, random_state=0).fit(X, Y > 0)
        tree = grown.estimators_[1].tree_
    elif kind == "boosting":
        grown = GradientBoostingRegressor(n_estimators=2, max_depth=1).fit(X, Y)
        tree = grown.estimators_[1, 0].tree_
    elif kind == "isolation":
        grown = IsolationForest(
            n_estimators=2, max_features=0.5, max_samples=2, random_state=0
        ).fit(X)
        tree = grown.estimators_[1].tree_
    elif kind == "step":
        grown = make_pipeline(StandardScaler(), grown)
    damage(tree, part, value)
    refused = refusal(grown, tmp_path)
    assert refused.code == "model_unreadable"
    assert what in refused.sentence


@pytest.mark.parametrize(
    ("part", "value", "what"),
    [
        ("feature_idx", 77, "features that the model does not have"),
        ("left", 10**6, "nodes that it does not have"),
        ("bitset_idx", 9999, "sets of categories that it does not have"),
        ("feature_idx", 0, "categories of a feature that has none"),
    ],
)
def test_a_damaged_tree_of_histograms_is_refused(part, value, what):
    rows = X.copy()
    rows[:, 3] = RANDOM.integers(0, 4, len(rows))
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features=[3], max_leaf_nodes=2)
    model.fit(rows, rows[:, 3] % 2 == 0)
    sound.check(model, "sklearn")
    nodes = model._predictors[0][0].nodes
    assert nodes["is_categorical"][0]
    # Categories are columns before all others behind the model's own encoder.
    nodes[part][0] = 1 if what.startswith("categories") else value
    with pytest.raises(Refused, match=what):
        sound.check(model, "sklearn")


def test_trees_of_more_features_than_their_ensemble_reads_are_refused(tmp_path):
    model = RandomForestClassifier(2, max_depth=2, random_state=0).fit(X, Y > 0)
    model.n_features_in_ = 2
    for member in model.estimators_:
        member.n_features_in_ = 2
    assert "features that the model does not have" in refusal(model, tmp_path).sentence


@pytest.mark.parametrize(
    "model",
    [
        BaggingRegressor(RandomForestRegressor(2, max_depth=2), 3, max_features=0.5),
        BaggingRegressor(DecisionTreeRegressor(max_depth=2), 3, max_features=0.5),
        IsolationForest(n_estimators=3, max_features=0.5),
        VotingRegressor([("a", DecisionTreeRegressor()), ("b", LinearRegression())]),
        DecisionTreeRegressor(max_depth=3, ccp_alpha=0.01),
        DecisionTreeRegressor(max_depth=1, min_samples_leaf=200),
    ],
    ids=["bagged forests", "bagged trees", "isolation", "voting", "pruned", "one leaf"],
)
def test_whole_ensembles_are_loaded(tmp_path, model):
    model.fit(X, Y > 0)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    assert sources.load(tmp_path, "sklearn").signature.width == 4


@pytest.mark.parametrize("kind", ["kd_tree", "ball_tree"])
@pytest.mark.parametrize(
    ("field", "value"), [("idx_end", 10**8), ("idx_start", -5), ("is_leaf", 0)]
)
def test_a_damaged_tree_of_neighbours_is_refused(tmp_path, kind, field, value):
    model = KNeighborsRegressor(algorithm=kind).fit(X, Y)
    sound.check(model, "sklearn")
    state = list(model._tree.__getstate__())
    state[2] = np.array(state[2])
    state[2][field][-1] = value
    model._tree.__setstate__(tuple(state))
    assert "tree of neighbours" in refusal(model, tmp_path).sentence


def test_complex_coefficients_are_refused_by_name(tmp_path):
    model = LinearRegression().fit(X, Y)
    model.coef_ = model.coef_ + 1j
    refused = refusal(model, tmp_path)
    assert refused.code == "complex_numbers"
    assert "coef_" in refused.sentence


@pytest.mark.parametrize("features", [10**9, 2**21])
def test_more_features_than_any_row_has_are_refused(tmp_path, features):
    model = LinearRegression().fit(X, Y)
    model.n_features_in_ = features
    refused = refusal(model, tmp_path)
    assert refused.code == "tensor_shape"
    assert str(features) in refused.sentence
