"""ONNX files as people export them: written node by node, so that each oddity is one line."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto as Type
from onnx import helper, numpy_helper


def network(opset=18, ir=8, rows="N", kind=Type.FLOAT, width=4, units=3, seed=0):
    """A linear layer and a softmax; `rows` is the first axis, a name or a fixed number."""
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    weights = np.random.default_rng(seed).standard_normal((width, units)).astype(dtype)
    return model(
        [
            helper.make_node("MatMul", ["X", "W"], ["H"]),
            helper.make_node("Softmax", ["H"], ["Y"], axis=1),
        ],
        [("X", kind, [rows, width])],
        [("Y", kind, [rows, units])],
        {"W": weights},
        opset,
        ir,
    )


def tokens(vocabulary=50):
    """Two inputs: numbers of words, as many as there are, and a row of floats."""
    table = np.random.default_rng(1).random((vocabulary, 8)).astype("f4")
    return model(
        [
            helper.make_node("Gather", ["table", "words"], ["each"]),
            helper.make_node("ReduceMean", ["each"], ["mean"], axes=[1], keepdims=0),
            helper.make_node("Add", ["mean", "bias"], ["out"]),
        ],
        [("words", Type.INT64, ["b", "t"]), ("bias", Type.FLOAT, ["b", 8])],
        [("out", Type.FLOAT, ["b", 8]), ("each", Type.FLOAT, ["b", "t", 8])],
        {"table": table},
        13,
    )


def picture():
    """Bytes in, a score a class and the best class out."""
    kernel = np.random.default_rng(2).random((4, 3, 3, 3)).astype("f4")
    return model(
        [
            helper.make_node("Cast", ["image"], ["f"], to=Type.FLOAT),
            helper.make_node("Conv", ["f", "K"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("GlobalAveragePool", ["c"], ["p"]),
            helper.make_node("Flatten", ["p"], ["scores"]),
            helper.make_node("ArgMax", ["scores"], ["best"], axis=1, keepdims=0),
        ],
        [("image", Type.UINT8, ["b", 3, 8, 8])],
        [("scores", Type.FLOAT, ["b", 4]), ("best", Type.INT64, ["b"])],
        {"K": kernel},
        13,
    )


def sums():
    """Two inputs of one number a row, [n] and not [n, 1]."""
    return model(
        [helper.make_node("Add", ["a", "b"], ["sum"])],
        [("a", Type.FLOAT, ["n"]), ("b", Type.FLOAT, ["n"])],
        [("sum", Type.FLOAT, ["n"])],
        {},
        13,
    )


def reshaped_for_one():
    """Its rows are fixed at one by a Reshape inside, so that no other number can be fed."""
    return model(
        [
            helper.make_node("Reshape", ["X", "shape"], ["flat"]),
            helper.make_node("ReduceSum", ["flat"], ["Y"], keepdims=1),
        ],
        [("X", Type.FLOAT, [1, 4])],
        [("Y", Type.FLOAT, [1, 1])],
        {"shape": np.array([1, 4], np.int64)},
        18,
    )


def model(nodes, inputs, outputs, constants, opset, ir=8):
    """A ModelProto out of nodes, (name, type, shape) of inputs and outputs, and arrays."""
    graph = helper.make_graph(
        nodes,
        "tests",
        [helper.make_tensor_value_info(*port) for port in inputs],
        [helper.make_tensor_value_info(*port) for port in outputs],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
    onnx.checker.check_model(made)
    return made
