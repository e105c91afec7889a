"""scikit-learn's trees, forests and boosted trees, on our exact ensembles."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.encoding import ordinal
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax, two_columns, with_scores
from converters.onnx_graph.members import ask
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.onnx_graph.text_columns import numeric
from converters.trees import sklearn as reader
from converters.trees.form import Ensemble
from converters.trees.onnx import emit


@predictor(
    "sklearn.DecisionTreeClassifier",
    "sklearn.ExtraTreeClassifier",
    "sklearn.RandomForestClassifier",
    "sklearn.ExtraTreesClassifier",
)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the trees' class fractions; the label is the first largest, target by target."""
    members = _members(estimator)
    probas = [
        _mean(graph, frame, reader.forest(members, frame.width, target))
        for target in range(int(estimator.n_outputs_))
    ]
    if len(probas) > 1:
        indices = [labels.first_largest(graph, proba) for proba in probas]
        return labels.several(graph, indices, estimator.classes_, probas)
    (proba,) = probas
    index = labels.first_largest(graph, proba)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor(
    "sklearn.DecisionTreeRegressor",
    "sklearn.ExtraTreeRegressor",
    "sklearn.RandomForestRegressor",
    "sklearn.ExtraTreesRegressor",
)
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the trees, one target or several."""
    return labels.regressed(
        graph, _mean(graph, frame, reader.forest(_members(estimator), frame.width))
    )


def _members(estimator: Any) -> list[Any]:
    return list(getattr(estimator, "estimators_", None) or [estimator])


def _mean(graph: Graph, frame: Frame, ensemble: Ensemble) -> Value:
    total = emit(graph, frame.numbers(graph), ensemble)
    count = len(ensemble.trees)
    return total if count == 1 else graph.binary("Div", total, np.full((1, 1), float(count)))


def _boosted(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """GradientBoosting's raw sums, [N, trees a stage]."""
    total = emit(graph, frame.numbers(graph), reader.gradient_boosting(estimator))
    if estimator.init_ != "zero" and not type(estimator.init_).__name__.startswith("Dummy"):
        return graph.binary("Add", _started(graph, estimator, frame), total)
    start = estimator._raw_predict_init(np.zeros((1, frame.width), np.float32))
    return graph.binary("Add", total, np.asarray(start, np.float64).reshape(1, -1))


