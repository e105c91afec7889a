"""Neighbours: the nearest training rows, or those in a radius, and what they vote or average.

Of rows equally far at the last place scikit-learn takes whichever its search met first, which
hangs on its tree, its threads and its rounding; the graph takes the first one of the training
data. Where that changes the answer, the original is not its own judge, and such rows are counted
apart (converters.sources.unsettled); the model's owner is told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import distances, labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.sources import unsettled

TIE_NOTE = (
    "Where training rows lie equally far at the last place that counts, scikit-learn takes one by "
    "the order of its search, the converted file the first of the training data."
)


# Beyond this share of training rows whose own answer hangs on a tie, a file would answer otherwise
# too often; below it the ties are counted, left out of the proof by name, and told.
MOST_TIED = 0.05
TIED_ROWS = 1000


def refuse_ties(estimator: Any) -> None:
    """See that few of the model's own rows lie equally far from others that answer otherwise.

    Raises:
        Refused: `neighbours_tied`, as with whole numbers or duplicates in the training data.
    """
    trained = estimator._fit_X
    rows = np.asarray(trained.toarray() if hasattr(trained, "toarray") else trained)
    step = max(1, len(rows) // TIED_ROWS)
    tied = float(unsettled.tied_neighbours(estimator, rows[::step]).mean())
    if tied > MOST_TIED:
        raise Refused(
            "neighbours_tied",
            f"For {tied:.0%} of its own training rows this {type(estimator).__name__} has several "
            "neighbours equally far at the last place, and takes one by the order of its search, "
            "which no file can follow. Drop duplicate rows, train on finer values than whole "
            "numbers, or use another model.",
        )


class Search:
    """Distances from the rows in the graph to all training rows of an estimator.

    Attributes:
        rank: [N, rows] growing with the distance.
    """

    def __init__(self, graph: Graph, estimator: Any, frame: Frame) -> None:
        self.graph, self.estimator = graph, estimator
        self.metric, options = distances.settings(estimator)
        self.power = float(options.get("p", 2))
        self.rows = distances.carried(estimator._fit_X, type(estimator).__name__)
        self.products = estimator._fit_method == "brute"
        self.value = frame.numbers(graph, "float64")
        self.rank = distances.ranked(
            graph, self.value, self.rows, self.metric, self.power, self.products
        )
        self.coarse = self.products and self.metric in ("euclidean", "l2", "sqeuclidean")

    def nearest(self, count: int) -> tuple[Value, Value]:
        """[N, count] distances and places of the nearest, the first of equals."""
        graph = self.graph
        amount = graph.const([count], "int64")
        rank, places = graph.ops(
            "TopK",
            [self.rank, amount],
            [("float64", count), ("int64", count)],
            axis=1,
            largest=0,
            sorted=1,
        )
        if self.coarse:
            rank = self._again(places, count)
        return distances.distance(graph, rank, self.metric, self.power), places

    def _again(self, places: Value, count: int) -> Value:
        """Squared distances of the chosen by differences: products lose what is near."""
        graph = self.graph
        chosen = graph.op("Gather", [graph.const(self.rows), places], "float64", count, axis=0)
        middle = graph.op("Unsqueeze", [self.value, graph.const([1], "int64")], "float64", 1)
        away = graph.op("Sub", [middle, chosen], "float64", count)
        axes = graph.const([2], "int64")
        squared = graph.op("Mul", [away, away], "float64", count)
        return graph.op("ReduceSum", [squared, axes], "float64", count, keepdims=0)


def _weights(graph: Graph, estimator: Any, far: Value) -> Value | None:
    """One over the distance; where some are at no distance, those alone count.

    Raises:
        Refused: `own_python` for weights that are a function.
    """
    if estimator.weights in (None, "uniform"):
        return None
    if estimator.weights != "distance":
        raise Refused(
            "own_python",
            f"{type(estimator).__name__} weights its neighbours with your own Python; use "
            "weights='uniform' or 'distance'.",
        )
    weight = graph.unary("Reciprocal", far)
    endless = graph.op("IsInf", [weight], "bool", far.width)
    ones = graph.cast(endless, "float64")
    some = graph.compare("Greater", graph.reduce("ReduceMax", ones), np.zeros((1, 1)))
    return graph.where(some, ones, weight, weight)


def _tables(estimator: Any) -> tuple[list[npt.NDArray[np.float64]], list[Any]]:
    """A classifier's targets one-hot, [rows, classes] each, and their classes."""
    known = np.asarray(estimator._y)
    known = known.reshape(len(known), -1)
    several = bool(estimator.outputs_2d_)
    classes = list(estimator.classes_) if several else [estimator.classes_]
    return [np.eye(len(names))[known[:, i]] for i, names in enumerate(classes)], classes


