"""Functions of int8, uint16, float16 and the like, which a file computes in wider numbers."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.preprocessing import FunctionTransformer

from converters.contract import Identity, Request, Signature, Tensor
from converters.errors import Refused
from converters.routes import onnx_file, pmml_file
from converters.sources.loaded import Loaded


def written(function: Any, dtype: str, folder: Path, target: str = "onnx") -> tuple[Any, Any]:
    rows = np.zeros((3, 2), dtype)
    model = FunctionTransformer(function).fit(rows)
    signature = Signature(tensor=Tensor("X", dtype, [-1, 2]))
    loaded = Loaded("sklearn", model, {}, folder, signature)
    request = Request("sklearn", target, Identity("test", "model", "1"))
    module = onnx_file if target == "onnx" else pmml_file
    return model, module.write(loaded, request, folder)


@pytest.mark.parametrize("target", ["onnx", "pmml"])
@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        (np.square, "int8"),
        (np.abs, "int8"),
        (np.negative, "uint8"),
        (np.square, "uint32"),
        (np.log1p, "int16"),
        (np.sqrt, "float16"),
        (functools.partial(np.add, 100), "int8"),
    ],
)
def test_a_function_whose_results_wrap_around_or_are_rounded_is_refused_by_name(
    function: Any, dtype: str, target: str, tmp_path: Path
):
    with pytest.raises(Refused) as caught:
        written(function, dtype, tmp_path, target)
    assert caught.value.code == "narrow_numbers"
    assert dtype in caught.value.sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        (np.abs, "uint8"),
        (np.sign, "int8"),
        (np.isnan, "float16"),
        (functools.partial(np.maximum, 0), "int16"),
        (np.square, "int32"),
    ],
)
def test_a_function_that_answers_narrow_numbers_as_wide_ones_is_carried(
    function: Any, dtype: str, tmp_path: Path
):
    model, converted = written(function, dtype, tmp_path)
    rows = np.array([[0, 1], [3, 100], [7, 50]], dtype)
    session = onnxruntime.InferenceSession(str(tmp_path / converted.file))
    (got,) = session.run(None, {"X": rows.astype(converted.inputs[0].dtype)})
    assert np.array_equal(got, model.transform(rows))
