"""One traced function of a model, in the signature's types and names, with what it takes and gives.

Its arguments are the inputs of the converted file, its results the outputs, in order. Casts are
part of it, in the order in which the original makes them, so that every number is rounded alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters import types
from converters.contract import Input, Options, Output, OutputKind, Signature
from converters.errors import Refused
from converters.quoting import quoted
from converters.sources.loaded import TENSOR, Loaded
from converters.sources.tensorflow_model import (
    HIGHEST,
    PROBE_ROWS,
    TEXT,
    WIDENED,
    TensorFlowModel,
    flattened,
)

# Keras activations whose answers are probabilities: judged by their absolute error.
PROBABILITIES = ("softmax", "sigmoid")
DTYPES = ("float32", "float64", "int32", "int64", "bool", "string")


@dataclass
class Serving:
    """A traced function and its meaning.

    Attributes:
        function: takes `inputs` as positional tensors, gives `outputs` as a tuple.
        specs: one TensorSpec an input.
    """

    function: Any
    specs: list[Any]
    inputs: list[Input]
    outputs: list[Output]


def trace(model: Loaded, options: Options) -> Serving:
    """Trace a model for any number of rows.

    Raises:
        Refused: `not_traceable`, `original_fails`, `output_type`, `output_shape`, `column_type`.
    """
    import tensorflow as tf

    estimator: TensorFlowModel = model.estimator
    inputs = _inputs(model.signature, options, estimator.floatx)
    specs = [
        tf.TensorSpec([None, *(item.shape or [len(item.columns)])], item.dtype, name=f"x{i}")
        for i, item in enumerate(inputs)
    ]
    arrange = _arranger(model.signature, estimator, inputs)
    names: list[str] = []

    def serve(*tensors: Any) -> tuple[Any, ...]:
        named = flattened(estimator.call(arrange(tensors)), estimator.output_names)
        names[:] = list(named)
        return tuple(_widened(value) for value in named.values())

    function = tf.function(serve, input_signature=specs)
    _settle_ranges(model, _as_is(estimator, model.signature))
    traced = _traced(model, function)
    if _asks_for_nan(traced):
        inputs = [replace(one, nullable=one.dtype.startswith("float")) for one in inputs]
    outputs = _outputs(model, names, traced, [item.name for item in inputs])
    return Serving(function, specs, inputs, outputs)


def probe(model: Loaded, value: float = 0.0, rows: int = PROBE_ROWS, only: str = "") -> Any:
    """A frame of some rows in which every cell has one value (`only` names the tensor with it)."""
    made = {}
    signature = model.signature
    for tensor in signature.all_tensors:
        name = tensor.name or TENSOR
        filled = value if only in ("", name) else 0.0
        cells = [rows, tensor.width]
        text = tensor.dtype == TEXT
        made[name] = np.full(cells, "a" if text else filled).astype(tensor.dtype)
    for column in signature.columns:
        dtype = types.column(column.name, column.type).rows
        made[column.name] = np.full(rows, "a" if dtype == TEXT else value).astype(dtype)
    return model.frame(made)


def _inputs(signature: Signature, options: Options, floatx: str) -> list[Input]:
    """One input a tensor; columns are one input together where they share a type.

    floatx: the type to which Keras casts every float before anything else; so that nothing is
    rounded in another way, the file takes that type itself.
    """
    tensors = signature.all_tensors
    if tensors:
        return [
            Input(
                tensor.name or TENSOR,
                _file_dtype(tensor.dtype, floatx),
                [tensor.name or TENSOR],
                shape=list(tensor.shape[1:]),
            )
            for tensor in tensors
        ]
    dtypes = [types.column(column.name, column.type).rows for column in signature.columns]
    for column, dtype in zip(signature.columns, dtypes, strict=True):
        if dtype.startswith("datetime"):
            raise Refused(
                "column_type",
                f"The column {column.name!r} is a datetime, which no tensor of this model holds; "
                "make it a number before the model.",
            )
    names = [column.name for column in signature.columns]
    together = options.inputs == "tensor" or (options.inputs == "auto" and len(set(dtypes)) == 1)
    if together and len(set(dtypes)) == 1:
        return [Input(TENSOR, _file_dtype(dtypes[0], floatx), names)]
    return [
        Input(name, _file_dtype(dtype, floatx), [name])
        for name, dtype in zip(names, dtypes, strict=True)
    ]


def signature_rank(signature: Signature, name: str) -> int:
    """How many axes a tensor of the signature has, the batch included."""
    tensors = signature.all_tensors
    return next(len(one.shape) for one in tensors if (one.name or TENSOR) == name)


def _file_dtype(dtype: str, floatx: str = "") -> str:
    if floatx and dtype.startswith("float"):
        return floatx
    return "string" if dtype == TEXT else dtype


def _arranger(
    signature: Signature, estimator: TensorFlowModel, inputs: Sequence[Input]
) -> Callable[[Sequence[Any]], Any]:
    """From the file's inputs to what the original is called with: its structure, its types."""
    import tensorflow as tf

    if signature.columns:
        dtypes = {types.column(column.name, column.type).rows for column in signature.columns}
        if len(dtypes) > 1 and dtypes & {"bool", TEXT}:
            raise Refused(
                "column_type",
                "The signature mixes numbers with booleans or text, which reach the model as "
                "objects that TensorFlow does not take; log it with columns of one type.",
            )
        # As pandas finds one type for an array of all columns.
        common = dtypes.pop() if len(dtypes) == 1 else str(np.result_type(*dtypes))

        def from_columns(tensors: Sequence[Any]) -> Any:
            wide = [_cast(tensor, _file_dtype(common)) for tensor in tensors]
            whole = wide[0] if len(wide) == 1 else tf.concat(wide, axis=1)
            return _keras_cast(estimator, whole)

        return from_columns

    def from_tensors(tensors: Sequence[Any]) -> Any:
        made = {}
        for item, tensor in zip(inputs, tensors, strict=True):
            own = estimator.given_dtypes.get(item.name, item.dtype)
            if own != "float64" or not estimator.floatx:
                tensor = _cast(tensor, _file_dtype(own))
            if not item.shape and signature_rank(signature, item.name) == 1:
                tensor = tf.reshape(tensor, [-1])
            made[item.name] = _keras_cast(estimator, tensor)
        return made if signature.tensors else next(iter(made.values()))

    return from_tensors


