"""TensorFlow operations that ONNX can express and tf2onnx does not know, written for it.

Each handler has tf2onnx's own form: it gets the graph, the node and the node's name, and puts ONNX
nodes in its place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

INT32_SIGN = np.iinfo(np.int32).min


def erfc(graph: Any, node: Any, name: str, args: Any) -> None:
    """1 - erf(x): Keras' exact gelu multiplies it by x, where what cancels is below rounding."""
    shapes, dtypes = node.output_shapes, node.output_dtypes
    one = _constant(graph, name, np.ones(1, _dtype(node)))
    erf = graph.make_node("Erf", [node.input[0]], dtypes=dtypes, shapes=shapes)
    _replace(graph, node, "Sub", [one, erf.output[0]], name)


def bucketize(graph: Any, node: Any, name: str, args: Any) -> None:
    """How many boundaries are not above x; TensorFlow compares them as float32 numbers."""
    dtype = _dtype(node)
    boundaries = np.array(node.get_attr_value("boundaries"), np.float32)
    wide = np.float64 if dtype == np.float64 else np.float32
    value = node.input[0]
    if dtype.kind in "iu":
        value = graph.make_node("Cast", [value], attr={"to": _onnx(wide)}).output[0]
    last = _constant(graph, f"{name}_axis", np.array([-1], np.int64))
    each = graph.make_node("Unsqueeze", [value, last]).output[0]
    limits = _constant(graph, f"{name}_limits", boundaries.astype(wide))
    passed = graph.make_node("GreaterOrEqual", [each, limits]).output[0]
    counted = graph.make_node("Cast", [passed], attr={"to": _onnx(np.int32)}).output[0]
    _replace(graph, node, "ReduceSum", [counted, last], name, {"keepdims": 0})


def bitcast(graph: Any, node: Any, name: str, args: Any) -> None:
    """The bits of a float32 where only its sign is asked for, as Keras' argmax and signbit do.

    1/x is below zero for every number with a sign, zero and infinity included.

    Raises:
        ValueError: for any other use of the bits.
    """
    uses = graph.find_output_consumers(node.output[0])
    if _dtype(node) != np.float32 or not uses or not all(_only_sign(use) for use in uses):
        raise ValueError("Bitcast of anything but a float's sign")
    inverse = graph.make_node("Reciprocal", [node.input[0]]).output[0]
    zero = _constant(graph, f"{name}_zero", np.zeros(1, np.float32))
    below = graph.make_node("Less", [inverse, zero]).output[0]
    sign = _constant(graph, f"{name}_sign", np.array([INT32_SIGN], np.int32))
    none = _constant(graph, f"{name}_none", np.zeros(1, np.int32))
    _replace(graph, node, "Where", [below, sign, none], name)


HANDLERS: dict[str, tuple[Any, list[Any]]] = {
    "Erfc": (erfc, []),
    "Bucketize": (bucketize, []),
    "Bitcast": (bitcast, []),
}


def _only_sign(use: Any) -> bool:
    constants = [one.get_tensor_value(as_list=False) for one in use.inputs if one.is_const()]
    return use.type == "BitwiseAnd" and any(
        value.dtype == np.int32 and np.all(value == INT32_SIGN) for value in constants
    )


def _dtype(node: Any) -> np.dtype[Any]:
    """The numpy dtype of a node's first input."""
    from tf2onnx import utils

    found: np.dtype[Any] = np.dtype(utils.map_onnx_to_numpy_type(node.inputs[0].output_dtypes[0]))
    return found


def _onnx(dtype: Any) -> int:
    from tf2onnx import utils

    return int(utils.map_numpy_to_onnx_dtype(np.dtype(dtype)))


def _constant(graph: Any, name: str, values: Any) -> str:
    from tf2onnx import utils

    return str(graph.make_const(utils.make_name(name), values).output[0])


def _replace(
    graph: Any, node: Any, operator: str, inputs: list[str], name: str, attr: Any = None
) -> None:
    shapes, dtypes = node.output_shapes, node.output_dtypes
    graph.remove_node(node.name)
    graph.make_node(
        operator,
        inputs,
        attr=attr or {},
        name=name,
        outputs=node.output,
        shapes=shapes,
        dtypes=dtypes,
    )