@predictor("sklearn.KNeighborsClassifier")
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The neighbours' votes, weighted or not; the first largest wins."""
    search = Search(graph, estimator, frame)
    refuse_ties(estimator)
    far, places = search.nearest(int(estimator.n_neighbors))
    weights = _weights(graph, estimator, far)
    _tell(graph, search, weights)
    tables, classes = _tables(estimator)
    votes = [summed(graph, table, places, weights) for table in tables]
    probas = [graph.binary("Div", vote, graph.reduce("ReduceSum", vote)) for vote in votes]
    indices = [labels.first_largest(graph, vote) for vote in votes]
    if not estimator.outputs_2d_:
        return labels.classified(graph, indices[0], classes[0], probas[0], "predict_proba")
    return labels.several(graph, indices, classes, probas)


def summed(
    graph: Graph, table: npt.NDArray[np.float64], places: Value, weights: Value | None
) -> Value:
    """[N, columns] sums over the chosen rows of a table."""
    width = table.shape[1]
    chosen = graph.op("Gather", [graph.const(table), places], "float64", width, axis=0)
    if weights is not None:
        last = graph.const([2], "int64")
        weight = graph.op("Unsqueeze", [weights, last], "float64", 1)
        chosen = graph.op("Mul", [chosen, weight], "float64", width)
    return graph.op("ReduceSum", [chosen, graph.const([1], "int64")], "float64", width, keepdims=0)


def _tell(graph: Graph, search: Search, weights: Value | None) -> None:
    graph.notes.append(TIE_NOTE)
    if weights is not None and search.coarse:
        graph.inexact.append("scikit-learn finds these distances through products, which rounds")


@predictor("sklearn.KNeighborsRegressor")
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The neighbours' mean, weighted or not."""
    search = Search(graph, estimator, frame)
    refuse_ties(estimator)
    count = int(estimator.n_neighbors)
    far, places = search.nearest(count)
    weights = _weights(graph, estimator, far)
    _tell(graph, search, weights)
    known = np.asarray(estimator._y, np.float64)
    total = summed(graph, known.reshape(len(known), -1), places, weights)
    if weights is None:
        return labels.regressed(graph, graph.binary("Div", total, np.full((1, 1), float(count))))
    return labels.regressed(graph, graph.binary("Div", total, graph.reduce("ReduceSum", weights)))


