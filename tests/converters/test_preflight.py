"""Pre-flight answers from the MLmodel alone."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from converters import flavors
from converters import preflight as module
from converters.catalog import ROUTES, TARGETS
from converters.errors import Refused
from converters.preflight import Answer, flavor_of, preflight, signature_of

COLUMNS = [
    {"type": "double", "name": "age", "required": True},
    {"type": "string", "name": "home town", "required": False},
]


def make_mlmodel(*flavors, inputs=COLUMNS, **over):
    mlmodel: dict[str, Any] = {"flavors": {name: {} for name in [*flavors, "python_function"]}}
    if inputs is not None:
        mlmodel["signature"] = {"inputs": json.dumps(inputs), "outputs": None, "params": None}
    return {**mlmodel, **over}


def signature_from(inputs):
    signature = signature_of(make_mlmodel("sklearn", inputs=inputs))
    assert signature is not None
    return signature


def answers(mlmodel):
    return {verdict.target: verdict for verdict in preflight(mlmodel)}


def test_a_signed_sklearn_model_can_become_onnx_and_pmml():
    verdicts = preflight(make_mlmodel("sklearn"))
    assert [verdict.target for verdict in verdicts] == [target.name for target in TARGETS]
    can = {verdict.target for verdict in verdicts if verdict.answer is Answer.CAN}
    assert can == {"onnx", "pmml"}
    assert {verdict.flavor for verdict in verdicts} == {"sklearn"}


def test_a_model_without_signature_is_a_caveat_that_says_how_to_add_one():
    for verdict in preflight(make_mlmodel("xgboost", inputs=None)):
        if verdict.target == "onnx":
            assert (verdict.answer, verdict.code) == (Answer.CAVEAT, "no_signature")
            assert "infer_signature" in verdict.sentence


def test_a_flavor_without_this_route_names_what_it_can_become_instead():
    verdict = answers(make_mlmodel("sklearn"))["torchscript"]
    assert (verdict.answer, verdict.code) == (Answer.CANNOT, "no_route")
    assert "can become ONNX" in verdict.sentence


def test_a_flavor_without_any_route_says_what_to_do_instead():
    verdict = answers(make_mlmodel("spacy"))["onnx"]
    assert (verdict.answer, verdict.code) == (Answer.CANNOT, "no_route")
    assert "TfidfVectorizer" in verdict.sentence


@pytest.mark.parametrize("row", flavors.FLAVORS, ids=lambda row: row.name)
def test_every_flavor_has_a_route_or_a_sentence(row):
    routed = {one.flavor for one in ROUTES}
    assert row.name in routed or row.sentence.endswith(".")
    assert not row.nearest or flavors.flavor(row.nearest) is not None
    for verdict in preflight(make_mlmodel(row.name)):
        assert verdict.answer is not Answer.CANNOT or verdict.sentence.endswith(".")
        assert verdict.code != "unknown_flavor"


def test_every_flavor_of_mlflow_is_known():
    package = importlib.util.find_spec("mlflow")
    assert package is not None
    sources = Path(str(package.origin)).parent.glob("*/__init__.py")
    log = {one.parent.name for one in sources if "\ndef log_model(" in one.read_text("utf-8")}
    assert log >= {"sklearn", "spacy", "prophet"}
    assert log - flavors.NAMES - {"pyfunc", "models"} == set()


def test_a_flavor_that_nobody_knows_is_told_apart():
    assert answers(make_mlmodel("acme"))["onnx"].code == "unknown_flavor"


def test_a_pyfunc_model_is_told_that_its_answers_are_python_code():
    told = answers(make_mlmodel())
    assert (told["onnx"].answer, told["onnx"].code) == (Answer.CAVEAT, "pyfunc_only")
    assert (told["savedmodel"].answer, told["savedmodel"].code) == (Answer.CANNOT, "pyfunc_only")


@pytest.mark.parametrize("flavors", [None, {}, [], "sklearn"], ids=repr)
def test_an_mlmodel_without_flavors_is_answered_not_crashed(flavors):
    for verdict in preflight({"flavors": flavors}):
        assert (verdict.answer, verdict.code) == (Answer.CANNOT, "no_flavor")


def test_the_native_flavor_wins_over_python_function_whatever_their_order():
    assert flavor_of({"flavors": {"python_function": {}, "lightgbm": {}}}) == "lightgbm"
    assert flavor_of({"flavors": {"mleap": {}, "sklearn": {}}}) == "sklearn"


def test_columns_are_read_with_their_types_and_what_is_optional():
    signature = signature_from(COLUMNS)
    assert [(c.name, c.type, c.required) for c in signature.columns] == [
        ("age", "double", True),
        ("home town", "string", False),
    ]
    assert signature.tensor is None


def test_the_old_word_for_optional_is_understood():
    inputs = [{"type": "long", "name": "n", "optional": True}]
    assert not signature_from(inputs).columns[0].required


def test_a_tensor_is_read_with_its_shape_and_gets_a_name():
    inputs = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]
    signature = signature_from(inputs)
    assert signature.tensor is not None
    assert (signature.tensor.name, signature.tensor.dtype) == ("X", "float64")
    assert signature.width == 4


def test_params_are_not_features():
    mlmodel = make_mlmodel("sklearn")
    mlmodel["signature"]["params"] = json.dumps([{"name": "top_k", "type": "long", "default": 3}])
    signature = signature_of(mlmodel)
    assert signature is not None
    assert signature.width == 2


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ([{"type": "binary", "name": "blob"}], "column_type"),
        ([{"type": "array", "items": {"type": "double"}, "name": "v"}], "column_type"),
        ([{"type": "double"}], "unnamed_columns"),
        ([{"type": "double", "name": "a"}, {"type": "long", "name": "a"}], "duplicate_columns"),
        ([{"type": "tensor", "tensor-spec": {"dtype": "f4", "shape": [-1, 8, 8]}}], "tensor_shape"),
        (
            [{"type": "tensor", "tensor-spec": {"dtype": "f4", "shape": [-1, 8]}}] * 2,
            "several_tensors",
        ),
        ([{"type": "tensor"}], "signature_unreadable"),
        (
            [{"type": "tensor", "tensor-spec": {"dtype": "f4", "shape": "x"}}],
            "signature_unreadable",
        ),
        (
            [{"type": "tensor", "tensor-spec": {"dtype": "f4", "shape": [-1, 10**12]}}],
            "tensor_shape",
        ),
        ([{"name": "a"}], "signature_unreadable"),
        ([{"name": "\ud800", "type": "double"}], "signature_unreadable"),
        ([{"name": f"c{i // 2}", "type": "double"} for i in range(200_000)], "duplicate_columns"),
        ("{", "signature_unreadable"),
        ({"a": 1}, "signature_unreadable"),
        ([1], "signature_unreadable"),
    ],
)
def test_a_signature_that_no_converted_model_can_have_is_refused_by_name(inputs, code):
    mlmodel = make_mlmodel("sklearn", inputs=inputs)
    if inputs == "{":
        mlmodel["signature"]["inputs"] = "{"
    for target in ("onnx", "pmml"):
        verdict = answers(mlmodel)[target]
        assert (verdict.answer, verdict.code) == (Answer.CANNOT, code)
        assert verdict.sentence.endswith(".")


def test_an_unreadable_signature_raises_for_who_needs_it():
    with pytest.raises(Refused):
        signature_of({"signature": "yes"})


def test_only_the_standard_library_is_imported():
    code = f"import sys; import {module.__name__}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "yaml", "sklearn", "onnx", "pandas", "django"}
