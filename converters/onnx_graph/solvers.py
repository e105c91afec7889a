"""Transformers that solve a problem of their own for each row, or look up neighbours: refused."""

from __future__ import annotations

from typing import Any

from converters.errors import Refused
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.registry import class_name, transformer

PROJECT = "use PCA or TruncatedSVD"
# Class → what it does for each row, and what to use instead.
REFUSED = {
    "sklearn.NMF": ("solves for non-negative weights row by row", PROJECT),
    "sklearn.MiniBatchNMF": ("solves for non-negative weights row by row", PROJECT),
    "sklearn.LatentDirichletAllocation": ("infers topics row by row until they settle", PROJECT),
    "sklearn.DictionaryLearning": ("solves for sparse codes row by row", PROJECT),
    "sklearn.MiniBatchDictionaryLearning": ("solves for sparse codes row by row", PROJECT),
    "sklearn.SparseCoder": ("solves for sparse codes row by row", PROJECT),
    "sklearn.Isomap": ("searches shortest paths between neighbours", "use KernelPCA"),
    "sklearn.LocallyLinearEmbedding": (
        "solves for weights of neighbours row by row",
        "use KernelPCA",
    ),
    "sklearn.KNeighborsTransformer": (
        "gives a sparse graph of neighbours",
        "use a KNeighbors model on the features themselves",
    ),
    "sklearn.RadiusNeighborsTransformer": (
        "gives a sparse graph of neighbours",
        "use a KNeighbors model on the features themselves",
    ),
    "sklearn.PatchExtractor": ("cuts pictures into patches", "cut them before the model"),
    "sklearn.LabelEncoder": ("encodes targets instead of features", "use OrdinalEncoder"),
    "sklearn.LabelBinarizer": ("encodes targets instead of features", "use OneHotEncoder"),
    "sklearn.MultiLabelBinarizer": (
        "takes lists of labels instead of a table",
        "make one column a label before the model",
    ),
}


@transformer(*REFUSED)
def refused(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Refuse by name.

    Raises:
        Refused: `no_converter`, always.
    """
    what, instead = REFUSED[class_name(type(estimator))]
    raise Refused(
        "no_converter",
        f"{type(estimator).__name__} {what}, which ONNX cannot do; {instead}.",
    )
