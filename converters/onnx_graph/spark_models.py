"""Spark ML's models, each in double and in the order of Spark's own arithmetic.

Sources: the models' documentation (spark.apache.org/docs/latest/ml-classification-regression,
ml-clustering) and the Scala sources of org.apache.spark.ml, release 4.2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import labels, normal
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax
from converters.onnx_graph.spark_columns import Column, Table, Traces
from converters.onnx_graph.spark_features import Emitter

MODELS: dict[str, Emitter] = {}
LABEL, PROBABILITIES, SCORES, VALUES = "label", "probabilities", "scores", "values"
# What a mean is kept away from (org.apache.spark.ml.regression.GeneralizedLinearRegression).
EPSILON = 1e-16
LARGEST = float(np.finfo(np.float64).max)


def model(*names: str) -> Callable[[Emitter], Emitter]:
    """Register what writes these models, by their class's name."""

    def register(emit: Emitter) -> Emitter:
        for name in names:
            MODELS[name] = emit
        return emit

    return register


def features(table: Table, stage: Any) -> Column:
    """The vector that a model predicts from, or the one number where it takes one.

    Raises:
        Refused: `spark_width` where the vector has another size than that of training.
    """
    column = table.number(stage.getFeaturesCol())
    trained = getattr(stage, "numFeatures", None)
    if trained is not None and 0 <= int(trained) != column.width:
        raise Refused(
            "spark_width",
            f"{type(stage).__name__} was trained on {int(trained)} features and the signature "
            f"makes {column.width}; log the pipeline with the signature of its training data.",
        )
    return column


def wanted(stage: Any, param: str) -> str:
    """The name of an output column; empty where the stage is told to leave it out."""
    if not stage.hasParam(param) or not stage.isDefined(stage.getParam(param)):
        return ""
    return str(stage.getOrDefault(stage.getParam(param)) or "")


def regressed(table: Table, stage: Any, value: Value, kind: str = VALUES) -> None:
    """A model's one number."""
    if name := wanted(stage, "predictionCol"):
        table.columns[name] = Column(value, kind=kind)


def classified(
    table: Table, stage: Any, raw: Value, probability: Value | None, index: Value | None = None
) -> None:
    """A classifier's raw scores, its probabilities, and the number of the class they name.

    index: [N] where the class is named by a rule of the model's own.
    """
    graph = table.graph
    classes = tuple(float(i) for i in range(raw.width))
    if index is None:
        index = _named(graph, stage, raw, probability)
    if name := wanted(stage, "rawPredictionCol"):
        table.columns[name] = Column(raw, True, kind=SCORES, classes=classes)
    if probability is not None and (name := wanted(stage, "probabilityCol")):
        table.columns[name] = Column(probability, True, kind=PROBABILITIES, classes=classes)
    if name := wanted(stage, "predictionCol"):
        place = graph.column(graph.cast(index, "float64"))
        table.columns[name] = Column(place, kind=LABEL, classes=classes)


def _named(graph: Graph, stage: Any, raw: Value, probability: Value | None) -> Value:
    """[N] int64: the first largest score; with thresholds, of the probabilities over them."""
    thresholds = stage.getThresholds() if _has_thresholds(stage) else None
    if not thresholds or probability is None:
        return labels.first_largest(graph, raw)
    limits = np.asarray(thresholds, np.float64)
    over = Formula(graph, probability) / np.where(limits == 0.0, 1.0, limits)
    if (limits == 0.0).any():
        # Over a threshold of 0 a probability is infinite, and no number where it is 0 itself.
        endless = over * math.inf
        endless = endless.is_nan().where(-math.inf, endless)
        flags = graph.const((limits == 0.0).reshape(1, -1), "bool")
        same = over.equals(over) | over.is_nan()
        here = Formula(graph, graph.op("And", [same.value, flags], "bool", over.value.width))
        over = here.where(endless, over)
    return labels.first_largest(graph, over.value)