def _cast(tensor: Any, dtype: str) -> Any:
    import tensorflow as tf

    return tensor if tensor.dtype.name == dtype else tf.cast(tensor, dtype)


def _keras_cast(estimator: TensorFlowModel, tensor: Any) -> Any:
    """Keras' predict first turns every float that it is fed into its own floating-point type."""
    if estimator.floatx and tensor.dtype.is_floating:
        return _cast(tensor, estimator.floatx)
    return tensor


def _widened(value: Any) -> Any:
    import tensorflow as tf

    tensor = tf.convert_to_tensor(value)
    wide = WIDENED.get(tensor.dtype.name)
    return tf.cast(tensor, wide) if wide else tensor


def _traced(model: Loaded, function: Any) -> Any:
    """The concrete function for any number of rows.

    Raises:
        Refused: `not_traceable`, `original_fails` where the original itself takes no rows either.
    """
    try:
        return function.get_concrete_function()
    except (Refused, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        # Tracing runs the model's own Python: whatever it raises is the model's own affair.
        said = quoted(error, 300)
        _asked(model)
        raise Refused(
            "not_traceable",
            f"TensorFlow cannot trace the model for any number of rows: {type(error).__name__}: "
            f"{said}. Use TensorFlow operations only, with a free first axis (None).",
        ) from error


def _asked(model: Loaded) -> dict[str, Any]:
    """The original's answers for some rows of zeros.

    Raises:
        Refused: `original_fails`.
    """
    try:
        answers: dict[str, Any] = model.estimator.answers(probe(model))
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # Foreign code: any exception is the original's way of not answering.
        shown = quoted(error, 300)
        raise Refused(
            "original_fails",
            f"The model itself does not answer rows of its signature: {type(error).__name__}: "
            f"{shown}. Check that the signature is what the model takes.",
        ) from error
    return answers


def _asks_for_nan(traced: Any) -> bool:
    """Whether the model itself looks for missing values.

    No other network means anything by NaN: TensorFlow's relu takes it for 0 or leaves it alone,
    depending on what it was fused with, so NaN is then no input of the converted file.
    """
    graph = traced.graph.as_graph_def()
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    return any(node.op in ("IsNan", "IsFinite") for node in nodes)


def _outputs(
    model: Loaded, names: Sequence[str], traced: Any, taken: Sequence[str]
) -> list[Output]:
    """What each result is: its name, type, and the shape of one row."""
    estimator: TensorFlowModel = model.estimator
    told = _asked(model)
    probable = estimator.last_layer in PROBABILITIES
    outputs = []
    for name, tensor in zip(names, traced.outputs, strict=True):
        dtype = tensor.dtype.name
        values = told.get(name)
        if values is None or not values.ndim or len(values) != PROBE_ROWS:
            raise Refused(
                "output_shape",
                f"The output {name!r} has no row for each row of the input, so rows cannot be "
                "scored one by one; return one answer a row.",
            )
        if dtype not in DTYPES:
            raise Refused(
                "output_type",
                f"The output {name!r} is of type {dtype}, which no converted file gives; return "
                "numbers, booleans or text.",
            )
        real = dtype.startswith("float")
        kind = OutputKind.PROBABILITIES if probable else OutputKind.VALUES
        shape = list(values.shape[1:])
        shown = name
        while shown in taken:
            shown += "_"
        outputs.append(
            Output(
                name=shown,
                kind=kind if real else OutputKind.LABEL,
                dtype=dtype,
                width=int(np.prod(shape)) if shape else 0,
                source=name,
                shape=shape if len(shape) > 1 else [],
            )
        )
    return outputs


def _as_is(estimator: TensorFlowModel, signature: Signature) -> list[str]:
    """The tensors whose numbers may be limited: those with no limit yet that hold numbers."""
    tensors = signature.all_tensors
    return [
        one.name
        for one in tensors
        if one.name not in estimator.input_ranges and np.dtype(one.dtype).kind in "iuf"
    ]


def _settle_ranges(model: Loaded, names: Sequence[str]) -> None:
    """Find the numbers that the model takes, where it does not take them all (an embedding)."""
    for name in names:

        def takes(value: float, name: str = name) -> bool:
            try:
                model.estimator.answers(probe(model, value, rows=1, only=name))
            except (Exception, SystemExit):
                # Foreign code: any exception is the model's way of not taking a number.
                return False
            return True

        if not takes(0) or (takes(-1) and takes(HIGHEST)):
            continue
        low = -1 if takes(-1) else 0
        model.estimator.input_ranges[name] = (low, _highest(takes))


def _highest(takes: Callable[[float], bool]) -> int:
    """The highest number taken, at most HIGHEST; 0 is taken."""
    low, high = 0, 1
    while high <= HIGHEST and takes(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if takes(middle) else (low, middle)
    return low
