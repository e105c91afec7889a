"""Models that choose, freeze or wrap one other: what they answer is what that one answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import labels, members
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.registry import Predicted, predictor


@predictor("sklearn.FrozenEstimator", text=True)
def frozen(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The frozen model itself."""
    from converters.onnx_graph.compose import predicted

    return predicted(graph, estimator.estimator, frame)


@predictor("sklearn.SelfTrainingClassifier", text=True)
def self_trained(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The model that was trained on the labels found."""
    from converters.onnx_graph.compose import predicted

    return predicted(graph, estimator.estimator_, frame)


@predictor("sklearn.FixedThresholdClassifier", "sklearn.TunedThresholdClassifierCV", text=True)
def threshold(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The positive label where the inner model's response reaches the threshold (`>=`).

    The other outputs are the inner model's own (sklearn/metrics/_scorer.py,
    `_threshold_scores_to_class_labels`; sklearn/utils/_response.py for the response's side).
    """
    from converters.onnx_graph.compose import predicted

    inner = getattr(estimator, "estimator_", estimator.estimator)
    sources = estimator._get_response_method()
    source = members.response(inner, [sources] if isinstance(sources, str) else sources)
    classes = np.asarray(inner.classes_)
    positive = _positive_class(estimator, classes)
    response = members.ask(graph, inner, frame, source)
    if source == "predict_proba":
        response = graph.take(response, [1 if positive is None else positive])
    elif positive == 0:
        response = graph.unary("Neg", response)
    above = graph.compare("GreaterOrEqual", response, [[_limit(estimator, source)]])
    index = graph.cast(graph.flat(above), "int64")
    chosen = 1 if positive is None else positive
    label = labels.pick(graph, index, classes[[1 - chosen, chosen]])
    whole = predicted(graph, inner, frame)
    answers = [
        replace(answer, value=label) if answer.source == "predict" else answer
        for answer in whole.answers
    ]
    return replace(whole, answers=tuple(answers))


def _positive_class(estimator: Any, classes: Any) -> int | None:
    """The positive label's place, None where neither the model nor its scorer names one."""
    scorer = getattr(estimator, "_curve_scorer", None)
    wanted = estimator.pos_label if scorer is None else scorer._get_pos_label()
    if wanted is None:
        return None
    found = np.flatnonzero(classes == wanted)
    if len(found) != 1 or len(classes) != 2:
        raise Refused(
            "label_type",
            f"The positive label {wanted!r} of this threshold is not one of two classes; train it "
            "on two classes, one of them named by pos_label.",
        )
    return int(found[0])


def _limit(estimator: Any, source: str) -> float:
    if hasattr(estimator, "best_threshold_"):
        return float(estimator.best_threshold_)
    if estimator.threshold == "auto":
        return 0.5 if source == "predict_proba" else 0.0
    return float(estimator.threshold)