def _inside(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """[N, rows] how much each training row counts: nothing outside of the radius."""
    search = Search(graph, estimator, frame)
    # Without a radius scikit-learn's trees find no neighbour at all.
    radius = float("nan") if estimator.radius is None else float(estimator.radius)
    squared = search.metric in ("euclidean", "l2") and search.power == 2
    if search.metric in ("minkowski", "p") and search.power not in (1.0, float("inf")):
        radius = radius**search.power
    elif squared:
        radius = radius * radius
    inside = graph.compare("LessOrEqual", search.rank, np.full((1, 1), radius))
    counted = graph.cast(inside, "float64")
    if estimator.weights in (None, "uniform"):
        return counted
    far = distances.distance(graph, search.rank, search.metric, search.power)
    if search.coarse:
        graph.inexact.append("scikit-learn finds these distances through products, which rounds")
    nothing = graph.const(np.zeros((1, 1)))
    at = graph.op("And", [inside, graph.compare("Equal", far, np.zeros((1, 1)))], "bool", far.width)
    ones = graph.cast(at, "float64")
    some = graph.compare("Greater", graph.reduce("ReduceMax", ones), np.zeros((1, 1)))
    weight = graph.where(inside, graph.unary("Reciprocal", far), nothing, far)
    if estimator.weights != "distance":
        _weights(graph, estimator, far)
    return graph.where(some, ones, weight, weight)


@predictor("sklearn.RadiusNeighborsRegressor")
def radius_regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the rows in the radius; where there are none, what scikit-learn makes of NaN."""
    counted = _inside(graph, estimator, frame)
    own = np.asarray(estimator._y)
    with np.errstate(invalid="ignore"):
        nothing = np.full_like(own.reshape(len(own), -1)[:1], np.nan).astype(np.float64)
    known = own.astype(np.float64).reshape(len(own), -1)
    total = graph.reduce("ReduceSum", counted)
    empty = graph.compare("Equal", total, np.zeros((1, 1)))
    mean = graph.binary("Div", graph.matmul(counted, known), total)
    return labels.regressed(graph, graph.where(empty, graph.const(nothing), mean, mean))


@predictor("sklearn.RadiusNeighborsClassifier")
def radius_classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The votes of the rows in the radius; where there are none, the outlier's label."""
    counted = _inside(graph, estimator, frame)
    tables, classes = _tables(estimator)
    outliers = estimator.outlier_label_
    if outliers is None:
        graph.notes.append(
            "Where no training row is in the radius the original raises an error; the converted "
            "file gives probabilities that are not a number."
        )
        outliers = [None] * len(classes)
    probas, picked = [], []
    for table, names, outlier in zip(tables, classes, outliers, strict=True):
        proba, empty = _voted(graph, counted, table, np.asarray(names), outlier)
        label = labels.pick(graph, labels.first_largest(graph, proba), names)
        if outlier is not None:
            other = graph.const(np.array(labels.plain_classes([outlier])), label.dtype)
            label = graph.op("Where", [graph.flat(empty), other, label], label.dtype, 0)
        probas.append(proba)
        picked.append(label)
    if not estimator.outputs_2d_:
        return Predicted(
            (
                Answer("label", OutputKind.LABEL, "predict", picked[0]),
                Answer("probabilities", OutputKind.PROBABILITIES, "predict_proba", probas[0]),
            ),
            labels.plain_classes(classes[0]),
        )
    columns = [graph.column(label) for label in picked]
    answers = [Answer("label", OutputKind.LABEL, "predict", labels.side_by_side(graph, columns))]
    for place, (proba, names) in enumerate(zip(probas, classes, strict=True)):
        answers.append(labels.target_probabilities(place, proba, names))
    return Predicted(tuple(answers))


def _voted(
    graph: Graph, counted: Value, table: npt.NDArray[np.float64], names: Any, outlier: Any
) -> tuple[Value, Value]:
    votes = graph.matmul(counted, table)
    total = graph.reduce("ReduceSum", votes)
    empty = graph.compare("Equal", total, np.zeros((1, 1)))
    alone = np.full((1, len(names)), np.nan) if outlier is None else np.zeros((1, len(names)))
    if outlier is not None:
        alone[0, names == outlier] = 1.0
    divided = graph.binary("Div", votes, total)
    return graph.where(empty, graph.const(alone), divided, divided), empty


@predictor("sklearn.LocalOutlierFactor")
def outlier_factor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """1 inside, -1 outside: how dense a row's surroundings are beside its neighbours' own."""
    search = Search(graph, estimator, frame)
    count = int(estimator.n_neighbors_)
    far, places = search.nearest(count)
    graph.notes.append(TIE_NOTE)
    if search.coarse:
        graph.inexact.append("scikit-learn finds these distances through products, which rounds")
    reach = np.asarray(estimator._distances_fit_X_, np.float64)[:, count - 1]
    least = graph.op("Gather", [graph.const(reach), places], "float64", count, axis=0)
    reached = graph.reduce("ReduceMean", graph.binary("Max", far, least))
    density = graph.unary("Reciprocal", graph.binary("Add", reached, np.full((1, 1), 1e-10)))
    known = graph.const(np.asarray(estimator._lrd, np.float64))
    around = graph.op("Gather", [known, places], "float64", count, axis=0)
    mean = graph.reduce("ReduceMean", graph.binary("Div", around, density))
    score = graph.binary("Sub", graph.unary("Neg", mean), [[float(estimator.offset_)]])
    below = graph.cast(graph.flat(graph.compare("Less", score, np.zeros((1, 1)))), "int64")
    label = labels.pick(graph, below, np.array([1, -1]))
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", label),
            Answer("scores", OutputKind.SCORES, "decision_function", graph.flat(score)),
        ),
        [-1, 1],
    )
