"""KNNImputer: the mean of the nearest training rows that have the missing column."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics.pairwise import nan_euclidean_distances

from converters.errors import Refused
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.imputing import missing, with_indicator
from converters.onnx_graph.refusals import own_python
from converters.onnx_graph.registry import transformer

# How many training rows are tried for ties.
TRIED = 200
TIE_NOTE = (
    "Where two training rows are equally near to one with a gap, the original takes either by the "
    "order of its sort; the file takes the first, so it may fill another value there."
)
Floats = npt.NDArray[np.float64]


@transformer("sklearn.KNNImputer")
def nearest(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Each column from its own nearest rows; where no row shares a column, its training mean.

    Raises:
        Refused: `own_python` for weights or a metric of the owner's, `neighbour_ties` where the
            training rows are equally far from each other.
    """
    for part in (estimator.weights, estimator.metric):
        if callable(part):
            raise own_python(str(getattr(part, "__name__", type(part).__name__)))
    _refuse_ties(estimator)
    graph.notes.append(TIE_NOTE)
    value = frame.numbers(graph)
    mask = Formula(graph, missing(graph, value, estimator.missing_values))
    x = mask.where(0.0, Formula(graph, graph.cast(value, "float64")))
    learned = np.asarray(estimator._fit_X, np.float64)
    gone = np.asarray(estimator._mask_fit_X, bool)
    lengths = _distances(x, mask, np.where(gone, 0.0, learned), gone)
    columns = []
    for place in range(frame.width):
        if not estimator._valid_mask[place]:
            if estimator.keep_empty_features:
                columns.append((x.take([place]) * 0.0).value)
            continue
        donors = np.flatnonzero(~gone[:, place])
        count = min(int(estimator.n_neighbors), len(donors))
        near = _mean(lengths, donors, learned[donors, place], count, estimator.weights)
        columns.append(mask.take([place]).where(near, x.take([place])).value)
    filled = graph.cast(graph.concat(columns), value.dtype)
    return with_indicator(graph, estimator, Frame((filled,)), mask.value)


def _distances(x: Formula, mask: Formula, learned: Floats, gone: npt.NDArray[np.bool_]) -> Formula:
    """sklearn's nan_euclidean_distances, [N, m]; infinite where no column is shared."""
    graph = x.graph

    def times(left: Formula, matrix: Floats) -> Formula:
        return Formula(graph, graph.matmul(left.value, matrix))

    squares = learned * learned
    norms: Floats = np.einsum("ij,ij->i", learned, learned)
    total = times(x, -2.0 * learned.T) + (x * x).reduce("ReduceSum") + norms
    total = (total < 0.0).where(0.0, total)
    away = mask.cast("float64")
    total = total - times(x * x, gone.T.astype(np.float64)) - times(away, squares.T)
    total = (total < 0.0).where(0.0, total)
    shared = times(1.0 - away, (~gone).T.astype(np.float64))
    none = shared < 0.5
    scaled = total / none.where(1.0, shared) * float(learned.shape[1])
    return none.where(np.inf, scaled.call("Sqrt"))


def _mean(lengths: Formula, donors: Any, values: Floats, count: int, weights: str) -> Formula:
    """[N, 1]: the weighted mean of the `count` nearest donors' values."""
    graph = lengths.graph
    near, places = graph.ops(
        "TopK",
        [lengths.take([int(donor) for donor in donors]).value, graph.const([count], "int64")],
        [("float64", count), ("int64", count)],
        axis=1,
        largest=0,
        sorted=1,
    )
    given = Formula(graph, graph.op("Gather", [graph.const(values), places], "float64", count))
    near_by = Formula(graph, near)
    if weights == "distance":
        here = near_by.equals(0.0).cast("float64")
        share = (here.reduce("ReduceMax") > 0.5).where(here, 1.0 / near_by)
    else:
        share = near_by.is_inf().where(0.0, near_by * 0.0 + 1.0)
    total = share.reduce("ReduceSum")
    # Nobody shares a column with this row.
    alone = near_by.is_inf().cast("float64").reduce("ReduceMin") > 0.5
    mean = (share * given).reduce("ReduceSum") / alone.where(1.0, total)
    return alone.where(float(values.mean()), mean)


def _refuse_ties(estimator: Any) -> None:
    """See that the nearest rows are told apart by their distances, tried on training rows.

    Which of equally near rows numpy's argpartition takes follows from its sort, not from the data.

    Raises:
        Refused: `neighbour_ties`.
    """
    learned = np.asarray(estimator._fit_X, np.float64)
    gone = np.asarray(estimator._mask_fit_X, bool)
    rows = np.unique(np.linspace(0, len(learned) - 1, TRIED).astype(int))
    known = np.where(gone, np.nan, learned)
    for place in np.flatnonzero(estimator._valid_mask):
        asked = known[rows].copy()
        asked[:, place] = np.nan
        donors = np.flatnonzero(~gone[:, place])
        count = min(int(estimator.n_neighbors), len(donors))
        if count == len(donors):
            continue
        lengths = np.sort(nan_euclidean_distances(asked, known[donors]), axis=1)
        inner, outer = lengths[:, count - 1], lengths[:, count]
        tied = int(np.sum(outer - inner <= 1e-7 * np.maximum(outer, 1e-300)))
        if tied > len(rows) // 50:
            raise Refused(
                "neighbour_ties",
                f"KNNImputer found rows equally far away for {tied} of {len(rows)} training rows, "
                "and which of them it takes is left to its sort; use columns with finer values, or "
                "IterativeImputer.",
            )
