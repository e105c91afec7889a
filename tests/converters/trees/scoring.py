"""Scores one estimator's graph beside the estimator, without MLflow and without files."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

from converters.contract import Column, Options, Signature, Tensor
from converters.onnx_graph import compose
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.inputs import declare

TYPES = {"f": "double", "i": "long", "b": "boolean"}


def score(model: Any, table: Any) -> dict[str, Any]:
    """Every output of the model's graph for these rows, by name; text columns hold str or None."""
    graph = Graph()
    inputs, frame = declare(graph, _signature(table), Options())
    answer = compose.predicted(graph, model, frame)
    built = graph.build([(one.name, one.value) for one in answer.answers])
    session = onnxruntime.InferenceSession(built.SerializeToString())
    fed = {one.name: _block(table, one.columns, one.dtype) for one in inputs}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, fed), strict=True))


def _signature(table: Any) -> Signature:
    if not hasattr(table, "columns"):
        return Signature(tensor=Tensor("X", str(table.dtype), [-1, table.shape[1]]))
    kinds = {name: TYPES.get(str(dtype.kind), "string") for name, dtype in table.dtypes.items()}
    return Signature(columns=[Column(str(name), kind) for name, kind in kinds.items()])


def _block(table: Any, columns: list[str], dtype: str) -> Any:
    if not hasattr(table, "columns"):
        return table
    if dtype == "string":
        texts = ["" if value is None or value != value else value for value in table[columns[0]]]
        return np.array(texts, object)[:, None]
    return table[columns].to_numpy(dtype)
