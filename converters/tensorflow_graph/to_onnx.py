"""A traced function as one ONNX file: tf2onnx's graph under our names, each operator checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto

from converters.contract import Options, Request
from converters.errors import Refused
from converters.quoting import quoted
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded
from converters.tensorflow_graph import canonical
from converters.tensorflow_graph.handlers import HANDLERS
from converters.tensorflow_graph.serving import Serving, trace

FILE = "model.onnx"
OPSET, IR = 18, 10
OPSETS = range(18, 19)  # what tf2onnx writes
BATCH = "N"
MOST_BYTES = (2 << 30) - (64 << 20)
ELEMENTS = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}
HALVES = (TensorProto.FLOAT16, TensorProto.BFLOAT16)


def write(model: Loaded, request: Request, folder: Path) -> Converted:
    """Convert a model to `model.onnx` in `folder`.

    Raises:
        Refused: `tensorflow_operators`, `too_large`, `half_precision`, `opset`, and what
            `serving.trace` refuses.
    """
    _check_opset(request.options)
    serving = trace(model, request.options)
    _check_size(serving)
    document = _converted(serving)
    _check_operators(document)
    _embed_captures(document, serving)
    _rename(document, serving)
    floats = _float_types(document)
    if floats & set(HALVES):
        raise Refused(
            "half_precision",
            "The model computes in half precision (a mixed_float16 or mixed_bfloat16 policy), "
            "which ONNX Runtime rounds differently on a CPU; export it as SavedModel, or save it "
            "with a float32 policy.",
        )
    exact = TensorProto.FLOAT not in floats
    (folder / FILE).write_bytes(document.SerializeToString(deterministic=True))
    import tf2onnx

    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=serving.inputs,
        outputs=serving.outputs,
        exact=exact,
        facts={
            "converter": f"tf2onnx {tf2onnx.__version__}",
            "opset": str(OPSET),
            "ir": str(document.ir_version),
            "precision": "float64" if exact else "float32",
        },
    )


def _check_opset(options: Options) -> None:
    if options.opset and options.opset not in OPSETS:
        raise Refused(
            "opset", f"Opset {options.opset} cannot be written for TensorFlow; {OPSET} can."
        )


def _check_size(serving: Serving) -> None:
    concrete = serving.function.get_concrete_function()
    size = sum(v.dtype.size * (v.shape.num_elements() or 0) for v in concrete.variables)
    if size > MOST_BYTES:
        raise Refused(
            "too_large",
            f"The model's weights take {size >> 20} MB, and one ONNX file holds 2 GB; export it as "
            "SavedModel.",
        )


def _converted(serving: Serving) -> Any:
    """tf2onnx's own graph."""
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    try:
        document, _ = tf2onnx.convert.from_function(
            serving.function,
            input_signature=serving.specs,
            opset=OPSET,
            custom_op_handlers=HANDLERS,
        )
    except (
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
        NotImplementedError,
        IndexError,
        RuntimeError,
        AssertionError,
    ) as error:
        said = quoted(error, 300)
        raise Refused(
            "tensorflow_operators",
            f"The model's graph cannot be written as ONNX ({type(error).__name__}: {said}); export "
            "it as SavedModel.",
        ) from error
    return document


def _embed_captures(document: Any, serving: Serving) -> None:
    """Put in the tensors that the function holds besides variables, such as a scaler's means.

    tf2onnx makes inputs of them.

    Raises:
        Refused: `tensorflow_operators` for an input that is neither the model's nor held by it.
    """
    held = {
        inner.op.name: outer
        for outer, inner in serving.function.get_concrete_function().graph.captures
    }
    own = {f"x{i}" for i in range(len(serving.inputs))}
    for value in [item for item in document.graph.input if item.name.split(":")[0] not in own]:
        tensor: Any = held.get(value.name.split(":")[0])
        if not hasattr(tensor, "numpy") or tensor.dtype.name not in ELEMENTS:
            raise Refused(
                "tensorflow_operators",
                f"The model's graph asks for {value.name.split(':')[0]!r}, a table or state that "
                "ONNX lacks; export it as SavedModel.",
            )
        document.graph.initializer.append(onnx.numpy_helper.from_array(tensor.numpy(), value.name))
        document.graph.input.remove(value)


