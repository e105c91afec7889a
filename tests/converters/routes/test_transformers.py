"""Transformers at the edges of what they take: each answers like the original, or is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import scipy.special
from sklearn import (
    compose,
    decomposition,
    impute,
    kernel_approximation,
    linear_model,
    neighbors,
    pipeline,
    preprocessing,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - makes it importable

from converters.contract import Column, Identity, Request, Signature, Tensor
from converters.errors import Refused
from converters.routes import onnx_file
from converters.sources.loaded import Loaded

TYPES = {
    "int64": "long",
    "int32": "integer",
    "float64": "double",
    "float32": "float",
    "bool": "boolean",
}
# Zeros of the functions, the ends of where they are defined, overflow, and what is no number.
HARD = np.array(
    [
        *(0.0, -0.0, 5e-324, 1e-300, 1e-17, -1e-16, 1e-12, -1e-9, 1e-5, 0.3, 0.5, 0.65),
        *(1 - 1e-16, 1.0, -1.0, 1 + 2.3e-16, 1.5, 2.5, -2.5, np.pi / 2, np.pi, 19.99, 20.01),
        *(37.0, 355.0, 709.7, 710.3, -745.2, 1e5, 1e8, 1.1e8, 1e15, 1e154, 1e200, 1e308),
        *(-1e308, np.inf, -np.inf, np.nan),
    ]
)


def _signature(rows: Any) -> Signature:
    if isinstance(rows, np.ndarray):
        return Signature(tensor=Tensor("X", str(rows.dtype), [-1, rows.shape[1]]))
    kinds = [TYPES.get(str(rows[name].dtype), "string") for name in rows.columns]
    return Signature([Column(str(n), k) for n, k in zip(rows.columns, kinds, strict=True)])


def _answers(model: Any, rows: Any, folder: Path, signed: Any = None) -> tuple[Any, Any]:
    """What the converted file and the original's transform (or predict) answer for these rows."""
    signature = _signature(rows if signed is None else signed)
    loaded = Loaded("sklearn", model, {}, folder, signature)
    request = Request("sklearn", "onnx", Identity("test", "model", "1"))
    converted = onnx_file.write(loaded, request, folder)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(folder / converted.file), options)
    feed = {}
    for item in converted.inputs:
        values = rows if isinstance(rows, np.ndarray) else rows[item.columns].to_numpy()
        feed[item.name] = np.ascontiguousarray(
            values, dtype=object if item.dtype == "string" else item.dtype
        )
    (got, *_) = session.run([converted.outputs[0].name], feed)
    with np.errstate(all="ignore"):
        want = getattr(model, converted.outputs[0].source)(rows)
    want = want.toarray() if hasattr(want, "toarray") else np.asarray(want)
    return got, want


def _refusal(model: Any, rows: Any, folder: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        _answers(model, rows, folder)
    return caught.value


def _patients(count: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": random.normal(size=count),
            "b c": random.lognormal(0, 2, count),
            "d": random.uniform(-1, 1, count),
        }
    )


FUNCTIONS = (
    *("log", "log1p", "log2", "log10", "exp", "exp2", "expm1", "sqrt", "cbrt", "sin", "cos", "tan"),
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("deg2rad", "degrees", "fabs", "rint", "absolute", "negative", "square", "sign", "floor"),
    *("ceil", "trunc", "fix", "isnan", "isfinite", "isinf", "round", "nan_to_num", "reciprocal"),
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpy_functions_are_right_to_the_last_digits_where_they_bend(name: str, tmp_path: Path):
    rows = np.column_stack([HARD, -HARD])
    model = preprocessing.FunctionTransformer(getattr(np, name)).fit(rows)
    got, want = _answers(model, rows, tmp_path)
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (scipy.special.expit, {}),
        (scipy.special.logit, {}),
        (np.clip, {"a_min": -0.5, "a_max": 1}),
        (np.clip, {"a_min": 0, "a_max": None}),
        (np.round, {"decimals": 2}),
        (np.nan_to_num, {"nan": -1.0, "posinf": 9.0}),
        (functools.partial(np.maximum, 0), {}),
        (functools.partial(np.power, 2.0), {}),
    ],
)
def test_functions_keep_their_arguments(function: Any, options: dict[str, Any], tmp_path: Path):
    model = preprocessing.FunctionTransformer(function, kw_args=options).fit(HARD[:, None])
    got, want = _answers(model, HARD[:, None], tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["absolute", "square", "sign", "floor", "isnan", "log1p", "rint"])
