"""Spark ML's scalers: subtract and multiply slot by slot, in Spark's own order and in double.

Source: the Scala sources of org.apache.spark.ml.feature, release 4.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.onnx_graph.formula import Formula
from converters.onnx_graph.graph import Value
from converters.onnx_graph.spark_columns import Table, Trace, vector
from converters.onnx_graph.spark_features import feature


def _rescaled(table: Table, stage: Any, shift: Any, scale: Any) -> None:
    """(x - shift) * scale, slot by slot; either may be left out."""
    column = table.number(stage.getInputCol())
    made, traces = Formula(table.graph, column.value), list(column.traced())
    if shift is not None:
        made = made - np.asarray(shift, np.float64)
    if scale is not None:
        made = made * np.asarray(scale, np.float64)
    offsets = np.zeros(column.width) if shift is None else np.asarray(shift, np.float64)
    slopes = np.ones(column.width) if scale is None else np.asarray(scale, np.float64)
    traces = [
        _moved(one, float(slope), -float(offset * slope))
        for one, slope, offset in zip(traces, slopes, offsets, strict=True)
    ]
    table.columns[stage.getOutputCol()] = vector(made.value, tuple(traces))


def _moved(trace: Trace | None, slope: float, shift: float) -> Trace | None:
    if trace is None or not slope:
        return None
    return Trace(trace.source, trace.slope * slope, trace.shift * slope + shift)


def _inverse(values: Any, for_zero: float) -> npt.NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    return np.where(numbers == 0.0, for_zero, 1.0 / np.where(numbers == 0.0, 1.0, numbers))


@feature("StandardScalerModel")
def standard(table: Table, stage: Any) -> None:
    """Less the mean, times one by the deviation; a slot without deviation becomes 0."""
    mean, std = stage.mean.toArray(), stage.std.toArray()
    _centred(table, stage, mean, std, 3, (stage.getWithMean(), stage.getWithStd()))


@feature("RobustScalerModel")
def robust(table: Table, stage: Any) -> None:
    """Less the median, times one by the range; a slot without range becomes 0."""
    median, range_ = stage.median.toArray(), stage.range.toArray()
    _centred(table, stage, median, range_, 2, (stage.getWithCentering(), stage.getWithScaling()))


def _centred(
    table: Table, stage: Any, middle: Any, size: Any, reach: int, asked: tuple[bool, bool]
) -> None:
    """Less the middle and by the size, as far as asked; rows reach so many sizes to each side."""
    column = table.number(stage.getInputCol())
    table.hints.add(
        column.traced(),
        [[m - reach * s, m, m + reach * s] for m, s in zip(middle, size, strict=True)],
    )
    centres, scales = asked
    scale = _inverse(size, 0.0) if scales else None
    _rescaled(table, stage, middle if centres else None, scale)


@feature("MaxAbsScalerModel")
def max_abs(table: Table, stage: Any) -> None:
    """Times one by the largest size; a slot of zeros stays."""
    largest = stage.maxAbs.toArray()
    table.hints.add(table.number(stage.getInputCol()).traced(), [[-one, one] for one in largest])
    _rescaled(table, stage, None, _inverse(largest, 1.0))


@feature("MinMaxScalerModel")
def min_max(table: Table, stage: Any) -> None:
    """(x - least) * scale + min; a constant slot becomes the middle, NaN stays."""
    low, high = float(stage.getMin()), float(stage.getMax())
    least, most = stage.originalMin.toArray(), stage.originalMax.toArray()
    column = table.number(stage.getInputCol())
    table.hints.add(column.traced(), list(zip(least, most, strict=True)))
    x = Formula(table.graph, column.value)
    span = most - least
    scale = np.where(span != 0.0, (high - low) / np.where(span != 0.0, span, 1.0), 0.0)
    made = (x - least) * scale + np.full(column.width, low)
    if (scale == 0.0).any():
        constant = x.is_nan().where(x, (low + high) / 2)
        flat = Formula(table.graph, _mask(table, x, scale == 0.0))
        made = flat.where(constant, made)
    traces = [
        _moved(one, float(s), low - float(least[i] * s))
        for i, (one, s) in enumerate(zip(column.traced(), scale, strict=True))
    ]
    table.columns[stage.getOutputCol()] = vector(made.value, tuple(traces))


def _mask(table: Table, like: Formula, where: npt.NDArray[np.bool_]) -> Value:
    """[N, k] bool of one row of flags."""
    same = like.is_nan() | ~like.is_nan()
    flags = table.graph.const(where.reshape(1, -1), "bool")
    return table.graph.op("And", [same.value, flags], "bool", like.value.width)


@feature("ElementwiseProduct")
def product(table: Table, stage: Any) -> None:
    """Slot times factor."""
    _rescaled(table, stage, None, stage.getScalingVec().toArray())
