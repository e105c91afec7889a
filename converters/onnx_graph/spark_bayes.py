"""Spark ML's naive Bayes: by counts, by flags, by complements, and by normal distributions.

Source: the Scala source of org.apache.spark.ml.classification.NaiveBayes, release 4.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.formula import Formula
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.spark_columns import Table
from converters.onnx_graph.spark_models import classified, features, model


@model("NaiveBayesModel")
def bayes(table: Table, stage: Any) -> None:
    """The logarithm of each class's share, by the kind of distribution."""
    graph = table.graph
    x = Formula(graph, features(table, stage).value)
    theta, pi = stage.theta.toArray(), stage.pi.toArray()
    kind = str(stage.getModelType())
    if kind == "gaussian":
        raw = _gaussian(graph, x, theta, stage.sigma.toArray(), pi)
    elif kind == "bernoulli":
        table.refuse_where((~(x.equals(0.0) | x.equals(1.0))).value)
        absent = np.log(1.0 - np.exp(theta))
        product = Formula(graph, graph.matmul(x.value, (theta - absent).T))
        raw = (product + (pi + absent.sum(axis=1))).value
    else:
        table.refuse_where((~(x >= 0.0)).value)
        product = Formula(graph, graph.matmul(x.value, theta.T))
        raw = _complement(product) if kind == "complement" else (product + pi).value
    grown = Formula(graph, raw)
    grown = (grown - grown.reduce("ReduceMax")).call("Exp")
    classified(table, stage, raw, (grown / grown.reduce("ReduceSum")).value)


def _gaussian(
    graph: Graph,
    x: Formula,
    theta: npt.NDArray[np.float64],
    sigma: npt.NDArray[np.float64],
    pi: npt.NDArray[np.float64],
) -> Value:
    parts = []
    for mean, variance, prior in zip(theta, sigma, pi, strict=True):
        away = x - mean
        summed = (away * away / variance).reduce("ReduceSum")
        parts.append((prior - (summed + float(np.log(variance).sum())) * 0.5).value)
    return graph.concat(parts)


def _complement(product: Formula) -> Value:
    """Less the logarithm of the classes' sum."""
    most = product.reduce("ReduceMax")
    summed = (product - most).call("Exp").reduce("ReduceSum")
    return (product - (summed.call("Log") + most)).value
