"""Calibrated probabilities: sigmoid, isotonic and temperature, and isotonic regression itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph import labels, members
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax, two_columns
from converters.onnx_graph.registry import Predicted, predictor

RESPONSES = ("decision_function", "predict_proba")
# scikit-learn keeps the logarithm of a probability finite by adding this.
LOG_SHIFT = 1e-12


@predictor("sklearn.IsotonicRegression")
def isotonic(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Linear between the learned steps; outside of them clipped, NaN, or an error there."""
    return labels.regressed(graph, interpolated(graph, estimator, frame.numbers(graph, "float64")))


def interpolated(graph: Graph, estimator: Any, value: Value) -> Value:
    """numpy.interp over an IsotonicRegression's thresholds, in its dtype: [N, 1] to [N, 1].

    The step below a value is counted, its slope and start are gathered; a value on a step is that
    step's own (numpy/_core/src/multiarray/compiled_base.c, `arr_interp`).
    """
    steps = np.asarray(estimator.X_thresholds_)
    narrow = steps.dtype == np.float32
    x, y = steps.astype(np.float64), np.asarray(estimator.y_thresholds_).astype(np.float64)
    value = graph.cast(graph.cast(value, "float32"), "float64") if narrow else value
    if len(x) == 1:
        same = graph.compare("Equal", value, value)
        answer = graph.where(same, graph.const(y.reshape(1, 1)), value, value)
        return graph.cast(graph.cast(answer, "float32"), "float64") if narrow else answer
    low, high = np.full((1, 1), x[0]), np.full((1, 1), x[-1])
    if estimator.out_of_bounds == "clip":
        least = np.full((1, 1), float(estimator.X_min_))
        most = np.full((1, 1), float(estimator.X_max_))
        value = graph.binary("Min", graph.binary("Max", value, least), most)
    reached = graph.cast(graph.compare("GreaterOrEqual", value, x.reshape(1, -1)), "float64")
    count = graph.cast(graph.flat(graph.reduce("ReduceSum", reached)), "int64")
    with np.errstate(all="ignore"):
        slope = np.append(np.diff(y) / np.diff(x), 0.0)
    # Entry 0 is for values below the first step.
    tables = [
        np.concatenate([[first], rest]) for first, rest in ((0.0, slope), (x[0], x), (y[0], y))
    ]
    taken = [
        graph.op("Gather", [graph.const(table.reshape(-1, 1)), count], "float64", 1, axis=0)
        for table in tables
    ]
    away = graph.binary("Sub", value, taken[1])
    answer = graph.binary("Add", graph.binary("Mul", taken[0], away), taken[2])
    inside = graph.op(
        "And",
        [graph.compare("GreaterOrEqual", value, low), graph.compare("LessOrEqual", value, high)],
        "bool",
        1,
    )
    answer = graph.where(inside, answer, graph.const(np.full((1, 1), np.nan)), answer)
    return graph.cast(graph.cast(answer, "float32"), "float64") if narrow else answer


@predictor("sklearn.CalibratedClassifierCV", text=True)
def calibrated(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of the members' calibrated probabilities; the label is the first largest."""
    total: Value | None = None
    for member in estimator.calibrated_classifiers_:
        proba = _member(graph, member, frame)
        total = proba if total is None else graph.binary("Add", total, proba)
    if total is None:
        raise Refused("no_members", "This CalibratedClassifierCV has no members left.")
    count = float(len(estimator.calibrated_classifiers_))
    proba = graph.binary("Div", total, np.full((1, total.width), count))
    index = labels.first_largest(graph, proba)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


def _member(graph: Graph, member: Any, frame: Frame) -> Value:
    """One member's calibrated probabilities (sklearn/calibration.py, `_CalibratedClassifier`)."""
    source = members.response(member.estimator, RESPONSES)
    value = members.ask(graph, member.estimator, frame, source)
    classes = np.asarray(member.classes)
    known = np.asarray(member.estimator.classes_)
    if source == "predict_proba" and len(known) == 2:
        value = graph.take(value, [1])
    if member.method == "temperature":
        return _tempered(graph, member, value, source)
    columns: dict[int, Value] = {}
    places = [int(np.flatnonzero(classes == label)[0]) for label in known]
    for column, (place, calibrator) in enumerate(zip(places, member.calibrators, strict=False)):
        if column >= value.width:
            break
        one = graph.take(value, [column])
        columns[place + 1 if len(classes) == 2 else place] = _calibrator(graph, calibrator, one)
    if len(classes) == 2:
        return _rounded(graph, two_columns(graph, columns[1]))
    nothing = graph.binary("Mul", graph.take(value, [0]), np.zeros((1, 1)))
    proba = graph.concat([columns.get(place, nothing) for place in range(len(classes))])
    return _rounded(graph, _normalised(graph, proba))


def _calibrator(graph: Graph, calibrator: Any, value: Value) -> Value:
    if hasattr(calibrator, "X_thresholds_"):
        return interpolated(graph, calibrator, value)
    slope, start = np.full((1, 1), float(calibrator.a_)), np.full((1, 1), float(calibrator.b_))
    return graph.sigmoid(
        graph.unary("Neg", graph.binary("Add", graph.binary("Mul", value, slope), start))
    )


def _tempered(graph: Graph, member: Any, value: Value, source: str) -> Value:
    """softmax(beta * logits); a score has the logits (-x, x), a probability its logarithm."""
    if source == "predict_proba":
        graph.inexact.append(
            "temperature scaling magnifies the rounding of a vanishing probability"
        )
        value = two_columns(graph, value) if value.width == 1 else value
        logits = graph.unary(
            "Log", graph.binary("Add", value, np.full((1, value.width), LOG_SHIFT))
        )
    elif value.width == 1:
        logits = graph.concat([graph.unary("Neg", value), value])
    else:
        logits = value
    beta = np.full((1, logits.width), float(member.calibrators[0].beta_))
    return _rounded(graph, softmax(graph, graph.binary("Mul", logits, beta)))


def _normalised(graph: Graph, proba: Value) -> Value:
    """Probabilities that add up to one; equal ones where all are zero."""
    total = graph.reduce("ReduceSum", proba)
    empty = graph.compare("Equal", total, np.zeros((1, 1)))
    even = graph.const(np.full((1, proba.width), 1.0 / proba.width))
    divided = graph.op("Div", [proba, total], "float64", proba.width)
    return graph.where(empty, even, divided, divided)


def _rounded(graph: Graph, proba: Value) -> Value:
    """What is above one by no more than 1e-5 is one."""
    width = proba.width
    above = graph.compare("Greater", proba, np.ones((1, width)))
    near = graph.compare("LessOrEqual", proba, np.full((1, width), 1.0 + 1e-5))
    both = graph.op("And", [above, near], "bool", width)
    return graph.where(both, graph.const(np.ones((1, width))), proba, proba)