def _has_thresholds(stage: Any) -> bool:
    return bool(stage.hasParam("thresholds") and stage.isDefined(stage.getParam("thresholds")))


def dot(graph: Graph, column: Column, coefficients: Any) -> Value:
    """[N, 1] x @ coefficients; a sparse vector's missing slots are not looked at."""
    weights = np.asarray(coefficients.toArray(), np.float64)
    if type(coefficients).__name__ == "SparseVector":
        return _sparse(graph, column.value, weights)
    return graph.matmul(column.value, weights.reshape(-1, 1))


def _sparse(graph: Graph, value: Value, weights: npt.NDArray[np.float64]) -> Value:
    """[N, 1] the product of the slots that have a weight; the others may be NaN or infinite."""
    places = [int(place) for place in np.flatnonzero(weights)]
    if not places:
        missing = Formula(graph, graph.take(value, [0])).is_nan()
        return (missing.cast("float64") * 0.0).value
    return graph.matmul(graph.take(value, places), weights[places].reshape(-1, 1))


def margin(table: Table, stage: Any, coefficients: Any, intercept: float) -> Formula:
    """x @ coefficients + intercept; tells where each input alone carries it over nothing."""
    column = features(table, stage)
    told = np.asarray(coefficients.toArray(), np.float64)
    _tell_scale(table, column.traced(), told, intercept)
    return Formula(table.graph, dot(table.graph, column, coefficients)) + float(intercept)


def _tell_scale(
    table: Table, traces: Traces, weights: npt.NDArray[np.float64], shift: float
) -> None:
    with np.errstate(all="ignore"):
        reach = (np.array([-5.0, -1.0, 1.0, 5.0]) - shift) / weights.reshape(-1, 1)
    reach = np.where(np.abs(reach) < 1e9, reach, np.nan)
    table.hints.add(traces, [row[np.isfinite(row)] for row in reach])


def two(graph: Graph, score: Formula) -> Value:
    """[-score, score]."""
    return graph.concat([(-score).value, score.value])


@model("LogisticRegressionModel")
def logistic(table: Table, stage: Any) -> None:
    """Two classes by one margin and a threshold on it; several by softmax."""
    graph = table.graph
    if int(stage.coefficientMatrix.numRows) == 1:
        score = margin(table, stage, stage.coefficients, float(stage.intercept))
        raw = two(graph, score)
        below = 1.0 / (score.call("Exp") + 1.0)
        probability = graph.concat([below.value, (1.0 - below).value])
        limit = float(stage.getThreshold())
        border = math.log(limit / (1.0 - limit)) if 0.0 < limit < 1.0 else math.inf
        index = labels.positive(graph, score.value, -math.inf if limit == 0.0 else border)
        classified(table, stage, raw, probability, index)
        return
    column = features(table, stage)
    matrix = np.asarray(stage.coefficientMatrix.toArray(), np.float64)
    if type(stage.coefficientMatrix).__name__ == "SparseMatrix":
        product = Formula(graph, graph.concat([_sparse(graph, column.value, w) for w in matrix]))
    else:
        product = Formula(graph, graph.matmul(column.value, matrix.T))
    for weights, shift in zip(matrix, stage.interceptVector.toArray(), strict=True):
        _tell_scale(table, column.traced(), weights, float(shift))
    raw = (product + stage.interceptVector.toArray()).value
    classified(table, stage, raw, softmax(graph, raw))


@model("LinearSVCModel")
def linear_svc(table: Table, stage: Any) -> None:
    """The side of the margin's threshold; no probabilities."""
    score = margin(table, stage, stage.coefficients, float(stage.intercept))
    index = labels.positive(table.graph, score.value, float(stage.getThreshold()))
    classified(table, stage, two(table.graph, score), None, index)


def _factorized(table: Table, stage: Any) -> Formula:
    """The margin, and half of the pairwise products that the factors make."""
    graph = table.graph
    score = margin(table, stage, stage.linear, float(stage.intercept))
    x = Formula(graph, features(table, stage).value)
    factors = np.asarray(stage.factors.toArray(), np.float64)
    summed = Formula(graph, graph.matmul(x.value, factors))
    squares = Formula(graph, graph.matmul((x * x).value, factors * factors))
    return score + (summed * summed - squares).reduce("ReduceSum") * 0.5


