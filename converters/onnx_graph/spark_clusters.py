"""Spark ML's clusters: by distance, by angle, and by density, in double.

Sources: the Scala sources of org.apache.spark.ml.clustering and
org.apache.spark.ml.stat.distribution, release 4.2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.onnx_graph import labels
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.spark_columns import Column, Table
from converters.onnx_graph.spark_models import (
    LABEL,
    PROBABILITIES,
    features,
    model,
    wanted,
)

# Added to each component's density (org.apache.spark.ml.impl.Utils.EPSILON).
MACHINE_EPSILON = 2.0**-52


@model("KMeansModel")
def k_means(table: Table, stage: Any) -> None:
    """The nearest centre, the first of equals; by angle, of centres and rows of length 1."""
    graph = table.graph
    column = features(table, stage)
    x = Formula(graph, column.value)
    centers = np.array([np.asarray(one, np.float64) for one in stage.clusterCenters()])
    table.hints.add(column.traced(), list(centers.T))
    table.graph.notes.append(
        "Spark takes squared distances for equal that differ by less than a millionth; of two "
        "centres so equally far it may name the other one."
    )
    if str(stage.getDistanceMeasure()) == "cosine":
        size = (x * x).reduce("ReduceSum").call("Sqrt")
        table.refuse_where((~(size > 0.0)).value)
        lengths = np.sqrt((centers * centers).sum(axis=1))
        product = Formula(graph, graph.matmul(x.value, centers.T))
        away = 1.0 - product / size / lengths
    else:
        parts = []
        for center in centers:
            apart = x - center
            parts.append((apart * apart).reduce("ReduceSum").value)
        away = Formula(graph, graph.concat(parts))
    index = graph.op("ArgMin", [away.value], "int64", 0, axis=1, keepdims=0, select_last_index=0)
    if name := wanted(stage, "predictionCol"):
        classes = tuple(range(len(centers)))
        table.columns[name] = Column(graph.column(index), kind=LABEL, classes=classes)


@model("GaussianMixtureModel")
def mixture(table: Table, stage: Any) -> None:
    """Each component's share of the density, and the largest."""
    graph = table.graph
    column = features(table, stage)
    x = Formula(graph, column.value)
    parts = []
    for weight, gaussian in zip(stage.weights, stage.gaussians, strict=True):
        mean = np.asarray(gaussian.mean.toArray(), np.float64)
        root, constant = _whitening(np.asarray(gaussian.cov.toArray(), np.float64))
        table.hints.add(column.traced(), [[one] for one in mean])
        apart = Formula(graph, graph.matmul((x - mean).value, root))
        density = ((apart * apart).reduce("ReduceSum") * -0.5 + constant).call("Exp")
        parts.append((density * float(weight) + MACHINE_EPSILON).value)
    shares = Formula(graph, graph.concat(parts))
    shares = shares / shares.reduce("ReduceSum")
    classes = tuple(range(len(parts)))
    if name := wanted(stage, "probabilityCol"):
        table.columns[name] = Column(shares.value, True, kind=PROBABILITIES, classes=classes)
    if name := wanted(stage, "predictionCol"):
        index = labels.first_largest(graph, shares.value)
        table.columns[name] = Column(graph.column(index), kind=LABEL, classes=classes)


def _whitening(covariance: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """A root of the covariance's pseudo-inverse, [d, d], and the density's constant."""
    values, vectors = np.linalg.eigh(covariance)
    tolerance = MACHINE_EPSILON * values.max() * len(values)
    kept = values > tolerance
    root = vectors * np.where(kept, 1.0 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    constant = -0.5 * (len(values) * math.log(2.0 * math.pi) + np.log(values[kept]).sum())
    return root, float(constant)
