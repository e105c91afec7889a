"""Models that answer the same whatever the row is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Predicted, predictor


def repeated(graph: Graph, frame: Frame, row: npt.NDArray[Any]) -> Value:
    """One row, [1, k], for each row of the frame: [N, k]."""
    zeros = _zeros(graph, frame)
    dtype = "string" if row.dtype.kind in "OU" else str(row.dtype)
    constant = graph.const(row, dtype)
    return graph.op("Gather", [constant, zeros], dtype, row.shape[1], axis=0)


def _zeros(graph: Graph, frame: Frame) -> Value:
    """[N] int64 zeros."""
    shape = graph.op("Shape", [frame.values[0]], "int64", 0, start=0, end=1)
    return graph.op("Expand", [graph.const([0], "int64"), shape], "int64", 0)


@predictor("sklearn.DummyRegressor", text=True)
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The learned constant, one a target."""
    learned = np.asarray(estimator.constant_)
    if learned.dtype == np.float32:
        graph.inexact.append("this model answers in float32, and so does what follows it")
    row = learned.reshape(1, -1).astype(np.float64)
    return labels.regressed(graph, repeated(graph, frame, row))


@predictor("sklearn.DummyClassifier", text=True)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The learned label and its probabilities.

    Raises:
        Refused: `not_deterministic` where labels are drawn.
    """
    strategy = estimator.strategy
    if strategy in ("uniform", "stratified"):
        raise Refused(
            "not_deterministic",
            f"This DummyClassifier draws its labels (strategy={strategy!r}), so nothing can be "
            "proven about a conversion; use strategy='prior', 'most_frequent' or 'constant'.",
        )
    several = estimator.n_outputs_ != 1
    classes = list(estimator.classes_) if several else [estimator.classes_]
    priors = list(estimator.class_prior_) if several else [estimator.class_prior_]
    indices, probas = [], []
    for target, (names, prior) in enumerate(zip(classes, priors, strict=True)):
        row = np.asarray(prior, np.float64).reshape(1, -1)
        place = int(row.argmax())
        if strategy == "constant":
            wanted = np.ravel(estimator.constant)[target]
            place = int(np.flatnonzero(np.asarray(names) == wanted)[0])
        if strategy != "prior":
            row = np.eye(len(names))[[place]]
        index = repeated(graph, frame, np.array([[place]], np.int64))
        indices.append(graph.flat(index))
        probas.append(repeated(graph, frame, row))
    if several:
        return labels.several(graph, indices, classes, probas)
    return labels.classified(graph, indices[0], classes[0], probas[0], "predict_proba")