def test_functions_keep_whole_numbers_whole_where_numpy_does(name: str, tmp_path: Path):
    rows = np.array([[0, -3], [7, 2**40], [1, 5]])
    model = preprocessing.FunctionTransformer(getattr(np, name)).fit(rows)
    with np.errstate(all="ignore"):
        got, want = _answers(model, rows, tmp_path)
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-15)


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (lambda x: x + 1, "own_python"),
        (functools.partial(lambda y, x: x, 1), "own_python"),
        (scipy.special.erf, "no_converter"),
        (np.signbit, "no_converter"),
    ],
    ids=["lambda", "partial", "erf", "signbit"],
)
def test_functions_that_are_not_written_are_refused(function: Any, code: str, tmp_path: Path):
    model = preprocessing.FunctionTransformer(function).fit(_patients())
    assert _refusal(model, _patients(), tmp_path).code == code


def test_booleans_in_a_function_are_refused(tmp_path: Path):
    rows = _patients() > 0
    model = preprocessing.FunctionTransformer(np.log1p).fit(rows)
    assert _refusal(model, rows, tmp_path).code == "no_converter"


def _target(**options: Any) -> Any:
    rows = _patients()
    model = compose.TransformedTargetRegressor(linear_model.Ridge(), **options)
    return model.fit(rows, np.exp(rows["a"] + rows["d"]) + 0.1)


TARGETS: dict[str, Callable[[], Any]] = {
    "log": lambda: _target(func=np.log, inverse_func=np.exp),
    "nothing": _target,
    "ranges": lambda: _target(transformer=preprocessing.MinMaxScaler((-1, 3))),
    "middle": lambda: _target(transformer=preprocessing.RobustScaler()),
    "box-cox": lambda: _target(transformer=preprocessing.PowerTransformer(method="box-cox")),
    "yeo-johnson": lambda: _target(transformer=preprocessing.PowerTransformer()),
    "shares": lambda: _target(transformer=preprocessing.QuantileTransformer(n_quantiles=50)),
    "normal": lambda: _target(
        transformer=preprocessing.QuantileTransformer(n_quantiles=50, output_distribution="normal")
    ),
    "two steps": lambda: _target(
        transformer=pipeline.make_pipeline(
            preprocessing.StandardScaler(), preprocessing.PowerTransformer()
        )
    ),
}


@pytest.mark.parametrize("name", TARGETS)
def test_transformed_targets_come_back(name: str, tmp_path: Path):
    got, want = _answers(TARGETS[name](), _patients(), tmp_path)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-11)


def test_a_target_whose_way_back_is_the_owners_python_is_refused(tmp_path: Path):
    model = _target(func=np.log, inverse_func=lambda y: np.exp(y), check_inverse=False)
    assert _refusal(model, _patients(), tmp_path).code == "own_python"


def test_a_target_of_one_column_stays_one_column(tmp_path: Path):
    rows = _patients()
    model = compose.TransformedTargetRegressor(
        linear_model.Ridge(), func=np.arcsinh, inverse_func=np.sinh
    ).fit(rows, rows[["a"]].to_numpy())
    got, want = _answers(model, rows, tmp_path)
    assert got.shape == want.shape == (200, 1)
    np.testing.assert_allclose(got, want, rtol=1e-11)


def _edges(values: Any) -> Any:
    """The numbers, and their neighbours on both sides."""
    values = np.asarray(values, np.float64)
    return np.concatenate([values, np.nextafter(values, np.inf), np.nextafter(values, -np.inf)])


@pytest.mark.parametrize("encode", ["ordinal", "onehot", "onehot-dense"])
def test_numbers_on_the_edge_of_a_bin_fall_where_the_original_puts_them(
    encode: str, tmp_path: Path
):
    rows = _patients().to_numpy()
    model = preprocessing.KBinsDiscretizer(6, encode=encode, quantile_method="linear").fit(rows)
    hard = np.column_stack([_edges(edges)[:18] for edges in model.bin_edges_])
    got, want = _answers(model, hard, tmp_path)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_quantiles_that_repeat_share_their_place(distribution: str, tmp_path: Path):
    rows = np.column_stack([_patients()["a"], _patients()["a"].round(), np.full(200, 2.0)])
    model = preprocessing.QuantileTransformer(n_quantiles=40, output_distribution=distribution).fit(
        rows
    )
    hard = np.vstack([_edges(column) for column in model.quantiles_.T]).T
    hard = np.vstack([hard, np.full((1, 3), np.nan), np.full((1, 3), -50.0), np.full((1, 3), 50.0)])
    got, want = _answers(model, hard, tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue", "periodic"])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_splines_are_the_same_on_their_knots_and_beyond(
    extrapolation: str, degree: int, tmp_path: Path
):
    rows = _patients().to_numpy()
    model = preprocessing.SplineTransformer(
        6, degree=degree, extrapolation=extrapolation, knots="quantile"
    ).fit(rows)
    knots = [basis.t for basis in model.bsplines_]
    hard = np.column_stack([_edges(np.concatenate([t, [t[0] - 9, t[-1] + 9]])) for t in knots])
    got, want = _answers(model, hard, tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-300)


