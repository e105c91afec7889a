"""Every ONNX route, on every real model: converted, and proven on rows beside its split points."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import onnx
import pytest

from converters.catalog import ROUTES, Route, route
from converters.contract import Options
from converters.environments import STANDARD
from converters.onnx_graph import families
from converters.onnx_graph.registry import (
    PREDICTORS,
    TRANSFORMERS,
    DuplicateEmitter,
    predictor,
    transformer,
)
from tests.converters import jobs
from tests.converters.routes.proof import converted, judged
from tests.real_models import REAL_MODELS
from tests.real_models.sklearn_models import Make
from tests.real_models.sklearn_text import TEXTS


def in_this_environment(flavor: str, target: str) -> bool:
    row = route(flavor, target)
    return row is not None and row.environment == STANDARD


ALONE = ("make_process_classifier", "make_process_three")
CASES = [
    pytest.param(flavor, make, id=f"{flavor}-{make.__name__.removeprefix('make_')}")
    for (flavor, target), makes in REAL_MODELS.items()
    # Those of other environments are converted in children (test_torch_onnx and its like).
    if target == "onnx" and in_this_environment(flavor, target)
    for make in makes
    # test_text proves texts; those that end a process full of libraries have children of their own.
    if make not in TEXTS and make.__name__ not in ALONE
]


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: row.key)
def test_every_route_resolves_and_has_a_real_model(row: Route):
    module, _, function = row.convert.partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert REAL_MODELS.get((row.flavor, row.target)), f"no real model for {row.key}"


@pytest.mark.parametrize(("flavor", "make"), CASES)
def test_the_onnx_file_answers_like_the_original(flavor: str, make: Make, tmp_path: Path):
    report = converted(make, flavor, tmp_path)
    assert report.state == "converted", report.sentence
    verdicts = judged(tmp_path, report)
    assert [verdict.name for verdict in verdicts] == [output.name for output in report.outputs]
    for verdict in verdicts:
        assert verdict.verdict == "passed", verdict.sentence
        assert verdict.rows >= 300


@pytest.mark.parametrize("name", ALONE)
def test_a_gaussian_process_is_proven_by_the_workers_own_children(name: str, tmp_path: Path):
    job = jobs.make_job(tmp_path / "job", _make(name.removeprefix("make_"))(tmp_path / "model"))
    assert jobs.convert(job).state == "converted"
    report = jobs.judge(job)
    assert report.state == "proven", report.sentence


def _make(name: str) -> Make:
    makes = [make for rows in REAL_MODELS.values() for make in rows]
    return next(make for make in makes if make.__name__ == f"make_{name}")


DOUBLE = ["logistic", "columns", "svc", "forest", "hist_boosting", "boosting", "scalers"]


@pytest.mark.parametrize("name", DOUBLE)
def test_models_that_compute_in_double_are_proven_in_double(name: str, tmp_path: Path):
    report = converted(_make(name), "sklearn", tmp_path)
    assert report.exact
    assert report.facts["precision"] == "float64"


def test_lightgbm_is_proven_in_double_and_xgboost_in_float(tmp_path: Path):
    light = converted(_make("lightgbm_classifier"), "lightgbm", tmp_path / "light")
    extreme = converted(_make("xgboost_classifier"), "xgboost", tmp_path / "extreme")
    assert light.exact
    assert not extreme.exact


def test_columns_of_one_numeric_type_become_one_tensor(tmp_path: Path):
    report = converted(_make("logistic"), "sklearn", tmp_path)
    (only,) = report.inputs
    assert (only.name, only.dtype, len(only.columns)) == ("X", "float64", 30)
    assert report.signature is not None
    assert only.columns == [column.name for column in report.signature.columns]


def test_asking_for_columns_gives_one_input_each(tmp_path: Path):
    report = converted(_make("logistic"), "sklearn", tmp_path, Options(inputs="columns"))
    assert report.signature is not None
    assert [item.name for item in report.inputs] == [c.name for c in report.signature.columns]
    assert all(verdict.verdict == "passed" for verdict in judged(tmp_path, report))


def test_mixed_columns_keep_their_own_names_and_types(tmp_path: Path):
    report = converted(_make("columns"), "sklearn", tmp_path)
    assert [(item.name, item.dtype) for item in report.inputs] == [
        ("age", "int64"),
        ("income in CHF", "float64"),
        ("yrs married", "float64"),
        ("town", "string"),
        ("job", "string"),
        ("owns", "bool"),
    ]


def test_missing_values_are_promised_only_where_the_original_takes_them(tmp_path: Path):
    mixed = converted(_make("columns"), "sklearn", tmp_path / "mixed")
    strict = converted(_make("logistic"), "sklearn", tmp_path / "strict")
    assert {item.name for item in mixed.inputs if item.nullable} >= {"yrs married", "job"}
    assert not any(item.nullable for item in mixed.inputs if item.dtype in ("int64", "bool"))
    assert not any(item.nullable for item in strict.inputs)


def test_mixed_columns_are_not_squeezed_into_one_tensor(tmp_path: Path):
    report = converted(_make("columns"), "sklearn", tmp_path, Options(inputs="tensor"))
    assert (report.state, report.code) == ("refused", "inputs_option")


def test_an_opset_that_cannot_be_written_is_refused(tmp_path: Path):
    report = converted(_make("logistic"), "sklearn", tmp_path, Options(opset=9))
    assert (report.state, report.code) == ("refused", "opset")


@pytest.mark.parametrize("opset", [19, 21])
def test_a_chosen_opset_is_what_the_file_says(opset: int, tmp_path: Path):
    report = converted(_make("columns"), "sklearn", tmp_path, Options(opset=opset))
    document = onnx.load(tmp_path / "convert" / report.file)
    assert {entry.domain: entry.version for entry in document.opset_import}[""] == opset
    assert all(verdict.verdict == "passed" for verdict in judged(tmp_path, report))


def test_labels_keep_their_type(tmp_path: Path):
    booleans = converted(_make("logistic_booleans"), "sklearn", tmp_path / "booleans")
    texts = converted(_make("logistic_integers"), "sklearn", tmp_path / "texts")
    assert booleans.outputs[0].classes == [False, True]
    assert booleans.outputs[0].dtype == "bool"
    assert texts.outputs[0].classes == ["bad", "good"]
    assert texts.outputs[0].dtype == "string"


@pytest.mark.parametrize("flavor", ["sklearn", "xgboost", "lightgbm"])
def test_the_same_model_gives_the_same_bytes(flavor: str, tmp_path: Path):
    name = {"sklearn": "forest_multi"}.get(flavor, f"{flavor}_classifier")
    hashes = {converted(_make(name), flavor, tmp_path / str(turn)).file_sha256 for turn in range(2)}
    assert len(hashes) == 1


def test_two_emitters_for_one_class_are_refused():
    families.load()

    def emit(*_: Any) -> Any:
        raise AssertionError

    with pytest.raises(DuplicateEmitter):
        predictor("sklearn.Ridge")(emit)
    with pytest.raises(DuplicateEmitter):
        transformer("sklearn.StandardScaler")(emit)
    assert PREDICTORS["sklearn.Ridge"] is not emit
    assert TRANSFORMERS["sklearn.StandardScaler"] is not emit
