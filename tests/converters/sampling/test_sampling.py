"""Sampled rows sit where conversions go wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from converters.contract import Column, Identity, Output, OutputKind, Request, Signature, Tensor
from converters.sampling import sample
from converters.sources.loaded import Loaded
from tests.converters import jobs

TYPES = {"f": "double", "i": "long", "b": "boolean", "O": "string"}
LABEL = Output("label", OutputKind.LABEL, "int64", 0, [0, 1])


def make_request(**over):
    return Request("sklearn", "onnx", Identity("tests", "model", "1"), **over)


def loaded(model, rows, example=None):
    if isinstance(rows, pd.DataFrame):
        columns = [Column(name, TYPES[rows[name].to_numpy().dtype.kind]) for name in rows]
        signature = Signature(columns=columns)
    else:
        signature = Signature(tensor=Tensor("X", str(rows.dtype), [-1, rows.shape[1]]))
    return Loaded("sklearn", model, {}, Path(), signature, example)


def drawn(model, seen, outputs=(), example=None, **over):
    return sample(loaded(model, seen, example), make_request(**over), list(outputs))


def numbers(count=200, columns=2, seed=0):
    random = np.random.default_rng(seed)
    values = random.normal(50, 10, (count, columns))
    return values, (values.sum(axis=1) > 50 * columns).astype(np.int64)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    rows, labels = numbers()
    model = LogisticRegression().fit(rows, labels)
    one, same, other = (drawn(model, rows, seed=seed).rows["X"] for seed in (1, 1, 2))
    assert np.array_equal(one, same, equal_nan=True)
    assert one.shape != other.shape or not np.array_equal(one, other, equal_nan=True)


def test_there_are_as_many_different_rows_as_asked_for():
    rows, labels = numbers()
    sampled = drawn(LogisticRegression().fit(rows, labels), rows, rows=700).rows["X"]
    assert len(sampled) >= 700
    assert len({row.tobytes() for row in sampled}) == len(sampled)


def test_a_small_input_space_is_sampled_to_its_end_not_for_ever():
    rows = pd.DataFrame({"a": [True, False] * 5, "b": [True, True, False, False, True] * 2})
    sampled = drawn(LogisticRegression().fit(rows, [0, 1] * 5), rows)
    assert len(sampled.kinds) == 4


def test_thresholds_are_hit_exactly_and_on_both_sides_in_both_precisions():
    rows, _ = numbers(columns=1)
    model = HistGradientBoostingRegressor(max_iter=3, max_depth=2).fit(rows, rows[:, 0])
    nodes = np.concatenate([member[0].nodes for member in model._predictors])
    sampled = set(drawn(model, rows).rows["X"].ravel().tolist())
    for threshold in nodes["num_threshold"][nodes["is_leaf"] == 0]:
        narrow = np.float32(threshold)
        for value in (
            threshold,
            np.nextafter(threshold, np.inf),
            np.nextafter(threshold, -np.inf),
            np.nextafter(narrow, np.float32(np.inf)),
            np.nextafter(narrow, np.float32(-np.inf)),
        ):
            assert float(value) in sampled


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()], ids=["standard", "minmax"])
def test_thresholds_behind_a_scaler_are_found_on_the_features_own_scale(scaler):
    rows, labels = numbers(columns=1)
    forest = RandomForestClassifier(3, max_depth=2, random_state=0)
    model = make_pipeline(scaler, forest).fit(rows, labels)
    sampled = drawn(model, rows).rows["X"]
    inner = model[0].transform(sampled).ravel()
    for tree in model[-1].estimators_:
        for threshold in tree.tree_.threshold[tree.tree_.feature >= 0]:
            near = np.abs(inner - threshold) < 1e-6
            assert near.any()
            assert len(np.unique(inner[near].astype(np.float32) <= threshold)) == 2


def test_both_sides_of_a_class_border_are_neighbouring_numbers():
    rows, labels = numbers(columns=1)
    model = LogisticRegression().fit(rows, labels)
    sampled = drawn(model, rows, [LABEL])
    border = np.array(sampled.kinds) == "boundary"
    near = np.sort(sampled.rows["X"][border].ravel())
    assert near.size
    assert np.diff(near).min() < 1e-12
    assert set(model.predict(near[:, None]).tolist()) == {0, 1}


def test_encoders_reveal_their_categories_and_rows_hold_each_and_one_unseen():
    frame = pd.DataFrame({"town": np.array(["Rome", "Oslo", "Bern"] * 20, object)})
    labels = (frame["town"] == "Oslo").astype(int)
    for unknown in ("ignore", "error"):
        model = make_pipeline(OneHotEncoder(handle_unknown=unknown), LogisticRegression())
        sampled = set(drawn(model.fit(frame, labels), frame).rows["town"].tolist())
        assert {"Rome", "Oslo", "Bern", "", None} <= sampled
        assert bool(sampled - {"Rome", "Oslo", "Bern", "", None}) == (unknown == "ignore")


def test_missing_values_are_tried_in_every_column_that_can_hold_them():
    frame, labels = jobs.people()
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["home town"]),
        ]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(frame, labels)
    sampled = drawn(model, frame)
    assert np.isnan(sampled.rows["income"]).any()
    assert None in sampled.rows["home town"].tolist()
    kinds = {kind.partition(":")[0] for kind in sampled.kinds}
    assert {"missing", "zero", "large", "extreme", "unseen", "category", "random"} <= kinds
    assert sampled.rows["age"].dtype == np.int64
    # The imputer's and scaler's own numbers give the range.
    ordinary = sampled.rows["income"][np.array(sampled.kinds) == "random"]
    assert -2e4 < np.nanmin(ordinary) < np.nanmax(ordinary) < 8e4


def test_the_example_comes_first():
    rows, labels = numbers()
    example = {"X": rows[:5]}
    sampled = drawn(LogisticRegression().fit(rows, labels), rows, example=example)
    assert sampled.kinds[:5] == ["example"] * 5
    assert (sampled.rows["X"][:5] == rows[:5]).all()


def test_text_is_made_of_the_words_that_the_model_knows():
    frame = pd.DataFrame({"text": np.array(["red fox", "blue whale", "red whale"] * 9, object)})
    words = ColumnTransformer([("t", TfidfVectorizer(), "text")])
    model = make_pipeline(words, LogisticRegression()).fit(frame, [0, 1, 1] * 9)
    texts = [text for text in drawn(model, frame).rows["text"].tolist() if text]
    assert any({"red", "whale"} <= set(text.split()) for text in texts)


def test_unions_and_models_that_reveal_nothing_are_sampled_all_the_same():
    rows, labels = numbers()
    union = FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())])
    for model in (make_pipeline(union, LogisticRegression()), LinearRegression()):
        assert len(drawn(model.fit(rows, labels), rows).kinds) >= 1000


def test_float32_inputs_get_float32_rows():
    rows, labels = numbers()
    rows = rows.astype(np.float32)
    model = RandomForestClassifier(3).fit(rows, labels)
    assert drawn(model, rows, [LABEL]).rows["X"].dtype == np.float32


def test_an_encoder_of_few_categories_meets_many_that_it_never_saw():
    frame = pd.DataFrame({"floor": [1, 2, 3] * 20, "size": [0.5, 1.5] * 30, "lift": [True] * 60})
    labels = (frame["floor"] == 2).astype(int)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    sampled = drawn(model.fit(frame, labels), frame, rows=400)
    assert len(sampled.kinds) >= 400