def test_a_spline_can_take_missing_values_for_nothing(tmp_path: Path):
    rows = _patients().mask(np.random.default_rng(1).random((200, 3)) < 0.1).to_numpy()
    model = preprocessing.SplineTransformer(handle_missing="zeros").fit(rows)
    got, want = _answers(model, rows, tmp_path)
    assert np.isnan(rows).any()
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
@pytest.mark.parametrize("exponent", [0.0, 2.0, -7.0, 1e-17, 1.0])
def test_powers_near_nothing_and_near_two(method: str, exponent: float, tmp_path: Path):
    rows = np.abs(_patients()[["b c"]].to_numpy()) + 0.01
    model = preprocessing.PowerTransformer(method=method, standardize=False).fit(rows)
    model.lambdas_ = np.array([exponent])
    hard = np.concatenate([HARD[(HARD > 0) & (HARD < 1e15)], rows[:20, 0]])[:, None]
    if method == "yeo-johnson":
        hard = np.vstack([hard, -hard[hard[:, 0] < 1e5]])
    got, want = _answers(model, hard, tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-300)


def test_weights_and_another_order_of_columns(tmp_path: Path):
    rows = _patients()
    model = compose.ColumnTransformer(
        [("one", preprocessing.StandardScaler(), [0]), ("two", "passthrough", ["d"])],
        transformer_weights={"one": 2.5, "two": 0.1},
    ).fit(rows)
    turned = rows[["d", "b c", "a"]]
    got, want = _answers(model, turned, tmp_path)
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(got[:, 1], rows["d"] * 0.1)


@pytest.mark.parametrize("columns", [["a", "b c", "d", "more"], ["d", "a"]])
def test_columns_that_the_model_does_not_use_may_come_or_go(columns: list[str], tmp_path: Path):
    rows = _patients().assign(more=1.0)
    model = compose.ColumnTransformer(
        [("one", preprocessing.StandardScaler(), ["a"]), ("two", "passthrough", ["d"])]
    ).fit(rows[["a", "b c", "d"]])
    got, want = _answers(model, rows[columns], tmp_path)
    np.testing.assert_array_equal(got, want)


def test_a_column_that_the_model_needs_is_named(tmp_path: Path):
    rows = _patients()
    model = compose.ColumnTransformer([("one", "passthrough", ["d"])]).fit(rows)
    refusal = _refusal(model, rows[["a", "b c"]], tmp_path)
    assert refusal.code == "column_missing"
    assert "'d'" in refusal.sentence


def test_whole_numbers_stay_whole_through_columns(tmp_path: Path):
    rows = pd.DataFrame({"k": [1, 2, 3], "m": np.array([4, 5, 6], np.int32), "flag": [True] * 3})
    model = compose.make_column_transformer(("passthrough", ["m", "k"])).fit(rows)
    got, want = _answers(model, rows, tmp_path)
    assert got.dtype == want.dtype == np.int64
    np.testing.assert_array_equal(got, want)


def test_a_model_that_ends_in_text_is_refused(tmp_path: Path):
    rows = pd.DataFrame({"town": ["Rome", "Oslo"], "k": [1, 2]})
    model = compose.make_column_transformer(("passthrough", ["town", "k"])).fit(rows)
    assert _refusal(model, rows, tmp_path).code == "strings_not_encoded"


