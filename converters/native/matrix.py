"""A vendor's file takes one matrix of numbers, and answers one number or one vector a row."""

from __future__ import annotations

from typing import Any

from converters import types
from converters.contract import Input, Output, OutputKind, Signature
from converters.errors import Refused
from converters.sources import voices
from converters.sources.loaded import TENSOR

# Whose second column is the positive class of two: what a vendor's file answers for it.
POSITIVE = f"predict_proba{voices.POSITIVE}"


def inputs(signature: Signature, dtype: str) -> list[Input]:
    """The one input `X`, [N, features] in `dtype`, that carries every column in order.

    A vendor's library takes NaN for a missing value wherever the signature has real numbers.

    Raises:
        Refused: `native_text` where a column holds text.
    """
    if signature.tensor is not None:
        kind = types.tensor(signature.tensor.name or TENSOR, signature.tensor.dtype)
        if kind.file == "string":
            raise _text(signature.tensor.name or TENSOR)
        name = signature.tensor.name or TENSOR
        return [Input(name, dtype, [name], nullable=bool(kind.missing))]
    kinds = [types.column(column.name, column.type) for column in signature.columns]
    for column, kind in zip(signature.columns, kinds, strict=True):
        if kind.file == "string":
            raise _text(column.name)
    names = [column.name for column in signature.columns]
    return [Input(TENSOR, dtype, names, nullable=any(kind.missing for kind in kinds))]


def output(estimator: Any, width: int, chosen: bool = False) -> Output:
    """What the vendor's library answers: probabilities of a classifier, else the prediction.

    Args:
        width: how many numbers a row, 0 for one.
        chosen: the one number is the number of the chosen class.
    """
    classes = getattr(estimator, "classes_", None)
    # With an objective of the owner's own, LightGBM answers with its sums.
    own = callable(getattr(estimator, "_objective", None))
    if own or classes is None or not hasattr(estimator, "predict_proba"):
        return Output("prediction", OutputKind.VALUES, "float64", width)
    names = [label.item() if hasattr(label, "item") else label for label in classes]
    if chosen:
        return Output("label", OutputKind.LABEL, "int64", 0, names)
    if len(names) == 2 and width == 0:
        # Judged as one number; the class it belongs to is told by its name.
        kind = OutputKind.PROBABILITIES
        return Output("probability", kind, "float64", 0, [names[1]], POSITIVE)
    if len(names) != width:
        raise Refused(
            "objective_unknown",
            f"This classifier has {len(names)} classes and its file answers {width or 1} numbers a "
            "row; train it with an objective that gives probabilities.",
        )
    kind = OutputKind.PROBABILITIES
    return Output("probabilities", kind, "float64", width, names, "predict_proba")


def _text(name: str) -> Refused:
    return Refused(
        "native_text",
        f"Column {name!r} holds text, which the wrapper in Python turns into numbers before the "
        "model's own file sees it; export to ONNX, or encode the column before the model.",
    )