def _started(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """The first answer of `init`, which is fed float32, before the loss's link (sklearn's _gb)."""
    fed = frame.numbers(graph, "float32")
    graph.inexact.append("the estimator that this model starts from computes in float32")
    source = "predict_proba" if hasattr(estimator, "classes_") else "predict"
    told = ask(graph, estimator.init_, Frame((fed,), frame.names), source)
    link = type(estimator._loss.link).__name__
    if link == "IdentityLink":
        return told
    epsilon = np.finfo(np.float64).eps
    told = told if link == "MultinomialLogit" else graph.take(told, [1])
    low = graph.const(np.full((1, 1), epsilon), "float64")
    high = graph.const(np.full((1, 1), 1 - epsilon), "float64")
    capped = graph.op("Max", [told, low], "float64", told.width)
    capped = graph.op("Min", [capped, high], "float64", told.width)
    if link == "MultinomialLogit":
        logs = graph.unary("Log", capped)
        return graph.binary("Sub", logs, graph.reduce("ReduceMean", logs))
    if link not in ("LogitLink", "HalfLogitLink"):
        raise Refused("init_estimator", f"This model's init has the link {link}, not proven here.")
    rest = graph.op("Sub", [graph.const(np.ones((1, 1)), "float64"), capped], "float64", 1)
    odds = graph.unary("Log", graph.op("Div", [capped, rest], "float64", 1))
    return odds if link == "LogitLink" else graph.binary("Mul", odds, np.full((1, 1), 0.5))


@predictor("sklearn.GradientBoostingClassifier")
def boosted_classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Raw sums, then sigmoid or softmax; two classes: the second where the sum is `>= 0`."""
    raw = _boosted(graph, estimator, frame)
    if raw.width > 1:
        index = labels.first_largest(graph, raw)
        proba = softmax(graph, raw)
    else:
        at_least = graph.compare("GreaterOrEqual", raw, np.zeros((1, 1)))
        index = graph.cast(graph.flat(at_least), "int64")
        doubled = graph.binary("Mul", raw, np.full((1, 1), 2.0))
        proba = two_columns(
            graph, graph.sigmoid(doubled if estimator.loss == "exponential" else raw)
        )
    whole = labels.classified(graph, index, estimator.classes_, proba, "predict_proba")
    return with_scores(graph, whole, raw)


@predictor("sklearn.GradientBoostingRegressor")
def boosted_regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The raw sums are the answer."""
    return labels.regressed(graph, _boosted(graph, estimator, frame))


def _hist(graph: Graph, estimator: Any, frame: Frame) -> Value:
    ensemble = reader.hist_gradient_boosting(estimator)
    total = emit(graph, _encoded(graph, estimator, frame), ensemble)
    base = np.asarray(estimator._baseline_prediction, np.float64).reshape(1, -1)
    return graph.binary("Add", total, base)


def _encoded(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """The row as the trees see it: categories as codes, unknown ones NaN, before all numbers."""
    if estimator._preprocessor is None:
        return numeric(estimator, frame).numbers(graph, "float64")
    coded = np.flatnonzero(estimator.is_categorical_).tolist()
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    parts = [ordinal(graph, encoder, frame.take(graph, coded)).numbers(graph, "float64")]
    plain = np.flatnonzero(~estimator.is_categorical_).tolist()
    if plain:
        parts.append(numeric(estimator, frame.take(graph, plain)).numbers(graph, "float64"))
    return graph.concat(parts)


@predictor("sklearn.HistGradientBoostingClassifier", text=True)
def hist_classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Double sums, then sigmoid or softmax."""
    raw = _hist(graph, estimator, frame)
    if raw.width > 1:
        index, proba = labels.first_largest(graph, raw), softmax(graph, raw)
    else:
        index = labels.positive(graph, raw)
        proba = two_columns(graph, graph.sigmoid(raw))
    whole = labels.classified(graph, index, estimator.classes_, proba, "predict_proba")
    return with_scores(graph, whole, raw)


@predictor("sklearn.HistGradientBoostingRegressor", text=True)
def hist_regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Double sums, then the loss's inverse link."""
    raw = _hist(graph, estimator, frame)
    link = type(estimator._loss.link).__name__
    if link == "LogLink":
        raw = graph.unary("Exp", raw)
    elif link != "IdentityLink":
        raise Refused(
            "objective_unknown", f"The loss {estimator.loss} has a link that is not proven here."
        )
    return labels.regressed(graph, raw)


@predictor("sklearn.IsolationForest")
def isolation(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Scores from the depths at which rows end, and 1 or -1 by their sign."""
    ensemble, divisor = reader.isolation(estimator)
    depths = emit(graph, frame.numbers(graph, "float32"), ensemble)
    if divisor == 0.0:
        # Trees of one row each have no depth; scikit-learn sets the share of it to one.
        depths, divisor = graph.binary("Add", depths, np.ones((1, 1))), 1.0
    power = graph.binary("Div", depths, np.full((1, 1), -divisor))
    two = graph.const(np.full((1, 1), 2.0), "float64")
    anomaly = graph.op("Pow", [two, power], "float64", 1)
    zero = graph.const(np.full((1, 1), -float(estimator.offset_)), "float64")
    score = graph.op("Sub", [zero, anomaly], "float64", 1)
    inlier = graph.cast(
        graph.flat(graph.compare("GreaterOrEqual", score, np.zeros((1, 1)))), "int64"
    )
    label = labels.pick(graph, inlier, np.array([-1, 1]))
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", label),
            Answer("scores", OutputKind.SCORES, "decision_function", graph.flat(score)),
        ),
        [-1, 1],
    )
