"""What a refusal after the comparison advises: never another target that is closed too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converters.contract import ConvertReport, Identity, Input, Request, Signature, Tensor
from converters.steps.advising import after_parity

REPORT = ConvertReport(
    "converted",
    signature=Signature(tensor=Tensor("X", "float64", [-1, 4])),
    inputs=[Input("X", "float64", ["X"])],
    exact=True,
)


def request(flavor: str, target: str) -> Request:
    return Request(flavor, target, Identity("tests", "model", "1"))


def test_another_target_that_is_open_is_named_and_what_to_do_where_it_fails_alike():
    said = after_parity(request("sklearn", "onnx"), REPORT)
    assert "Try PMML" in said
    assert "as well" in said


@pytest.mark.parametrize("flavor", ["onnx", "pmml"])
def test_no_target_is_named_where_none_else_is_open(flavor: str):
    said = after_parity(request(flavor, flavor), REPORT)
    assert "no other target" in said
    assert "Try" not in said


def test_a_wrapper_is_told_that_its_own_python_is_the_cause():
    said = after_parity(request("python_function", "onnx"), REPORT)
    assert "own Python" in said
    assert "PMML" not in said


@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_narrow_numbers_are_named_and_no_target_that_widens_them_too(target: str):
    report = replace(
        REPORT,
        signature=Signature(tensor=Tensor("X", "int8", [-1, 4])),
        inputs=[Input("X", "int32", ["X"])],
    )
    said = after_parity(request("sklearn", target), report)
    assert "int8" in said
    assert "Try" not in said