def test_one_number_beside_a_product_of_matrices_stays_double(tmp_path: Path):
    rows = _patients()
    model = pipeline.make_pipeline(
        decomposition.TruncatedSVD(1),
        preprocessing.MaxAbsScaler(),
        kernel_approximation.RBFSampler(n_components=1, random_state=0),
    ).fit(rows)
    got, want = _answers(model, rows, tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-10)
    weighted = pipeline.make_pipeline(
        preprocessing.FunctionTransformer(np.deg2rad), linear_model.Ridge()
    ).fit(rows, rows["a"])
    got, want = _answers(weighted, rows, tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def _gaps(decimals: int | None = None) -> Any:
    rows = _patients()
    rows = rows if decimals is None else rows.round(decimals)
    return rows.mask(np.random.default_rng(3).random(rows.shape) < 0.2).to_numpy()


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("count", [1, 3, 500])
def test_neighbours_fill_gaps(weights: str, count: int, tmp_path: Path):
    rows = _gaps()
    model = impute.KNNImputer(n_neighbors=count, weights=weights, add_indicator=True).fit(rows)
    hard = _patients(60).to_numpy() + 0.01
    hard[:3], hard[3:, 0], hard[10:20, 2] = np.nan, np.nan, np.nan
    got, want = _answers(model, hard, tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-9)


def test_neighbours_that_are_equally_near_are_refused(tmp_path: Path):
    rows = _gaps(decimals=0)
    assert _refusal(impute.KNNImputer().fit(rows), rows, tmp_path).code == "neighbour_ties"


@pytest.mark.parametrize("order", ["ascending", "descending", "roman", "arabic", "random"])
def test_gaps_are_filled_in_rounds(order: str, tmp_path: Path):
    rows = _gaps()
    model = impute.IterativeImputer(
        imputation_order=order, max_iter=3, min_value=-1, add_indicator=True, random_state=0
    ).fit(rows)
    got, want = _answers(model, rows, tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_a_batch_without_any_value_stays_at_its_first_filling(tmp_path: Path):
    rows = _gaps()
    model = impute.IterativeImputer(max_iter=2, initial_strategy="median").fit(rows)
    empty = np.full((2, 3), np.nan)
    got, want = _answers(model, empty, tmp_path)
    np.testing.assert_array_equal(got, want)
    got, want = _answers(model, np.vstack([empty, rows[:5]]), tmp_path)
    np.testing.assert_allclose(got, want, rtol=1e-10)


def test_imputations_drawn_at_random_are_refused(tmp_path: Path):
    model = impute.IterativeImputer(sample_posterior=True, max_iter=2).fit(_gaps())
    assert _refusal(model, _gaps(), tmp_path).code == "no_converter"


@pytest.mark.parametrize(
    "step",
    [
        decomposition.NMF(2),
        decomposition.LatentDirichletAllocation(2, max_iter=1),
        decomposition.DictionaryLearning(2, max_iter=1),
        neighbors.KNeighborsTransformer(),
        kernel_approximation.PolynomialCountSketch(n_components=300, random_state=0),
        kernel_approximation.Nystroem(lambda a, b: float(a @ b), n_components=5),
    ],
    ids=lambda step: type(step).__name__,
)
def test_what_solves_or_searches_for_each_row_is_refused_with_advice(step: Any, tmp_path: Path):
    rows = _patients().abs().to_numpy()
    refusal = _refusal(step.fit(rows), rows, tmp_path)
    assert refusal.code in ("no_converter", "own_python")
    assert "use" in refusal.sentence or "Compute" in refusal.sentence


def test_identifiers_beyond_what_a_double_counts_are_told_apart(tmp_path: Path):
    rows = np.array([[2**53], [2**53 + 1], [2**53 + 2], [5]])
    model = preprocessing.OneHotEncoder(handle_unknown="ignore").fit(rows)
    got, want = _answers(model, rows, tmp_path)
    np.testing.assert_array_equal(got, want)


def test_thousands_of_categories_stay_a_small_file(tmp_path: Path):
    names = np.array([f"id {place}" for place in range(3000)], dtype=object)
    rows = pd.DataFrame({"name": names, "number": np.arange(3000) * 1.5})
    model = preprocessing.OneHotEncoder(handle_unknown="ignore").fit(rows)
    asked = pd.concat([rows[::300], pd.DataFrame({"name": ["other"], "number": [0.75]})])
    got, want = _answers(model, asked, tmp_path)
    np.testing.assert_array_equal(got, want)
    assert (tmp_path / onnx_file.FILE).stat().st_size < 400_000


def test_many_numbers_are_found_and_missing_ones_too(tmp_path: Path):
    rows = np.concatenate([np.arange(200) / 3, [np.nan]])[:, None]
    model = preprocessing.OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    ).fit(rows)
    hard = np.concatenate([_edges(rows[:200, 0]), [np.nan, 1e300, -1e300]])[:, None]
    got, want = _answers(model, hard, tmp_path)
    np.testing.assert_array_equal(got, want)


def test_an_imputer_of_text_leaves_the_numbers_beside_it(tmp_path: Path):
    rows = pd.DataFrame(
        {"town": ["Rome", "Oslo", "Rome"], "k": [1, 2, 2], "flag": [True, True, False]}
    )
    model = pipeline.make_pipeline(
        impute.SimpleImputer(strategy="most_frequent"),
        preprocessing.OneHotEncoder(handle_unknown="ignore"),
    ).fit(rows.astype(object))
    got, want = _answers(model, rows, tmp_path)
    np.testing.assert_array_equal(got, want)


def test_text_put_among_numbers_is_refused(tmp_path: Path):
    rows = pd.DataFrame({"town": ["Rome", "Oslo", "Rome"], "f": [0.5, 1.5, 0.5]})
    model = pipeline.make_pipeline(
        impute.SimpleImputer(strategy="constant"), preprocessing.OneHotEncoder()
    ).fit(rows)
    assert _refusal(model, rows, tmp_path).code == "missing_values"
