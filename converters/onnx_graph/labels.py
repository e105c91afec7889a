"""Labels as the original picks them: the first largest score, or the sign of one score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted


def label_dtype(classes: npt.ArrayLike) -> str:
    """The dtype of a label output: string, bool, int64 or float64.

    Raises:
        Refused: `label_type` for labels of mixed or other types.
    """
    array = np.asarray(classes)
    if array.dtype.kind in "iu":
        return "int64"
    if array.dtype.kind == "b":
        return "bool"
    if array.dtype.kind == "f":
        return "float64"
    if array.dtype.kind in "U" or all(isinstance(item, str) for item in array.ravel()):
        return "string"
    if array.dtype.kind == "O":
        plain = np.array(array.tolist())
        if plain.dtype.kind in "iubf":
            return label_dtype(plain)
    raise Refused(
        "label_type",
        f"The model's labels are of type {array.dtype}; train it with labels that are text, whole "
        "numbers or booleans.",
    )


def plain_classes(classes: npt.ArrayLike) -> list[Any]:
    """The classes as JSON scalars, in the model's order."""
    array = np.asarray(classes)
    dtype = label_dtype(array)
    if dtype == "string":
        return [str(item) for item in array.ravel()]
    return list(np.array(array.tolist()).astype(dtype).tolist())


def pick(graph: Graph, index: Value, classes: npt.ArrayLike) -> Value:
    """The class at each index: [N] int64 to [N] labels."""
    dtype = label_dtype(classes)
    array = np.array(plain_classes(classes), dtype=object if dtype == "string" else dtype)
    return graph.op("Gather", [graph.const(array, dtype), index], dtype, 0, axis=0)


def first_largest(graph: Graph, scores: Value) -> Value:
    """[N, k] to the [N] int64 index of the largest score, the first one of equals."""
    return graph.op("ArgMax", [scores], "int64", 0, axis=1, keepdims=0, select_last_index=0)


def positive(graph: Graph, score: Value, threshold: float = 0.0) -> Value:
    """[N, 1] to [N] int64: 1 where the score is above the threshold, else 0."""
    above = graph.compare("Greater", score, np.array([[threshold]]))
    return graph.cast(graph.flat(above), "int64")


def classified(
    graph: Graph, index: Value, classes: npt.ArrayLike, scores: Value, source: str
) -> Predicted:
    """A classifier's outputs: its label, and its probabilities or scores."""
    if source == "predict_proba":
        second = Answer("probabilities", OutputKind.PROBABILITIES, source, scores)
    else:
        second = Answer("scores", OutputKind.SCORES, source, scores)
    label = Answer("label", OutputKind.LABEL, "predict", pick(graph, index, classes))
    return Predicted((label, second), plain_classes(classes))


def regressed(graph: Graph, value: Value, source: str = "predict") -> Predicted:
    """A regressor's one output, [N] or [N, k]."""
    shaped = graph.flat(value) if value.width == 1 else value
    return Predicted((Answer("prediction", OutputKind.VALUES, source, shaped),))


def several(
    graph: Graph, indices: Sequence[Value], classes: Sequence[Any], probas: Sequence[Value]
) -> Predicted:
    """A classifier of several targets: labels [N, targets], and probabilities a target."""
    picked = [graph.column(pick(graph, i, c)) for i, c in zip(indices, classes, strict=True)]
    answers = [Answer("label", OutputKind.LABEL, "predict", side_by_side(graph, picked))]
    for place, (proba, names) in enumerate(zip(probas, classes, strict=True)):
        answers.append(target_probabilities(place, proba, names))
    return Predicted(tuple(answers))


def target_probabilities(place: int, proba: Value, classes: npt.ArrayLike) -> Answer:
    """The probabilities of one target of several, which has classes of its own."""
    return Answer(
        f"probabilities_{place}",
        OutputKind.PROBABILITIES,
        f"predict_proba[{place}]",
        proba,
        plain_classes(classes),
    )


def side_by_side(graph: Graph, columns: Sequence[Value]) -> Value:
    """Labels of several targets in one block, of numpy's common dtype.

    Raises:
        Refused: `label_type` where text and numbers would share it.
    """
    dtypes = {column.dtype for column in columns}
    if len(dtypes) > 1 and "string" in dtypes:
        raise Refused(
            "label_type",
            "Some targets' labels are text and others numbers, which one output cannot carry; "
            "train on labels of one type.",
        )
    numbers = dtypes - {"string"}
    common = str(np.result_type(*(np.dtype(name) for name in numbers))) if numbers else "string"
    return graph.concat([graph.cast(column, common) for column in columns])
