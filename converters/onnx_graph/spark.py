"""Spark pipelines: each stage adds columns to a table, and the models' columns are the outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import spark_bayes, spark_clusters, spark_scaling, spark_trees
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.onnx_graph.spark_columns import Column, Table, Trace, vector
from converters.onnx_graph.spark_features import FEATURES
from converters.onnx_graph.spark_models import MODELS
from converters.static.spark_stages import ADVICE, USUAL

KINDS = {
    "label": OutputKind.LABEL,
    "probabilities": OutputKind.PROBABILITIES,
    "scores": OutputKind.SCORES,
    "values": OutputKind.VALUES,
}
WRITERS = {**FEATURES, **MODELS}
# Their stages register where they are imported.
REGISTERED = (spark_bayes, spark_clusters, spark_scaling, spark_trees)


@predictor("converters.SparkModel", text=True)
def pipeline(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """All columns that models add, in their order; without a model, the last stage's column.

    Raises:
        Refused: `spark_stage`, `column_missing`, `strings_not_encoded`, `spark_labels`,
            `spark_width`, `no_features`, `link`.
    """
    table = Table(graph)
    _read(table, estimator, frame)
    for stage in steps(estimator.pipeline):
        name = type(stage).__name__
        if name not in WRITERS:
            raise Refused(
                "spark_stage",
                f"The pipeline's stage {name} is written neither in ONNX nor in PMML here. "
                f"{ADVICE.get(name, USUAL)}",
            )
        WRITERS[name](table, stage)
    estimator.hints = table.hints
    return _answered(table, estimator)


def steps(stage: Any) -> Iterator[Any]:
    """The stages that transform, in their order, from within pipelines and searches."""
    if hasattr(stage, "bestModel"):
        yield from steps(stage.bestModel)
    elif hasattr(stage, "stages"):
        for one in stage.stages:
            yield from steps(one)
    else:
        yield stage


def _read(table: Table, estimator: Any, frame: Frame) -> None:
    """The signature's columns; one tensor is the one vector that the pipeline reads."""
    if estimator.vector:
        value = table.graph.cast(frame.numbers(table.graph, "float64"), "float64")
        traces = tuple(Trace(str(place)) for place in range(value.width))
        table.columns[estimator.vector] = vector(value, traces)
        return
    for place, name in enumerate(frame.names):
        value = frame.column(table.graph, place)
        table.columns[name] = Column(value, traces=(Trace(name),))


def _answered(table: Table, estimator: Any) -> Predicted:
    told = {name: column for name, column in table.columns.items() if column.kind}
    if not told:
        name = next(reversed(table.columns))
        column = table.number(name)
        told = {name: Column(column.value, column.is_vector, kind="values")}
    broken = table.is_broken()
    answers = []
    # A file's first output is what people ask for: what the last model says.
    ordered = sorted(told.items(), key=lambda item: item[1].kind not in ("label", "values"))
    for name, column in ordered:
        value = _without(table.graph, column.value, broken)
        shaped = value if column.is_vector else table.graph.flat(value)
        # Where some rows have no answer, a cluster's number is a double, and so are its classes.
        label = column.kind == "label" and value.is_float
        classes = [float(one) if label else one for one in column.classes]
        answers.append(Answer(name, KINDS[column.kind], name, shaped, classes))
    return Predicted(tuple(answers))


def _without(graph: Graph, value: Value, broken: Value | None) -> Value:
    """The value, and nothing where Spark has no answer: NaN, or an empty text."""
    if broken is None:
        return value
    if value.dtype == "string":
        nothing = graph.const(np.array([[""]], dtype=object), "string")
        return graph.where(broken, nothing, value, value)
    if not value.is_float:
        value = graph.cast(value, "float64")
    nothing = graph.const(np.full((1, 1), np.nan), "float64")
    return graph.where(broken, nothing, value, value)
