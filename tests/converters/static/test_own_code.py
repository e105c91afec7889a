"""Own Python in a pickle: what answers call is in the way, what only training called is not."""

import functools
import pickle

import cloudpickle
import joblib
import numpy as np
import pytest
from sklearn import (
    calibration,
    compose,
    decomposition,
    ensemble,
    feature_selection,
    gaussian_process,
    impute,
    linear_model,
    model_selection,
    multioutput,
    neighbors,
    preprocessing,
    svm,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline, make_union

from converters.static import own_code, pickles
from tests.converters.static.test_verdicts import told

ROWS = np.random.default_rng(3).normal(size=(24, 3))
LABELS = (ROWS[:, 0] > 0).astype(int)


class OwnScaler(preprocessing.StandardScaler):
    pass


class OwnFolds(model_selection.KFold):
    pass


def own_score(rows, labels):
    return np.ones(rows.shape[1])


def ridge(*steps):
    return make_pipeline(*steps, linear_model.Ridge())


def columns(*steps, **options):
    return ridge(compose.make_column_transformer(*steps, **options))


def own_target(**options):
    return compose.TransformedTargetRegressor(linear_model.Ridge(), check_inverse=False, **options)


def search(model, **options):
    return model_selection.GridSearchCV(model, {"ridge__alpha": [1.0, 2.0]}, cv=2, **options)


LINES = linear_model.LogisticRegression()
NEEDED_TO_TRAIN = {
    "columns": columns((preprocessing.StandardScaler(), lambda rows: [0, 1])),
    "names": ridge(preprocessing.FunctionTransformer(np.abs, feature_names_out=lambda s, n: n)),
    "means": ridge(impute.SimpleImputer(strategy=lambda values: float(np.min(values)))),
    "loss": linear_model.RANSACRegressor(loss=lambda a, b: np.abs(a - b), random_state=0),
    "scores": ridge(feature_selection.SelectKBest(own_score, k=2)),
    "importance": ridge(
        feature_selection.SelectFromModel(
            linear_model.Lasso(0.01), importance_getter=lambda m: m.coef_
        )
    ),
    "scorer": search(ridge(), scoring=lambda *_: 1.0),
    "folds": feature_selection.RFECV(LINES, cv=OwnFolds(2)),
    "forward": own_target(func=lambda y: y * 2.0, inverse_func=np.abs),
    "optimizer": gaussian_process.GaussianProcessRegressor(optimizer=lambda f, t, bounds: (t, 0.0)),
    "independent": ridge(
        decomposition.FastICA(2, fun=lambda x: (x**3, (3 * x**2).mean(axis=-1)), random_state=0)
    ),
    "words": ridge(
        preprocessing.OneHotEncoder(
            handle_unknown="ignore", feature_name_combiner=lambda f, c: f"{f}{c}"
        )
    ),
}
CALLED_TO_ANSWER = {
    "function": (
        ridge(preprocessing.FunctionTransformer(lambda x: x)),
        "FunctionTransformer (func",
    ),
    "bound": (
        ridge(preprocessing.FunctionTransformer(functools.partial(lambda y, x: x, 1))),
        "lambda",
    ),
    "in columns": (
        columns((preprocessing.FunctionTransformer(lambda x: x), [0]), remainder="passthrough"),
        "FunctionTransformer (func)",
    ),
    "in a union": (
        ridge(make_union(preprocessing.FunctionTransformer(lambda x: x), "passthrough")),
        "FunctionTransformer (func)",
    ),
    "in a search": (
        search(ridge(preprocessing.FunctionTransformer(lambda x: x))),
        "FunctionTransformer (func)",
    ),
    "in a vote": (
        ensemble.VotingRegressor([("one", ridge(OwnScaler()))]),
        "tests.converters.static.test_own_code.OwnScaler",
    ),
    "calibrated": (
        calibration.CalibratedClassifierCV(make_pipeline(OwnScaler(), LINES), cv=2),
        "OwnScaler",
    ),
    "several": (
        multioutput.MultiOutputRegressor(svm.SVR(kernel=lambda a, b: a @ b.T)),
        "its SVR (kernel)",
    ),
    "class": (ridge(OwnScaler()), "OwnScaler"),
    "kernel": (svm.SVC(kernel=lambda a, b: a @ b.T), "lambda) in its SVC (kernel)"),
    "weights": (
        neighbors.KNeighborsRegressor(2, weights=lambda d: 1 / (1 + d)),
        "KNeighborsRegressor (weights)",
    ),
    "distance": (
        ridge(impute.KNNImputer(weights=lambda d: 1 / (1 + d))),
        "KNNImputer (weights)",
    ),
    "inverse": (
        own_target(func=np.abs, inverse_func=lambda y: y * 2.0),
        "TransformedTargetRegressor (inverse_func)",
    ),
}


def fitted(model):
    labels = LABELS
    if isinstance(model, multioutput.MultiOutputRegressor):
        labels = np.column_stack([LABELS, LABELS])
    return model.fit(ROWS, labels)


@pytest.mark.parametrize("name", NEEDED_TO_TRAIN)
def test_own_python_that_only_training_called_does_not_rule_a_model_out(tmp_path, name):
    found = told(tmp_path, fitted(NEEDED_TO_TRAIN[name]), cloudpickle.dumps)
    own = [one for one in found if one.code == "own_python"]
    assert [one.caveat for one in own] == [True]
    assert "converts only where that was needed to train it" in own[0].sentence


@pytest.mark.parametrize("name", CALLED_TO_ANSWER)
def test_own_python_that_answers_call_is_named_with_its_place(tmp_path, name):
    model, wanted = CALLED_TO_ANSWER[name]
    found = told(tmp_path, fitted(model), cloudpickle.dumps)
    (own,) = [one for one in found if one.code == "own_python"]
    assert (own.target, own.caveat) == ("", False)
    assert wanted in own.sentence


def test_a_method_that_an_object_was_given_anew_is_called_to_answer(tmp_path):
    model = linear_model.Ridge().fit(ROWS, LABELS)
    model.predict = lambda rows: rows
    (own,) = told(tmp_path, model, cloudpickle.dumps)
    assert not own.caveat
    assert "Ridge (predict)" in own.sentence


def test_a_function_that_cuts_texts_is_called_to_answer(tmp_path):
    texts = CountVectorizer(preprocessor=lambda text: text.upper())
    model = make_pipeline(texts, linear_model.LogisticRegression())
    found = told(tmp_path, model.fit(["red fox", "old dog"] * 4, [0, 1] * 4), cloudpickle.dumps)
    assert {(one.code, one.caveat) for one in found} == {("own_python", False)}


@pytest.mark.parametrize("protocol", range(6))
def test_where_code_is_held_is_followed_in_every_protocol(protocol):
    model = fitted(ridge(preprocessing.FunctionTransformer(np.abs), OwnScaler()))
    told = pickles.of_bytes(pickle.dumps(model, protocol))
    name = "tests.converters.static.test_own_code.OwnScaler"
    assert own_code.answering(told.graph) == own_code.Own(name)
    model = fitted(ridge(feature_selection.SelectKBest(own_score, k=2)))
    assert own_code.answering(pickles.of_bytes(pickle.dumps(model, protocol)).graph) is None


def test_a_pickle_that_cannot_be_followed_rules_nothing_out(tmp_path):
    joblib.dump(fitted(ridge(feature_selection.SelectKBest(own_score, k=2))), tmp_path / "m.joblib")
    (own,) = told(tmp_path, None, lambda _: (tmp_path / "m.joblib").read_bytes())
    assert own.caveat
