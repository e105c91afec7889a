"""Rows on which a Spark pipeline itself hangs on rounding: borders of its labels, by its own words.

Spark takes squared distances through products where these are right to a millionth
(org.apache.spark.mllib.util.MLUtils.fastSquaredDistance), so two centres that are equally far but
for that are equal to it. A label by thresholds has no score that tells a tie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph.spark import steps
from converters.sources.loaded import Answers, Rows
from converters.steps import nudging

Bools = npt.NDArray[np.bool_]

# Beside the squares of a row and a centre.
DISTANCES = 4e-6
NEAR = 1e-12
# Below it a difference from 1 has a relative rounding that is no longer small.
SMALL = 1e-6
# Stages that give numbers which two correct libraries compute differently in the last digits.
ROUNDED = ("PCAModel", "Normalizer", "DCT")
LINEAR = ("LogisticRegressionModel", "LinearSVCModel")


def found(pipeline: Any, table: list[Any], answer: Callable[[Rows], Answers], rows: Rows) -> Bools:
    """[N] where the pipeline cannot settle its own answer.

    Args:
        table: what the pipeline made of the rows, with the columns of all its stages.
        answer: the original; rows: what it is asked.
    """
    marked = np.zeros(len(table), dtype=np.bool_)
    rounded = False
    for stage in steps(pipeline):
        name = type(stage).__name__
        rounded |= name in ROUNDED
        if name == "KMeansModel":
            marked |= _equally_far(stage, _vectors(table, stage.getFeaturesCol()))
        elif name == "GeneralizedLinearRegressionModel":
            marked |= _lost_digits(stage, table)
        elif "Classification" in name or name in ("NaiveBayesModel", "LogisticRegressionModel"):
            marked |= _tied(stage, table)
    if rounded or any(_moved_border(stage) for stage in steps(pipeline)):
        marked |= _hanging(answer, rows, marked)
    return marked


def _vectors(table: list[Any], column: str) -> npt.NDArray[np.float64]:
    return np.array([row[column].toArray() for row in table], dtype=np.float64)


def _equally_far(stage: Any, vectors: npt.NDArray[np.float64]) -> Bools:
    centers = np.array([np.asarray(one, np.float64) for one in stage.clusterCenters()])
    if len(centers) < 2:
        return np.zeros(len(vectors), dtype=np.bool_)
    with np.errstate(all="ignore"):
        if str(stage.getDistanceMeasure()) == "cosine":
            lengths = np.sqrt((centers * centers).sum(axis=1))
            own = np.sqrt((vectors * vectors).sum(axis=1))[:, None]
            away = 1.0 - vectors @ centers.T / own / lengths
            size = np.ones(len(vectors))
            slack = 10 * NEAR
        else:
            away = np.square(vectors[:, None, :] - centers[None, :, :]).sum(axis=2)
            size = np.sort(away, axis=1)[:, 1]
            slack = DISTANCES
        two = np.sort(away, axis=1)[:, :2]
        return np.asarray(~(two[:, 1] - two[:, 0] > slack * size), dtype=np.bool_)


def _lost_digits(stage: Any, table: list[Any]) -> Bools:
    """Where a probit's mean is so small that Spark's own 1 + erf(x) keeps few of its digits."""
    mean = np.array([row[stage.getPredictionCol()] for row in table], dtype=np.float64)
    probit = stage.isDefined(stage.getParam("link")) and str(stage.getLink()).lower() == "probit"
    return np.asarray(probit & (mean < SMALL), dtype=np.bool_)


def _thresholds(stage: Any) -> Any:
    if stage.hasParam("thresholds") and stage.isDefined(stage.getParam("thresholds")):
        return stage.getThresholds()
    return None


def _tied(stage: Any, table: list[Any]) -> Bools:
    """Where two probabilities over their thresholds are equal but for rounding."""
    limits = _thresholds(stage)
    column = stage.getProbabilityCol() if stage.hasParam("probabilityCol") else ""
    if not limits or not column or len(limits) < 2:
        return np.zeros(len(table), dtype=np.bool_)
    with np.errstate(all="ignore"):
        over = _vectors(table, column) / np.asarray(limits, np.float64)
        two = np.sort(over, axis=1)[:, -2:]
        return np.asarray(
            two[:, 1] - two[:, 0] <= NEAR * np.maximum(1.0, two[:, 1]), dtype=np.bool_
        )


def _moved_border(stage: Any) -> bool:
    """Whether a linear model names its class by another border than equal scores."""
    name = type(stage).__name__
    if name not in LINEAR:
        return False
    usual = 0.0 if name == "LinearSVCModel" else 0.5
    return bool(stage.getThreshold() != usual)


def _hanging(answer: Callable[[Rows], Answers], rows: Rows, marked: Bools) -> Bools:
    try:
        return nudging.hanging(answer, rows, ~marked, "margin:")
    except Refused:
        # A moved row fell out of what the pipeline answers: nothing is excused.
        return np.zeros(len(marked), dtype=np.bool_)
