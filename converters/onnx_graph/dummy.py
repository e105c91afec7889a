"""Models that answer the same whatever the row is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor


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
    row = np.asarray(estimator.constant_).reshape(1, -1).astype(np.float64)
    return labels.regressed(graph, repeated(graph, frame, row))


@predictor("sklearn.DummyClassifier", text=True)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The learned label and its probabilities.

    Raises:
        Refused: `not_deterministic` where labels are drawn, `several_outputs`.
    """
    strategy = estimator.strategy
    if strategy in ("uniform", "stratified"):
        raise Refused(
            "not_deterministic",
            f"This DummyClassifier draws its labels (strategy={strategy!r}), so nothing can be "
            "proven about a conversion; use strategy='prior', 'most_frequent' or 'constant'.",
        )
    if estimator.n_outputs_ != 1:
        raise Refused(
            "several_outputs",
            "This DummyClassifier predicts several columns at once; train one a column.",
        )
    classes = np.asarray(estimator.classes_)
    prior = np.asarray(estimator.class_prior_, np.float64).reshape(1, -1)
    if strategy == "constant":
        place = int(np.flatnonzero(classes == np.ravel(estimator.constant)[0])[0])
    else:
        place = int(prior.argmax())
    proba = prior if strategy == "prior" else np.eye(len(classes))[[place]]
    index = repeated(graph, frame, np.array([[place]], np.int64))
    label = labels.pick(graph, graph.flat(index), classes)
    return Predicted(
        (
            Answer("label", OutputKind.LABEL, "predict", label),
            Answer(
                "probabilities",
                OutputKind.PROBABILITIES,
                "predict_proba",
                repeated(graph, frame, proba),
            ),
        ),
        labels.plain_classes(classes),
    )
