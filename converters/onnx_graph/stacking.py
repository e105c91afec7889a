"""Stacks: what the members answer, side by side, is what the last estimator sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import labels, members
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.registry import Predicted, predictor


def _meta(graph: Graph, estimator: Any, frame: Frame, classes: int) -> Frame:
    """The last estimator's features (sklearn/ensemble/_stacking.py, `_concatenate_predictions`).

    Of two classes' probabilities only the second counts; the original columns come last.
    """
    parts = []
    for member, source in zip(estimator.estimators_, estimator.stack_method_, strict=True):
        value = members.raw(graph, member, frame, source)
        if value.dtype == "string":
            value = members.ask(graph, member, frame, source)
        value = graph.column(value) if value.width == 0 else value
        if source == "predict_proba" and classes == 2:
            value = graph.take(value, list(range(1, value.width)))
        parts.append(value)
    if estimator.passthrough:
        parts += frame.values
    if any(part.dtype == "string" for part in parts):
        raise Refused(
            "strings_not_encoded",
            f"{type(estimator).__name__} hands text columns on to its last estimator; encode them "
            "before it, inside the model's Pipeline.",
        )
    return Frame(tuple(parts))


@predictor("sklearn.StackingRegressor", text=True)
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The last estimator's value."""
    meta = _meta(graph, estimator, frame, 0)
    return labels.regressed(graph, members.ask(graph, estimator.final_estimator_, meta, "predict"))


@predictor("sklearn.StackingClassifier", text=True)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The last estimator's label, decoded, and its probabilities or scores.

    Raises:
        Refused: `several_outputs` for several labels at once.
    """
    from converters.onnx_graph.compose import predicted

    if isinstance(estimator.classes_, list):
        raise Refused(
            "several_outputs",
            "This StackingClassifier predicts several labels at once; train one stack a label.",
        )
    classes = np.asarray(estimator.classes_)
    meta = _meta(graph, estimator, frame, len(classes))
    whole = predicted(graph, estimator.final_estimator_, meta)
    known = np.asarray(estimator.final_estimator_.classes_)
    answers = []
    for answer in whole.answers:
        if answer.source == "predict":
            # The last estimator was trained on the classes' places.
            index = graph.cast(answer.value, "int64")
            answer = replace(answer, value=labels.pick(graph, index, classes))
        answers.append(answer)
    shown = [classes[int(place)] for place in known]
    return Predicted(tuple(answers), labels.plain_classes(np.array(shown)), whole.more)
