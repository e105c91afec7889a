"""The file's inputs: one tensor where all columns share one numeric type, else one a column."""

from __future__ import annotations

from typing import Any

from converters import types
from converters.contract import Column, Input, Options, Signature
from converters.errors import Refused
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.sources.loaded import TENSOR


def declare(graph: Graph, signature: Signature, options: Options) -> tuple[list[Input], Frame]:
    """Declare the inputs; returns them as the contract names them, and as a frame.

    Raises:
        Refused: `column_type`, `unnamed_columns`, or `inputs_option` where one tensor cannot
            carry the columns.
    """
    if signature.tensor is not None:
        return _declare_tensor(graph, signature)
    dtypes = [_file_dtype(column) for column in signature.columns]
    names = tuple(column.name for column in signature.columns)
    numeric = len(set(dtypes)) == 1 and dtypes[0] not in ("string", "bool")
    if options.inputs == "tensor" and not numeric:
        raise Refused(
            "inputs_option",
            "The signature's columns do not share one numeric type, so one tensor cannot carry "
            "them; ask for inputs=columns.",
        )
    if numeric and options.inputs != "columns":
        value = graph.input(TENSOR, dtypes[0], len(names))
        return [Input(TENSOR, dtypes[0], list(names))], Frame((value,), names)
    if "" in names:
        raise Refused(
            "unnamed_columns",
            f"Column {names.index('') + 1} of the signature has an empty name, which no input of a "
            "file can have; name it and log the model again.",
        )
    values = tuple(graph.input(name, dtype, 1) for name, dtype in zip(names, dtypes, strict=True))
    inputs = [Input(name, dtype, [name]) for name, dtype in zip(names, dtypes, strict=True)]
    return inputs, Frame(values, names)


def _declare_tensor(graph: Graph, signature: Signature) -> tuple[list[Input], Frame]:
    tensor = signature.tensor
    assert tensor is not None  # noqa: S101 - the caller asked; narrows the type
    dtype = types.tensor(tensor.name or TENSOR, tensor.dtype).file
    if dtype == "string":
        raise Refused(
            "column_type",
            f"The signature's tensor is of type {tensor.dtype}, which no converted model takes; "
            "log the model with a tensor of numbers.",
        )
    if signature.width < 1:
        raise Refused(
            "tensor_shape",
            "The signature's tensor does not say how many features a row has; log the model with a "
            "signature that was inferred from a 2-D array.",
        )
    name = tensor.name or TENSOR
    if dtype not in ("string", tensor.dtype):
        graph.narrow = tensor.dtype
    value = graph.input(name, dtype, signature.width)
    return [Input(name, dtype, [name])], Frame((value,))


def _file_dtype(column: Column) -> str:
    return types.column(column.name, column.type).file


def check_width(estimator: Any, frame: Frame) -> None:
    """See that a signature has as many columns as its model was trained on.

    Raises:
        Refused: `signature_width`, but not for a model that picks its columns by name.
    """
    trained = int(getattr(estimator, "n_features_in_", 0))
    if trained and trained != frame.width and not _selects(estimator):
        raise Refused(
            "signature_width",
            f"The signature has {frame.width} columns, the model was trained on {trained}; log the "
            "model again with the signature of its training data.",
        )


def _selects(estimator: Any) -> bool:
    """Whether the model picks its columns by name, so that others may be there or be gone."""
    while getattr(estimator, "steps", None) or hasattr(estimator, "best_estimator_"):
        searched = getattr(estimator, "best_estimator_", None)
        estimator = searched if searched is not None else estimator.steps[0][1]
    return hasattr(estimator, "transformers_") and hasattr(estimator, "feature_names_in_")
