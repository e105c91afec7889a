"""Rows of the data that a run logged are among those compared, and never a reason to refuse."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from converters.contract import Column, Signature
from converters.sampling import dataset, sample
from tests.converters.sampling.test_sampling import loaded, make_request

SIGNATURE = Signature([Column("age", "long"), Column("town", "string"), Column("x", "double")])


def logged(folder, count=900, name="dataset.parquet", **over):
    random = np.random.default_rng(0)
    columns = {
        "target": random.random(count),
        "town": random.choice(["Rome", "Oslo"], count).astype(object),
        "x": random.normal(5e5, 10, count),
        "age": random.integers(20, 60, count),
    }
    frame = pd.DataFrame(columns | over)
    path = folder / name
    if name.endswith("csv"):
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def test_five_hundred_of_its_rows_are_drawn_by_the_seed_from_either_format(tmp_path):
    found, why = dataset.read(logged(tmp_path), SIGNATURE, 1)
    same, _ = dataset.read(logged(tmp_path, name="dataset.csv"), SIGNATURE, 1)
    assert why == ""
    assert found is not None and same is not None
    assert list(found) == ["age", "town", "x"]
    for name in found:
        assert len(found[name]) == dataset.MOST
        assert (found[name] == same[name]).all()


def test_a_dataset_that_does_not_fit_is_passed_over_with_a_sentence(tmp_path):
    lacking = Signature([*SIGNATURE.columns, Column("income", "double")])
    for path, signature in (
        (logged(tmp_path), lacking),
        (logged(tmp_path, age=["old"] * 900), SIGNATURE),
        (logged(tmp_path, count=0), SIGNATURE),
    ):
        found, why = dataset.read(path, signature, 1)
        assert found is None
        assert why.startswith("The dataset that the run logged")
    broken = tmp_path / "dataset.parquet"
    broken.write_bytes(b"nothing of the kind")
    assert dataset.read(broken, SIGNATURE, 1)[0] is None


def test_its_rows_are_sampled_and_tell_where_values_lie():
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"a": random.normal(1e6, 5, 400), "b": random.normal(-7, 1, 400)})
    model = LinearRegression().fit(rows, rows["a"])
    held = {name: rows[name].to_numpy() for name in rows}
    sampled = sample(loaded(model, rows), make_request(), [], None, held)
    assert sampled.kinds.count("dataset") == 400
    random_rows = np.array(sampled.kinds) == "random"
    assert np.median(np.abs(sampled.rows["a"][random_rows] - 1e6)) < 100


def test_given_rows_tell_where_values_lie_and_are_not_sampled_twice():
    rows = pd.DataFrame({"a": np.linspace(1e6, 1e6 + 50, 40), "b": np.linspace(0, 1, 40)})
    model = LinearRegression().fit(rows, rows["a"])
    held = {name: rows[name].to_numpy() for name in rows}
    sampled = sample(loaded(model, rows), make_request(), [], held)
    random_rows = np.array(sampled.kinds) == "random"
    assert np.median(np.abs(sampled.rows["a"][random_rows] - 1e6)) < 200
    assert "given" not in sampled.kinds


def test_a_narrow_example_of_whole_numbers_still_gives_enough_rows():
    rows = pd.DataFrame({"rooms": np.array([2, 3, 2, 3])})
    model = LinearRegression().fit(rows, [1.0, 2.0, 1.0, 2.0])
    example = {"rooms": rows["rooms"].to_numpy()}
    assert len(sample(loaded(model, rows, example), make_request(), []).kinds) >= 100


def test_a_linear_model_without_an_example_is_sampled_where_its_score_changes():
    rows = pd.DataFrame({"a": np.linspace(4e5, 6e5, 40), "b": np.linspace(-1e-3, 1e-3, 40)})
    model = LinearRegression()
    model.coef_, model.intercept_ = np.array([1e-4, 2e3]), -50.0
    model.n_features_in_ = 2
    sampled = sample(loaded(model, rows), make_request(), [])
    answers = sampled.rows["a"] * 1e-4 + sampled.rows["b"] * 2e3 - 50
    answers = answers[np.isfinite(answers)]
    assert (answers > 0).mean() > 0.05
    assert (answers < 0).mean() > 0.05
