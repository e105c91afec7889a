"""LightGBM, bare Boosters and scikit-learn wrappers alike, alone or in a Pipeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.boosters import (
    EXP,
    IDENTITY,
    SIGMOID,
    SOFTMAX,
    SOFTPLUS,
    SQUARE,
    link_of,
    linked,
)
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import two_columns
from converters.onnx_graph.registry import Predicted, predictor
from converters.trees import lightgbm as reader
from converters.trees.keys import rows
from converters.trees.onnx import emit

LINKS = {
    "binary": SIGMOID,
    "cross_entropy": SIGMOID,
    "cross_entropy_lambda": SOFTPLUS,
    "multiclass": SOFTMAX,
    "multiclassova": SIGMOID,
    "regression": IDENTITY,
    "regression_l1": IDENTITY,
    "huber": IDENTITY,
    "fair": IDENTITY,
    "quantile": IDENTITY,
    "mape": IDENTITY,
    "poisson": EXP,
    "gamma": EXP,
    "tweedie": EXP,
    "lambdarank": IDENTITY,
    "rank_xendcg": IDENTITY,
}


def _answer(graph: Graph, estimator: Any, frame: Frame) -> tuple[Value, str, Value]:
    """The linked answer, which link it was, and the sums before it."""
    bare = type(estimator).__name__ == "Booster"
    if not bare and estimator.get_params().get("pred_early_stop"):
        raise Refused(
            "pred_early_stop",
            "The model leaves out trees where the sum is far enough from a border "
            "(pred_early_stop=True), which no file does. Switch it off, by "
            "set_params(pred_early_stop=False), and log the model again.",
        )
    booster = estimator if bare else estimator.booster_
    boosted = reader.read(booster)
    # An objective of the owner's own: LightGBM answers with the sums.
    link = link_of(LINKS, boosted.objective) if boosted.objective else IDENTITY
    if "sqrt" in boosted.parameters:
        link = SQUARE
    ensemble = boosted.ensemble
    if id(estimator) in graph.sparse_fed:
        ensemble = replace(ensemble, flushes=False)
    raw = emit(graph, rows(graph, frame, ensemble, "float64"), ensemble)
    if boosted.average > 1:
        raw = graph.binary("Div", raw, np.full((1, 1), float(boosted.average)))
    margin = raw
    slope = float(boosted.parameters.get("sigmoid", "1"))
    if link == SIGMOID and slope != 1.0:
        raw = graph.binary("Mul", raw, np.full((1, 1), slope))
    return linked(graph, raw, link), link, margin


@predictor("lightgbm.LGBMClassifier", text=True)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Probabilities; the label is the first largest. Sums for an objective of the owner's own."""
    answer, link, margin = _answer(graph, estimator, frame)
    if callable(estimator._objective):
        return labels.regressed(graph, answer)
    if link not in (SIGMOID, SOFTMAX):
        raise Refused(
            "objective_unknown",
            f"A classifier with the objective {estimator.objective_!r} is not proven here; train "
            "with binary, multiclass or multiclassova.",
        )
    proba = two_columns(graph, answer) if answer.width == 1 else answer
    index = labels.first_largest(graph, proba)
    found = labels.classified(graph, index, estimator.classes_, proba, "predict_proba")
    scores = {"decision_function": lambda: graph.flat(margin) if margin.width == 1 else margin}
    return replace(found, more=scores)


@predictor("lightgbm.LGBMRegressor", "lightgbm.LGBMRanker", "lightgbm.Booster", text=True)
def values(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """What `predict` answers: values, or a Booster's probabilities."""
    answer, *_ = _answer(graph, estimator, frame)
    return labels.regressed(graph, answer)
