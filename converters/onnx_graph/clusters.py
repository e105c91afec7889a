"""Clusters and classes by their nearest centre."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import distances, labels
from converters.onnx_graph.dummy import repeated
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.kernels import scaled
from converters.onnx_graph.linear import softmax
from converters.onnx_graph.registry import Answer, Predicted, predictor

Floats = npt.NDArray[np.float64]


def nearest(graph: Graph, value: Value, centers: Floats) -> Value:
    """[N] the nearest centre, compared through products, less the row's own square."""
    middle = centers.mean(axis=0, keepdims=True)
    moved = centers - middle
    cross = graph.matmul(graph.binary("Sub", value, middle), -2.0 * moved.T)
    away = graph.binary("Add", cross, np.square(moved).sum(axis=1).reshape(1, -1))
    return _smallest(graph, away)


def _smallest(graph: Graph, away: Value) -> Value:
    return graph.op("ArgMin", [away], "int64", 0, axis=1, keepdims=0, select_last_index=0)


def _numbers(graph: Graph, estimator: Any, frame: Frame) -> Value:
    value = frame.numbers(graph)
    if value.dtype == "float32":
        graph.inexact.append(f"{type(estimator).__name__} computes in float32")
    return graph.cast(value, "float64")


def _clustered(graph: Graph, index: Value, names: npt.ArrayLike) -> Predicted:
    """A clusterer's one output; several centres may carry one name."""
    label = Answer("label", OutputKind.LABEL, "predict", labels.pick(graph, index, names))
    return Predicted((label,), list(dict.fromkeys(labels.plain_classes(names))))


@predictor(
    "sklearn.KMeans", "sklearn.MiniBatchKMeans", "sklearn.AffinityPropagation", "sklearn.MeanShift"
)
def k_means(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The nearest centre, the first of equals; none where the training found no centre."""
    centers = np.asarray(estimator.cluster_centers_, np.float64)
    if not len(centers):
        index = graph.flat(repeated(graph, frame, np.zeros((1, 1), np.int64)))
        return _clustered(graph, index, np.array([-1]))
    index = nearest(graph, _numbers(graph, estimator, frame), centers)
    return _clustered(graph, index, np.arange(len(centers)))


@predictor("sklearn.Birch")
def birch(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The cluster of the nearest subcluster."""
    centers = np.asarray(estimator.subcluster_centers_, np.float64)
    index = nearest(graph, _numbers(graph, estimator, frame), centers)
    return _clustered(graph, index, np.asarray(estimator.subcluster_labels_))


@predictor("sklearn.BisectingKMeans")
def bisecting(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Down the tree of halves, each time to the nearer of two centres."""
    value = _numbers(graph, estimator, frame)
    mean = np.asarray(getattr(estimator, "_X_mean", 0.0), np.float64)

    def below(node: Any) -> Value:
        if node.left is None:
            row = np.full((1, 1), int(node.label), np.int64)
            return graph.flat(repeated(graph, frame, row))
        centers = np.vstack((node.left.center, node.right.center)).astype(np.float64) + mean
        side = nearest(graph, value, centers)
        first = graph.compare("Equal", side, np.array(0))
        left, right = below(node.left), below(node.right)
        return graph.where(first, left, right, left)

    label = Answer("label", OutputKind.LABEL, "predict", below(estimator._bisecting_tree))
    return Predicted((label,), list(range(len(estimator.cluster_centers_))))


@predictor("sklearn.NearestCentroid")
def centroid(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The class of the nearest centroid; with other priors than even, of the best score.

    Source: sklearn/neighbors/_nearest_centroid.py, `predict` and `_decision_function`.
    """
    metric = str(estimator.metric)
    if metric not in ("euclidean", "manhattan"):
        raise Refused("metric_unknown", f"A NearestCentroid by {metric!r} is not proven here.")
    value = frame.numbers(graph, "float64")
    spread = np.asarray(estimator.within_class_std_dev_, np.float64).copy()
    spread[spread == 0] = 1.0
    centers = np.asarray(estimator.centroids_, np.float64)
    prior = np.asarray(estimator.class_prior_, np.float64)
    divided = graph.binary("Div", value, spread.reshape(1, -1))
    away = distances.ranked(graph, divided, centers / spread, metric, 2.0, False)
    square = graph.binary("Mul", away, away) if metric == "manhattan" else away
    scores = graph.binary("Add", scaled(graph, square, -1.0), 2.0 * np.log(prior).reshape(1, -1))
    if np.isclose(prior, 1 / len(prior)).all():
        index = _smallest(graph, distances.ranked(graph, value, centers, metric, 2.0, False))
    else:
        index = labels.first_largest(graph, scores)
    if not hasattr(estimator, "predict_proba"):
        return _clustered(graph, index, estimator.classes_)
    proba = softmax(graph, scores)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")
