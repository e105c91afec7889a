"""Estimators without an emitter of ours: written by skl2onnx in float32, merged into the graph.

Nothing that comes from here is trusted: parity decides, with its float32 tolerance.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from onnx import helper

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import ELEMENTS, ML, ML_OPSET, Graph, Value
from converters.onnx_graph.registry import Answer, Predicted
from converters.quoting import quoted

DTYPES = {number: name for name, number in ELEMENTS.items()}


def transformed(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """One transforming step.

    Raises:
        Refused: `no_converter`.
    """
    outputs = _merged(graph, estimator, frame)
    return Frame((outputs[0],))


def predicted(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """One predicting step; only outputs whose meaning is certain become outputs.

    Raises:
        Refused: `no_converter`.
    """
    outputs = _merged(graph, estimator, frame)
    if hasattr(estimator, "classes_"):
        return _classified(graph, estimator, outputs)
    first = outputs[0]
    if getattr(estimator, "_estimator_type", "") in ("clusterer", "outlier_detector") or (
        first.dtype == "int64"
    ):
        label = graph.op("Reshape", [first, graph.const([-1], "int64")], "int64", 0)
        return Predicted((Answer("label", OutputKind.LABEL, "predict", label),))
    return labels.regressed(graph, graph.cast(first, "float32"))


def _classified(graph: Graph, estimator: Any, outputs: list[Value]) -> Predicted:
    dtype = labels.label_dtype(estimator.classes_)
    flat = graph.op("Reshape", [outputs[0], graph.const([-1], "int64")], outputs[0].dtype, 0)
    answers = [Answer("label", OutputKind.LABEL, "predict", graph.cast(flat, dtype))]
    if hasattr(estimator, "predict_proba") and len(outputs) > 1:
        proba = Value(outputs[1].name, outputs[1].dtype, len(estimator.classes_))
        kind = OutputKind.PROBABILITIES
        answers.append(Answer("probabilities", kind, "predict_proba", proba))
    return Predicted(tuple(answers), labels.plain_classes(estimator.classes_))


def _merged(graph: Graph, estimator: Any, frame: Frame) -> list[Value]:
    """skl2onnx's outputs for this estimator, fed by the frame's columns as float32 or text."""
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    text = frame.has_strings
    if text and any(dtype != "string" for dtype in frame.dtypes):
        raise Refused(
            "no_converter",
            f"{type(estimator).__name__} is fed numbers and text together, which no converter "
            "here writes; split them with a ColumnTransformer.",
        )
    fed = graph.concat(list(frame.values)) if text else frame.numbers(graph)
    fed = graph.cast(fed, "string" if text else "float32")
    kind = StringTensorType if text else FloatTensorType
    model = _convert(estimator, kind([None, frame.width]), graph.opset)
    graph.inexact.append(f"{type(estimator).__name__} is written by skl2onnx in float32")
    return _adopt(graph, model, fed)


def _convert(estimator: Any, kind: Any, opset: int) -> Any:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "classes_") else None
    arguments = {
        "initial_types": [("X", kind)],
        "target_opset": {"": opset, ML: ML_OPSET},
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return convert_sklearn(estimator, options=options, **arguments)
            except NameError:  # "Option 'zipmap' not in …": this converter writes no ZipMap
                return convert_sklearn(estimator, **arguments)
    except (
        MissingConverter,
        MissingShapeCalculator,
        NotImplementedError,
        RuntimeError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        IndexError,
    ) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise Refused(
            "no_converter",
            f"{type(estimator).__name__} converts to no ONNX today ({quoted(lines[0], 160)}); "
            "replace it, or do its work before the model.",
        ) from error


def _adopt(graph: Graph, model: Any, fed: Value) -> list[Value]:
    """Copy a library's nodes under names of our own."""
    renamed = {model.graph.input[0].name: fed.name}

    def name_of(name: str) -> str:
        if not name:
            return name
        if name not in renamed:
            renamed[name] = graph.fresh(f"library_{len(renamed)}")
        return renamed[name]

    for constant in model.graph.initializer:
        constant.name = name_of(constant.name)
        graph.extra_initializers.append(constant)
    for node in model.graph.node:
        node.input[:] = [name_of(name) for name in node.input]
        node.output[:] = [name_of(name) for name in node.output]
        node.name = graph.fresh("node")
        if node.op_type == "StringNormalizer":
            _portable_locale(node)
        graph.nodes.append(node)
    for opset in model.opset_import:
        if opset.domain == ML:
            graph.ml_opset = max(graph.ml_opset, opset.version)
        elif opset.domain:
            graph.domains[opset.domain] = opset.version
    return [_value_of(name_of(output.name), output) for output in model.graph.output]


def _portable_locale(node: Any) -> None:
    """en_US, which is also meant where none is named, is not on slim images; C.UTF-8 is."""
    kept = [attribute for attribute in node.attribute if attribute.name != "locale"]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute("locale", "C.UTF-8")])


def _value_of(name: str, output: Any) -> Value:
    tensor = output.type.tensor_type
    dims = [dim.dim_value for dim in tensor.shape.dim]
    width = int(np.prod(dims[1:])) if len(dims) > 1 and all(dims[1:]) else 1
    return Value(name, DTYPES[tensor.elem_type], width)
