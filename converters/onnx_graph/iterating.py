"""IterativeImputer: the learned regressors, in their learned order, on the columns so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.errors import Refused
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.imputing import missing, simple, with_indicator
from converters.onnx_graph.registry import transformer

# Each step of the sequence is a model in the graph.
MOST_STEPS = 2000


@transformer("sklearn.IterativeImputer")
def iterative(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The first filling, then each step of the sequence where its column is missing.

    Raises:
        Refused: `no_converter` for imputations that are drawn at random, for a sequence that is too
            long, and for a regressor that is not computed as the original computes it.
    """
    _check(estimator)
    value = frame.numbers(graph)
    whole_mask = missing(graph, value, estimator.missing_values)
    filled = simple(graph, estimator.initial_imputer_, Frame((value,))).numbers(graph)
    empty = np.asarray(estimator._is_empty_feature, bool)
    every = estimator.keep_empty_features
    kept = [place for place in range(value.width) if every or not empty[place]]
    mask = Formula(graph, graph.take(whole_mask, kept))
    first = Formula(graph, filled)
    columns = [first.take([place]) for place in range(len(kept))]
    if estimator.n_iter_:
        for step in estimator.imputation_sequence_:
            place = int(step.feat_idx)
            if every and empty[place]:
                continue
            fed = graph.concat([columns[int(near)].value for near in step.neighbor_feat_idx])
            guess = _limited(_asked(graph, step.estimator, fed), estimator, place)
            found = mask.take([place]).where(guess.cast(value.dtype), columns[place])
            columns[place] = found
    rounds = Formula(graph, graph.concat([column.value for column in columns]))
    result = _all_missing(mask).where(first, rounds)
    return with_indicator(graph, estimator, Frame((result.value,)), whole_mask)


def _check(estimator: Any) -> None:
    if estimator.sample_posterior:
        raise Refused(
            "no_converter",
            "IterativeImputer(sample_posterior=True) draws its imputations at random; train it "
            "with sample_posterior=False.",
        )
    steps = len(estimator.imputation_sequence_) if estimator.n_iter_ else 0
    if steps > MOST_STEPS:
        raise Refused(
            "no_converter",
            f"IterativeImputer keeps {steps} regressors, more than the {MOST_STEPS} that are "
            "written into one file; lower max_iter or impute fewer columns.",
        )


def _asked(graph: Graph, model: Any, fed: Value) -> Formula:
    """What one regressor predicts, [N, 1], in double."""
    from converters.onnx_graph import compose

    before = len(graph.inexact)
    answers = compose.predicted(graph, model, Frame((fed,))).answers
    if any("skl2onnx" in reason for reason in graph.inexact[before:]):
        raise Refused(
            "no_converter",
            f"IterativeImputer predicts with {type(model).__name__}, whose answers are only "
            "written roughly, and each round builds on the last; use BayesianRidge or Ridge.",
        )
    value = next(answer.value for answer in answers if answer.source == "predict")
    column = graph.column(value) if value.width == 0 else value
    return Formula(graph, graph.cast(column, "float64"))


def _limited(guess: Formula, estimator: Any, place: int) -> Formula:
    """Between the limits that the imputer was given."""
    low, high = float(estimator._min_value[place]), float(estimator._max_value[place])
    if np.isfinite(low):
        guess = (guess < low).where(low, guess)
    if np.isfinite(high):
        guess = (guess > high).where(high, guess)
    return guess


def _all_missing(mask: Formula) -> Formula:
    """[1, 1]: no value at all in the whole batch, which stays at the first filling."""
    graph = mask.graph
    axes = graph.const([0, 1], "int64")
    flags = graph.cast(mask.value, "float32")
    least = graph.op("ReduceMin", [flags, axes], "float32", 1, keepdims=1)
    return Formula(graph, least) > 0.5
