"""The one table of types: whole, and the same wherever it is read."""

import numpy as np
import onnx
import onnxruntime
import pytest
from mlflow.types import DataType

from converters import golden, types
from converters.errors import Refused

CARRIED = [row for row in [*types.COLUMNS.values(), *types.TENSORS.values()] if row.rows]
REFUSED = [row for row in [*types.COLUMNS.values(), *types.TENSORS.values()] if not row.rows]


def test_every_type_that_mlflow_has_is_in_the_table():
    assert {kind.name for kind in DataType} <= set(types.COLUMNS)
    for kind in (DataType.integer, DataType.long, DataType.float, DataType.double):
        assert types.COLUMNS[kind.name].rows == np.dtype(kind.to_numpy()).name


def test_every_numeric_dtype_of_numpy_is_in_the_table():
    names = {np.dtype(code).name for code in "?bhilBHILefdFD"}
    assert names <= set(types.TENSORS)


@pytest.mark.parametrize("row", CARRIED, ids=lambda row: row.name)
def test_what_is_carried_has_every_counterpart_and_loses_nothing(row):
    assert row.file and row.onnx and row.java and not row.why
    assert types.ELEMENTS[row.onnx] == row.file
    if row.rows == "object":
        return
    assert row.rows in golden.DTYPES
    if row.name in types.TENSORS:
        assert np.can_cast(np.dtype(row.name), np.dtype(row.rows), "safe")


@pytest.mark.parametrize("row", CARRIED, ids=lambda row: row.name)
def test_onnx_runtime_calls_the_files_type_by_the_tables_word(row):
    elements = {"bool": 9, "int32": 6, "int64": 7, "float32": 1, "float64": 11, "string": 8}
    value = onnx.helper.make_tensor_value_info("x", elements[row.file], [None, 1])
    same = onnx.helper.make_tensor_value_info("y", elements[row.file], [None, 1])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [value], [same]
    )
    model = onnx.helper.make_model(
        graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 18)]
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert session.get_inputs()[0].type == row.onnx


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
def test_what_is_not_carried_is_refused_by_name_with_what_to_do(row):
    look_up = types.column if row.name in types.COLUMNS else types.tensor
    with pytest.raises(Refused) as refusal:
        look_up("x", row.name)
    assert refusal.value.code == "column_type"
    assert "'x'" in refusal.value.sentence and row.name in refusal.value.sentence


def test_a_type_that_nobody_knows_is_refused_with_those_that_are():
    with pytest.raises(Refused, match=r"none of boolean, integer"):
        types.column("x", "quaternion")
    with pytest.raises(Refused, match=r"none of bool, int8"):
        types.tensor("x", "float128")
