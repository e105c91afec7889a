"""H2O's models from their MOJO's numbers, with genmodel's own arithmetic, in double.

The algorithms stand beside: `h2o_trees`, `h2o_linear`, `h2o_clusters`, `h2o_networks`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.sources import h2o_columns
from converters.sources.h2o import LABEL, MEAN_LENGTH, PREDICTION, PROBABILITIES
from converters.sources.h2o_archive import Archive
from converters.trees.form import Category, Ensemble
from converters.trees.keys import rows

# H2O's own encodings that leave a column as it is: levels stay one column of places.
ENCODINGS = ("AUTO", "Enum", "")


@dataclass(frozen=True)
class Row:
    """What an algorithm is given of a model and a row.

    Attributes:
        block: [N, features] in the model's order; levels as their places, NaN where missing.
        levels: feature → how many levels it has, of those that have levels.
        categories: the same features → how their values become places.
    """

    graph: Graph
    archive: Archive
    block: Value
    levels: dict[int, int]
    categories: dict[int, Category]
    classes: list[str]

    def column(self, place: int) -> Formula:
        """One feature, [N, 1]."""
        return Formula(self.graph, self.graph.take(self.block, [place]))

    def columns(self, places: list[int]) -> Formula:
        """Some features, [N, k]."""
        return Formula(self.graph, self.graph.take(self.block, places))


Emitter = Callable[[Row], Predicted]
ALGORITHMS: dict[str, Emitter] = {}


def algorithm(name: str) -> Callable[[Emitter], Emitter]:
    """Register what writes one of H2O's algorithms, by its own short name."""

    def register(emit: Emitter) -> Emitter:
        ALGORITHMS[name] = emit
        return emit

    return register


@predictor("converters.H2OModel", text=True)
def h2o_model(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """One model of H2O's.

    Raises:
        Refused: `no_converter` for algorithms and settings that are not written here,
            `h2o_columns`.
    """
    name = estimator.algorithm
    if name not in ALGORITHMS:
        raise Refused(
            "no_converter",
            f"H2O's {name} models are not written in ONNX here; "
            f"{', '.join(sorted(ALGORITHMS))} are. {estimator.instead}",
        )
    archive: Archive = estimator.archive
    encoding = archive.info.get("_genmodel_encoding", "AUTO")
    if encoding not in ENCODINGS:
        raise unwritten(f"the categorical_encoding {encoding}", "Train it with 'enum'.")
    if set(archive.columns) != set(estimator.columns):
        raise Refused(
            "h2o_columns",
            "The model's columns are named otherwise in its MOJO, as names with line breaks are; "
            "rename them, and log the model again.",
        )
    levels = {
        place: estimator.columns[column]
        for place, column in enumerate(archive.columns)
        if estimator.columns[column] is not None
    }
    places = [frame.names.index(column) for column in archive.columns]
    chosen = frame.take(graph, places)
    # An unknown level is no missing one to k-means, nor to a linear model that skips gaps.
    missing = name != "kmeans" and (name != "glm" or archive.flag("mean_imputation"))
    categories = {
        place: h2o_columns.category(known, chosen.dtypes[place], missing)
        for place, known in levels.items()
    }
    no_trees = Ensemble((), len(places), 0, categories=categories)
    block = rows(graph, chosen, no_trees, "float64")
    counts = {place: len(known) for place, known in levels.items()}
    row = Row(graph, archive, block, counts, categories, list(estimator.classes))
    return ALGORITHMS[name](row)


def unwritten(what: str, instead: str = "") -> Refused:
    """The refusal of a setting that changes the arithmetic in a way that is not written here."""
    return Refused(
        "no_converter",
        f"The model was trained with {what}, which is not written in ONNX here. {instead} Or "
        "export to MOJO.".replace("  ", " "),
    )


def classified(row: Row, proba: Formula) -> Predicted:
    """Probabilities [N, classes] as H2O ends them: balanced classes corrected, then the label.

    Of two classes the second is named from the model's own threshold on; of more, the largest.
    """
    archive = row.archive
    if archive.flag("balance_classes"):
        proba = _corrected(archive, proba)
    if len(row.classes) == 2:
        enough = proba.take([1]) >= archive.number("default_threshold", 0.5)
        index = row.graph.cast(row.graph.flat(enough.value), "int64")
    else:
        index = labels.first_largest(row.graph, proba.value)
        row.graph.notes.append(
            "Where two classes are equally probable H2O draws one by a number that it makes of the "
            "row; the file names the first."
        )
    return named(row, index, proba)


def named(row: Row, index: Value, proba: Formula) -> Predicted:
    """A classifier's two outputs, the label by its place."""
    label = labels.pick(row.graph, index, row.classes)
    answers = (
        Answer("label", OutputKind.LABEL, LABEL, label),
        Answer("probabilities", OutputKind.PROBABILITIES, PROBABILITIES, proba.value),
    )
    return Predicted(answers, labels.plain_classes(row.classes))


def valued(row: Row, value: Value) -> Predicted:
    """A prediction of one number, [N, 1]."""
    flat = row.graph.flat(value) if value.width else value
    return Predicted((Answer("prediction", OutputKind.VALUES, PREDICTION, flat),))


def scored(row: Row, score: Formula, length: Formula) -> Predicted:
    """An anomaly's score and the mean length of its paths, [N, 1] each."""
    told = ((PREDICTION, score), (MEAN_LENGTH, length))
    return Predicted(
        tuple(
            Answer(name, OutputKind.VALUES, name, row.graph.flat(value.value))
            for name, value in told
        )
    )


def exponential(value: Formula) -> Formula:
    """e^x, at most 1e19, as all of H2O's links have it."""
    return at_most(value.call("Exp"), 1e19)


def at_most(value: Formula, most: float) -> Formula:
    """The smaller one of each value and a number; NaN stays NaN."""
    return (value > most).where(np.array([[most]]), value)


def looked_up(
    row: Row,
    place: int,
    table: npt.NDArray[np.float64],
    missing: npt.NDArray[np.float64],
) -> Formula:
    """Each level's row of a table; `missing` where there is none, zeros where it is unknown.

    Whether an unknown level is missing is for the row's categories to say.
    """
    graph, code = row.graph, row.column(place)
    whole = np.vstack([table, missing, np.zeros(table.shape[1])])
    index = code.is_nan().where(np.array([[float(len(table))]]), code)
    index = (code < 0.0).where(np.array([[float(len(table) + 1)]]), index)
    flat = graph.cast(graph.flat(index.value), "int64")
    found = graph.op("Gather", [graph.const(whole), flat], "float64", table.shape[1], axis=0)
    return Formula(graph, found)


def _corrected(archive: Archive, proba: Formula) -> Formula:
    """Back to the classes' shares before balancing, and to a sum of one where there is a sum."""
    prior, trained = archive.numbers("prior_class_distrib"), archive.numbers("model_class_distrib")
    known = (prior != 0.0) & (trained != 0.0)
    factors = np.where(known, prior / np.where(known, trained, 1.0), 1.0)
    proba = proba * factors.reshape(1, -1)
    total = proba.reduce("ReduceSum")
    return proba / (total > 0.0).where(total, np.ones((1, 1)))
