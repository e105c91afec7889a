"""Several targets by one model each: side by side, or each seeing the answers before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.onnx_graph import labels, members
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor


@predictor("sklearn.MultiOutputRegressor", text=True)
def regressors(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each target's value, in the order of training."""
    values = [members.ask(graph, one, frame, "predict") for one in estimator.estimators_]
    return labels.regressed(graph, graph.concat(values))


@predictor("sklearn.MultiOutputClassifier", text=True)
def classifiers(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each target's label, and its probabilities where all members have some."""
    members_ = estimator.estimators_
    picked = []
    for one in members_:
        value = members.raw(graph, one, frame, "predict")
        picked.append(graph.column(value) if value.width == 0 else value)
    answers = [Answer("label", OutputKind.LABEL, "predict", labels.side_by_side(graph, picked))]
    if all(hasattr(one, "predict_proba") for one in members_):
        for place, one in enumerate(members_):
            proba = members.raw(graph, one, frame, "predict_proba")
            answers.append(labels.target_probabilities(place, proba, one.classes_))
    return Predicted(tuple(answers))


@predictor("sklearn.RegressorChain")
def regressor_chain(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Each model sees the features and the values predicted before."""
    values = _chained(graph, estimator, frame, "predict", ["predict"])["predict"]
    return labels.regressed(graph, values)


@predictor("sklearn.ClassifierChain")
def classifier_chain(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Labels as the numbers that scikit-learn answers with, and probabilities or scores."""
    shown = ["predict"]
    two = all(len(one.classes_) == 2 for one in estimator.estimators_)
    for source in ("predict_proba", "decision_function"):
        if two and all(hasattr(one, source) for one in estimator.estimators_):
            shown.append(source)
    handed = getattr(estimator, "chain_method_", "predict")
    values = _chained(graph, estimator, frame, handed, shown)
    names = {"predict_proba": "probabilities", "decision_function": "scores"}
    answers = [Answer("label", OutputKind.LABEL, "predict", values["predict"])]
    answers += [
        Answer(names[source], OutputKind.VALUES, source, values[source]) for source in shown[1:]
    ]
    return Predicted(tuple(answers))


def _chained(
    graph: Graph, estimator: Any, frame: Frame, handed: str, shown: list[str]
) -> dict[str, Value]:
    """[N, targets] of each method shown, in the order of the targets.

    handed: what each model hands on to the next ones (sklearn/multioutput.py,
    `_get_predictions`); of two classes' probabilities only the second's.
    """
    given = frame.numbers(graph, "float64")
    before: list[Value] = []
    told: dict[str, list[Value]] = {source: [] for source in shown}
    for one in estimator.estimators_:
        seen = Frame((graph.concat([given, *before]),))
        for source in shown:
            told[source].append(_second(graph, members.ask(graph, one, seen, source), source))
        before.append(_second(graph, members.ask(graph, one, seen, handed), handed))
    order = np.empty(len(estimator.order_), np.int64)
    order[np.asarray(estimator.order_, np.int64)] = np.arange(len(order))
    return {
        source: graph.concat([values[place] for place in order]) for source, values in told.items()
    }


def _second(graph: Graph, value: Value, source: str) -> Value:
    if source in ("predict_proba", "predict_log_proba") and value.width == 2:
        return graph.take(value, [1])
    return value
