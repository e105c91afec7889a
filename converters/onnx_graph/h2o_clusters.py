"""H2O's k-means: the nearest centre, numbers squared, levels counted where they differ."""

from __future__ import annotations

import numpy as np

from converters.onnx_graph.formula import Formula
from converters.onnx_graph.h2o import Row, algorithm, valued
from converters.onnx_graph.registry import Predicted


@algorithm("kmeans")
def clusters(row: Row) -> Predicted:
    """The number of the nearest centre, the first one of equals.

    An unknown level differs from each centre's. Where the model does not standardise it does not
    tell what a missing value counts, and the file is given none.
    """
    archive = row.archive
    count = int(archive.number("center_num"))
    centers = np.stack([archive.numbers(f"center_{place}") for place in range(count)])
    means, factors = archive.numbers("standardize_means"), archive.numbers("standardize_mults")
    modes = archive.numbers("standardize_modes")
    total: Formula | None = None
    for place in range(len(archive.columns)):
        value = row.column(place)
        center = centers[:, place].reshape(1, -1)
        if archive.flag("standardize"):
            fill = means[place] if place not in row.levels else modes[place]
            value = value.is_nan().where(np.array([[fill]]), value)
            if place not in row.levels and len(factors):
                value = (value - means[place]) * factors[place]
        if place in row.levels:
            part = (~(value - center).equals(0.0)).cast("float64")
        else:
            delta = value - center
            part = delta * delta
        if not archive.flag("standardize"):
            part = value.is_nan().where(np.zeros((1, 1)), part)
        total = part if total is None else total + part
    assert total is not None  # noqa: S101 - a model has a column; narrows the type
    return valued(row, row.graph.op("ArgMin", [total.value], "int64", 0, axis=1, keepdims=0))
