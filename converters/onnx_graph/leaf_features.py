"""RandomTreesEmbedding: a column for each leaf of each tree, 1 where the row ends there."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import transformer
from converters.trees import sklearn as reader
from converters.trees.form import LEAF, Ensemble
from converters.trees.leaves import places


@transformer("sklearn.RandomTreesEmbedding")
def embedding(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The one-hot encoder's columns: the leaves of each tree in the order of their nodes."""
    members = estimator.estimators_
    trees = tuple(
        reader.tree(member.tree_, np.zeros((member.tree_.node_count, 1))) for member in members
    )
    whole = Ensemble(trees, frame.width, 1, compares="float32")
    ended = places(graph, graph.cast(frame.numbers(graph), "float32"), whole)
    parts: list[Value] = []
    first = 0
    learned = estimator.one_hot_encoder_.categories_
    for place, (tree, known) in enumerate(zip(trees, learned, strict=True)):
        leaves = np.flatnonzero(tree.feature == LEAF)
        asked = first + np.searchsorted(leaves, np.asarray(known, np.int64))
        own = graph.take(ended, [place]) if len(trees) > 1 else ended
        equal = graph.compare("Equal", own, asked.reshape(1, -1))
        parts.append(graph.cast(equal, "float64"))
        first += len(leaves)
    return Frame((graph.concat(parts),))
