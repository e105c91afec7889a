"""XGBoost and LightGBM, bare Boosters and scikit-learn wrappers alike, alone or in a Pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax, two_columns
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.trees import lightgbm as lightgbm_reader
from converters.trees import xgboost as xgboost_reader
from converters.trees.onnx import emit

IDENTITY, SIGMOID, EXP, SOFTMAX, LARGEST = "identity", "sigmoid", "exp", "softmax", "largest"

XGBOOST_LINKS = {
    "binary:logistic": SIGMOID,
    "reg:logistic": SIGMOID,
    "binary:logitraw": IDENTITY,
    "multi:softprob": SOFTMAX,
    "multi:softmax": LARGEST,
    "reg:squarederror": IDENTITY,
    "reg:squaredlogerror": IDENTITY,
    "reg:absoluteerror": IDENTITY,
    "reg:pseudohubererror": IDENTITY,
    "reg:quantileerror": IDENTITY,
    "count:poisson": EXP,
    "reg:gamma": EXP,
    "reg:tweedie": EXP,
    "rank:pairwise": IDENTITY,
    "rank:ndcg": IDENTITY,
    "rank:map": IDENTITY,
}
LIGHTGBM_LINKS = {
    "binary": SIGMOID,
    "cross_entropy": SIGMOID,
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


def _link(links: dict[str, str], objective: str) -> str:
    if objective not in links:
        raise Refused(
            "objective_unknown",
            f"The model's objective is {objective or 'its own'!r}, whose answers are not proven "
            f"here; proven ones are {', '.join(links)}.",
        )
    return links[objective]


def _linked(graph: Graph, raw: Value, link: str) -> Value:
    if link == SIGMOID:
        return graph.sigmoid(raw)
    if link == EXP:
        return graph.unary("Exp", raw)
    return softmax(graph, raw) if link == SOFTMAX else raw


def _xgboost(graph: Graph, estimator: Any, frame: Frame) -> tuple[Value, str]:
    """The linked answer, and which link it was."""
    booster, missing = _booster_of(estimator)
    boosted = xgboost_reader.read(booster)
    link = _link(XGBOOST_LINKS, boosted.objective)
    value = frame.numbers(graph, "float32")
    if missing is not None and not np.isnan(missing):
        is_missing = graph.compare("Equal", value, np.full((1, 1), missing))
        value = graph.where(
            is_missing, graph.const(np.full((1, 1), np.nan), "float32"), value, value
        )
    graph.inexact.append("XGBoost computes in float32")
    total = emit(graph, value, boosted.ensemble)
    return _linked(graph, graph.binary("Add", total, boosted.base.reshape(1, -1)), link), link


def _booster_of(estimator: Any) -> tuple[Any, float | None]:
    """The rounds that answer, and the number that stands for a missing value.

    A wrapper that stopped early answers with its best round, a bare Booster with all of them.
    """
    if type(estimator).__name__ == "Booster":
        return estimator, None
    booster = estimator.get_booster()
    _, end = estimator._get_iteration_range(None)
    return (booster[:end] if end else booster), estimator.missing


@predictor("xgboost.XGBClassifier", "xgboost.XGBRFClassifier")
def xgboost_classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Labels are the classes' numbers, as XGBoost itself answers."""
    answer, link = _xgboost(graph, estimator, frame)
    classes = np.asarray(estimator.classes_).astype(np.int64)
    if link == SIGMOID and answer.width == 1:
        index = labels.positive(graph, answer, 0.5)
        return labels.classified(graph, index, classes, two_columns(graph, answer), "predict_proba")
    if link == SOFTMAX:
        index = labels.first_largest(graph, answer)
        return labels.classified(graph, index, classes, answer, "predict_proba")
    raise Refused(
        "objective_unknown",
        f"A classifier with the objective {estimator.objective!r} is not proven here; train with "
        "binary:logistic or multi:softprob.",
    )


@predictor("xgboost.XGBRegressor", "xgboost.XGBRFRegressor", "xgboost.XGBRanker")
def xgboost_regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """One value, or one a target."""
    answer, _ = _xgboost(graph, estimator, frame)
    return labels.regressed(graph, answer)


@predictor("xgboost.Booster")
def xgboost_booster(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """What `Booster.predict` answers: values or probabilities, and a class for multi:softmax."""
    answer, link = _xgboost(graph, estimator, frame)
    if link == LARGEST:
        classes = np.arange(answer.width)
        label = labels.pick(graph, labels.first_largest(graph, answer), classes)
        return Predicted((Answer("label", OutputKind.LABEL, "predict", label),), classes.tolist())
    return labels.regressed(graph, answer)


def _lightgbm(graph: Graph, estimator: Any, frame: Frame) -> tuple[Value, str]:
    booster = estimator if type(estimator).__name__ == "Booster" else estimator.booster_
    boosted = lightgbm_reader.read(booster)
    link = _link(LIGHTGBM_LINKS, boosted.objective)
    if "sqrt" in boosted.parameters:
        raise Refused(
            "objective_unknown", "LightGBM's reg_sqrt is not proven here; train without it."
        )
    raw = emit(graph, frame.numbers(graph, "float64"), boosted.ensemble)
    if boosted.average > 1:
        raw = graph.binary("Div", raw, np.full((1, 1), float(boosted.average)))
    slope = float(boosted.parameters.get("sigmoid", "1"))
    if link == SIGMOID and slope != 1.0:
        raw = graph.binary("Mul", raw, np.full((1, 1), slope))
    return _linked(graph, raw, link), link


@predictor("lightgbm.LGBMClassifier")
def lightgbm_classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Probabilities; the label is the first largest."""
    answer, link = _lightgbm(graph, estimator, frame)
    if link not in (SIGMOID, SOFTMAX):
        raise Refused(
            "objective_unknown",
            f"A classifier with the objective {estimator.objective_!r} is not proven here.",
        )
    proba = two_columns(graph, answer) if answer.width == 1 else answer
    index = labels.first_largest(graph, proba)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor("lightgbm.LGBMRegressor", "lightgbm.LGBMRanker", "lightgbm.Booster")
def lightgbm_values(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """What `predict` answers: values, or a Booster's probabilities."""
    answer, _ = _lightgbm(graph, estimator, frame)
    return labels.regressed(graph, answer)