@model("FMRegressionModel")
def factorization(table: Table, stage: Any) -> None:
    """A factorization machine's sum."""
    regressed(table, stage, _factorized(table, stage).value)


@model("FMClassificationModel")
def factorization_classifier(table: Table, stage: Any) -> None:
    """A factorization machine's sum by its sign."""
    graph = table.graph
    score = _factorized(table, stage)
    above = 1.0 / ((-score).call("Exp") + 1.0)
    probability = graph.concat([(1.0 - above).value, above.value])
    classified(table, stage, two(graph, score), probability)


@model("LinearRegressionModel")
def linear(table: Table, stage: Any) -> None:
    """The margin itself."""
    regressed(table, stage, margin(table, stage, stage.coefficients, float(stage.intercept)).value)


@model("GeneralizedLinearRegressionModel")
def generalized(table: Table, stage: Any) -> None:
    """The family's mean at the link's inverse of the linear predictor."""
    eta = margin(table, stage, stage.coefficients, float(stage.intercept))
    if name := wanted(stage, "offsetCol"):
        eta = eta + table.formula(name)
    family = str(stage.getFamily()).lower()
    mean = _unlinked(stage, family, eta)
    if family == "tweedie":
        family = TWEEDIE.get(float(stage.getVariancePower()), family)
    mean = _kept_away(family, mean)
    regressed(table, stage, mean.value)
    if name := wanted(stage, "linkPredictionCol"):
        table.columns[name] = Column(eta.value, kind=VALUES)


# The families that Tweedie's is at some variance powers.
TWEEDIE = {0.0: "gaussian", 1.0: "poisson", 2.0: "gamma"}
USUAL_LINKS = {"gaussian": "identity", "binomial": "logit", "poisson": "log", "gamma": "inverse"}


def _unlinked(stage: Any, family: str, eta: Formula) -> Formula:
    if family == "tweedie":
        told = stage.isDefined(stage.getParam("linkPower"))
        power = stage.getLinkPower() if told else 1.0 - float(stage.getVariancePower())
        return _unpowered(float(power), eta)
    link = wanted(stage, "link").lower() or USUAL_LINKS[family]
    if link == "identity":
        return eta
    if link == "logit":
        return 1.0 / ((-eta).call("Exp") + 1.0)
    if link == "log":
        return eta.call("Exp")
    if link == "inverse":
        return 1.0 / eta
    if link == "sqrt":
        return eta * eta
    if link == "cloglog":
        return 1.0 - (-(eta.call("Exp"))).call("Exp")
    if link == "probit":
        return normal.cdf(eta)
    raise Refused(
        "link", f"The model's link, {link}, is not written here; train with logit or log."
    )


def _unpowered(power: float, eta: Formula) -> Formula:
    """The inverse of a power link."""
    if power == 0.0:
        return eta.call("Exp")
    if power == 1.0:
        return eta
    if power == -1.0:
        return 1.0 / eta
    if power == 0.5:
        return eta * eta
    return eta ** (1.0 / power)


def _kept_away(family: str, mean: Formula) -> Formula:
    """The mean inside of what its family can have."""
    if family == "gaussian":
        return (mean > LARGEST).where(LARGEST, (mean < -LARGEST).where(-LARGEST, mean))
    mean = (mean < EPSILON).where(EPSILON, mean)
    if family == "binomial":
        return (mean > 1.0 - EPSILON).where(1.0 - EPSILON, mean)
    return (mean > LARGEST).where(LARGEST, mean)