def _check_operators(document: Any) -> None:
    """See that every operator is one of ONNX's own.

    Raises:
        Refused: `tensorflow_operators`.
    """
    foreign = {
        node.op_type
        for node in _nodes(document.graph)
        if node.domain not in ("", "ai.onnx", "ai.onnx.ml")
        or not onnx.defs.has(node.op_type, node.domain.removeprefix("ai.onnx") or "")
    }
    ours = {function.name for function in document.functions}
    if foreign - ours:
        raise Refused(
            "tensorflow_operators",
            f"The model leaves TensorFlow operations that ONNX lacks "
            f"({', '.join(sorted(foreign - ours))}); export it as SavedModel, or do that step "
            "before the model.",
        )


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from _nodes(inner)


def _rename(document: Any, serving: Serving) -> None:
    """Give inputs and outputs our names, types and shapes, in our order."""
    graph = document.graph
    given = {value.name.split(":")[0]: value.name for value in graph.input}
    renamed = {
        given[f"x{i}"]: f"{BATCH}:in:{i}" for i in range(len(serving.inputs)) if f"x{i}" in given
    }
    told = [value.name for value in graph.output]
    # Through names that nothing else has, so that no two meet half-way.
    _substitute(graph, renamed)
    taken = {item.name for item in serving.inputs} | {item.name for item in serving.outputs}
    _substitute(graph, {name: f"{name}/inner" for name in _names(graph) & taken - set(told)})
    final = {f"{BATCH}:in:{i}": item.name for i, item in enumerate(serving.inputs)}
    _substitute(graph, final)
    _finish(graph, told, serving)
    canonical.settle(graph)
    document.ir_version = min(document.ir_version, IR)
    document.producer_name = "crossport"
    document.doc_string = graph.doc_string = ""
    del document.metadata_props[:]


def _finish(graph: Any, told: list[str], serving: Serving) -> None:
    """Declare inputs and outputs anew; an output gets its name by an Identity of its own."""
    del graph.input[:]
    for item in serving.inputs:
        shape = item.shape or [len(item.columns)]
        graph.input.append(
            onnx.helper.make_tensor_value_info(item.name, ELEMENTS[item.dtype], [BATCH, *shape])
        )
    del graph.output[:]
    del graph.value_info[:]
    for name, output in zip(told, serving.outputs, strict=True):
        graph.node.append(onnx.helper.make_node("Identity", [name], [output.name]))
        shape = output.shape or ([output.width] if output.width else [])
        graph.output.append(
            onnx.helper.make_tensor_value_info(output.name, ELEMENTS[output.dtype], [BATCH, *shape])
        )


def _names(graph: Any) -> set[str]:
    found = {value.name for value in [*graph.input, *graph.output, *graph.initializer]}
    for node in _nodes(graph):
        found |= {*node.input, *node.output}
    return found


def _substitute(graph: Any, names: dict[str, str]) -> None:
    """Rename values everywhere in a graph, its inner graphs included."""
    for value in [*graph.input, *graph.output, *graph.initializer, *graph.value_info]:
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                if inner.node or inner.output:
                    _substitute(inner, names)


def _float_types(document: Any) -> set[int]:
    """The element types of floats anywhere in the graph, input casts included."""
    whole = onnx.shape_inference.infer_shapes(document)
    found: set[int] = set()
    waiting = [whole.graph]
    while waiting:
        graph = waiting.pop()
        found |= {tensor.data_type for tensor in graph.initializer}
        values = [*graph.input, *graph.output, *graph.value_info]
        found |= {value.type.tensor_type.elem_type for value in values}
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.TENSOR:
                    found.add(attribute.t.data_type)
                if node.op_type == "Cast" and attribute.name == "to":
                    found.add(attribute.i)
                waiting += [inner for inner in [attribute.g, *attribute.graphs] if inner.node]
    return found & {TensorProto.FLOAT, TensorProto.DOUBLE, *HALVES}
