"""KBinsDiscretizer: the bin of each number, as a number or as one column a bin."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.registry import transformer
from converters.onnx_graph.searching import counts


@transformer("sklearn.KBinsDiscretizer")
def k_bins(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """How many inner edges are at or below the number; edges belong to the bin above them."""
    dtype = np.dtype(estimator.dtype).name if estimator.dtype is not None else frame.float_dtype
    value = graph.cast(graph.cast(frame.numbers(graph), dtype), "float64")
    edges = [np.asarray(column, np.float64)[1:-1] for column in estimator.bin_edges_]
    places = counts(graph, value, edges)
    if estimator.encode == "ordinal":
        return Frame((graph.cast(places, dtype),))
    parts = [
        graph.compare("Equal", graph.take(places, [column]), np.arange(bins).reshape(1, -1))
        for column, bins in enumerate(int(count) for count in estimator.n_bins_)
    ]
    return Frame((graph.cast(graph.concat(parts), dtype),))