@model("AFTSurvivalRegressionModel")
def survival(table: Table, stage: Any) -> None:
    """The exponential of the margin; quantiles of Weibull's distribution where asked."""
    score = margin(table, stage, stage.coefficients, float(stage.intercept))
    mean = score.call("Exp")
    regressed(table, stage, mean.value)
    if name := wanted(stage, "quantilesCol"):
        scale = float(stage.scale)
        shares = np.asarray(stage.getQuantileProbabilities(), np.float64)
        factors = np.exp(np.log(-np.log1p(-shares)) * scale)
        table.columns[name] = Column((mean * factors).value, True, kind=VALUES)


@model("MultilayerPerceptronClassificationModel")
def perceptron(table: Table, stage: Any) -> None:
    """Sigmoid layers, and softmax over the last one's sums."""
    graph = table.graph
    sizes = [int(size) for size in stage.getLayers()]
    weights = np.asarray(stage.weights.toArray(), np.float64)
    value, at = features(table, stage).value, 0
    for place, (into, out) in enumerate(itertools.pairwise(sizes)):
        # Column by column, the matrix of a layer and then what it adds.
        matrix = weights[at : at + into * out].reshape(into, out)
        added = weights[at + into * out : at + into * out + out]
        at += into * out + out
        value = graph.binary("Add", graph.matmul(value, matrix), added.reshape(1, -1))
        if place < len(sizes) - 2:
            value = graph.sigmoid(value)
    classified(table, stage, value, softmax(graph, value))


@model("IsotonicRegressionModel")
def isotonic(table: Table, stage: Any) -> None:
    """The line between two neighbouring boundaries; flat beyond the outer ones."""
    graph = table.graph
    column = table.number(stage.getFeaturesCol())
    place = int(stage.getFeatureIndex()) if column.is_vector else 0
    x = Formula(graph, graph.take(column.value, [place]))
    borders = np.asarray(stage.boundaries.toArray(), np.float64)
    heights = np.asarray(stage.predictions.toArray(), np.float64)
    table.hints.add((column.traced()[place],), [borders])
    regressed(table, stage, _between(graph, x, borders, heights).value)


def _between(
    graph: Graph, x: Formula, borders: npt.NDArray[np.float64], heights: npt.NDArray[np.float64]
) -> Formula:
    """y1 + (y2 - y1) * (x - x1) / (x2 - x1) of the piece that holds x; NaN is above all."""
    last = len(borders) - 1
    if last == 0:
        return x.is_nan().cast("float64") * 0.0 + float(heights[0])
    passed = (x >= borders).cast("float64").reduce("ReduceSum") - 1.0
    piece = (passed < 0.0).where(0.0, (passed > last - 1.0).where(last - 1.0, passed))
    index = graph.cast(graph.flat(piece.value), "int64")
    pieces = np.stack([borders[:-1], borders[1:], heights[:-1], heights[1:]], axis=1)
    picked = Formula(graph, graph.op("Gather", [graph.const(pieces), index], "float64", 4, axis=0))
    x1, x2, y1, y2 = (picked.take([i]) for i in range(4))
    inner = y1 + (y2 - y1) * (x - x1) / (x2 - x1)
    inner = x.equals(x1).where(y1, inner)
    above = (x >= float(borders[-1])) | x.is_nan()
    return (x <= float(borders[0])).where(float(heights[0]), above.where(float(heights[-1]), inner))


@model("OneVsRestModel")
def one_vs_rest(table: Table, stage: Any) -> None:
    """The class whose own model is surest, the first of equals."""
    scores = []
    for inner in stage.models:
        own = Table(table.graph, dict(table.columns), table.broken, table.hints)
        raw = wanted(inner, "rawPredictionCol")
        if type(inner).__name__ not in MODELS or not raw:
            raise Refused(
                "spark_stage",
                f"OneVsRest is around a {type(inner).__name__}, which has no raw scores here; "
                "put LogisticRegression or LinearSVC into it.",
            )
        inner_features = inner.copy()
        inner_features._set(featuresCol=stage.getFeaturesCol())
        MODELS[type(inner).__name__](own, inner_features)
        scores.append(table.graph.take(own.columns[raw].value, [1]))
    classified(table, stage, table.graph.concat(scores), None)
