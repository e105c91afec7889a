"""What a model around others asks of them: one method of one fitted member, in double."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import ML, Graph, Value


def ask(graph: Graph, member: Any, frame: Frame, source: str) -> Value:
    """One method's answer as [N, k] float64; [N, 1] where the member answers [N].

    Args:
        member: a fitted estimator, of any kind that converts.
        source: predict, predict_proba, predict_log_proba, decision_function, transform …

    Raises:
        Refused: `no_converter` where this method is not written; what the member's emitter refuses.
    """
    value = raw(graph, member, frame, source)
    if value.dtype == "string":
        raise Refused(
            "no_converter",
            f"{type(member).__name__} answers text inside another model, which cannot be carried; "
            "train it on labels that are whole numbers.",
        )
    return graph.cast(graph.column(value) if value.width == 0 else value, "float64")


def raw(graph: Graph, member: Any, frame: Frame, source: str) -> Value:
    """One method's answer as the member's emitter wrote it.

    Raises:
        Refused: as `ask`.
    """
    from converters.onnx_graph.compose import predicted

    whole = predicted(graph, member, frame)
    for answer in whole.answers:
        if answer.source == source:
            return answer.value
    if source in whole.more:
        return whole.more[source]()
    if source == "predict_log_proba":
        for answer in whole.answers:
            if answer.source == "predict_proba":
                return graph.unary("Log", answer.value)
    raise Refused(
        "no_converter",
        f"{type(member).__name__} inside another model has no {source} that converts; replace it.",
    )


def chosen(graph: Graph, member: Any, frame: Frame, classes: npt.ArrayLike) -> Value:
    """Which of `classes` a member's `predict` names: [N, classes] float64, one 1 a row.

    Raises:
        Refused: as `ask`.
    """
    names = np.asarray(labels.plain_classes(classes))
    value = raw(graph, member, frame, "predict")
    value = graph.column(value) if value.width == 0 else value
    if value.dtype == "string":
        value = graph.op(
            "LabelEncoder",
            [value],
            "int64",
            1,
            domain=ML,
            keys_strings=[str(name) for name in names],
            values_int64s=list(range(len(names))),
            default_int64=-1,
        )
        names = np.arange(len(names))
    elif value.dtype == "bool":
        value, names = graph.cast(value, "int64"), names.astype(np.int64)
    same = graph.compare("Equal", value, names.astype(value.dtype).reshape(1, -1))
    return graph.cast(same, "float64")


def response(member: Any, sources: Sequence[str]) -> str:
    """The first of these methods that the member has, as scikit-learn chooses.

    Raises:
        Refused: `no_converter` where it has none, which scikit-learn itself would not train.
    """
    for source in sources:
        if hasattr(member, source):
            return source
    raise Refused(
        "no_converter",
        f"{type(member).__name__} inside another model has none of {', '.join(sources)}.",
    )
