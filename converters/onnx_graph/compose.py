"""Walks a fitted scikit-learn model and lets each estimator inside write its own nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import fallback, families
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph
from converters.onnx_graph.refusals import refuse_known
from converters.onnx_graph.registry import (
    PREDICTORS,
    TAKES_TEXT,
    TRANSFORMERS,
    Answer,
    Predicted,
    class_name,
    transformer,
)

families.load()


def predicted(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Write a whole model: pipelines, searches, a predictor, or a transformer alone.

    Raises:
        Refused: `own_python`, `no_converter`, and what the emitters refuse by name.
    """
    kind = class_name(type(estimator))
    if kind == "sklearn.Pipeline":
        for _, step in estimator.steps[:-1]:
            frame = transformed(graph, step, frame)
        last = estimator.steps[-1][1]
        return (
            _transformed_alone(graph, last, frame)
            if _is_skip(last)
            else predicted(graph, last, frame)
        )
    if kind in (
        "sklearn.GridSearchCV",
        "sklearn.RandomizedSearchCV",
        "sklearn.HalvingGridSearchCV",
        "sklearn.HalvingRandomSearchCV",
    ):
        return predicted(graph, estimator.best_estimator_, frame)
    refuse_known(estimator)
    if kind in PREDICTORS:
        fed = frame if kind in TAKES_TEXT else _numeric(estimator, frame)
        return PREDICTORS[kind](graph, estimator, fed)
    if not hasattr(estimator, "predict"):
        return _transformed_alone(graph, estimator, frame)
    return fallback.predicted(graph, estimator, frame)


def transformed(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Write one transforming step.

    Raises:
        Refused: as `predicted`.
    """
    if _is_skip(estimator):
        return frame
    kind = class_name(type(estimator))
    if kind == "sklearn.Pipeline":
        for _, step in estimator.steps:
            frame = transformed(graph, step, frame)
        return frame
    refuse_known(estimator)
    if kind in TRANSFORMERS:
        result = TRANSFORMERS[kind](graph, estimator, frame)
    elif hasattr(estimator, "predict"):
        raise Refused(
            "no_converter",
            f"{type(estimator).__name__} stands before another step, which is fed by its "
            "transform; only its predictions are written here. Make it the last step.",
        )
    else:
        result = fallback.transformed(graph, estimator, frame)
    return result if result.names else _named(estimator, result)


def _is_skip(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step in ("passthrough", "drop"))


def _numeric(estimator: Any, frame: Frame) -> Frame:
    if frame.has_strings:
        raise Refused(
            "strings_not_encoded",
            f"{type(estimator).__name__} is fed text columns; encode them before it, inside the "
            "model's Pipeline.",
        )
    return frame


def _named(estimator: Any, frame: Frame) -> Frame:
    """Names as the step gives them, for a later ColumnTransformer that selects by name."""
    if not hasattr(estimator, "get_feature_names_out"):
        return frame
    try:
        names = tuple(str(name) for name in estimator.get_feature_names_out())
    except (ValueError, AttributeError, TypeError):
        return frame  # some steps cannot name their outputs; then nobody selects by name
    return Frame(frame.values, names) if len(names) == frame.width else frame


def _transformed_alone(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """A model that ends in a transformer answers with what it transforms to."""
    result = transformed(graph, estimator, frame)
    if result.has_strings:
        raise Refused(
            "strings_not_encoded",
            f"The model ends in {type(estimator).__name__}, which hands on text columns; nothing "
            "here proves text that a model transforms. Encode or drop them in the model.",
        )
    if not result.width:
        raise Refused(
            "no_features",
            f"The model ends in {type(estimator).__name__}, which gives no columns at all; train "
            "it on rows that have what it looks for.",
        )
    value = result.promoted(graph)
    return Predicted((Answer("transformed", OutputKind.VALUES, "transform", value),))


@transformer("sklearn.ColumnTransformer")
def column_transformer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Each step on its columns, side by side in the fitted order, the remainder last."""
    parts: list[Frame] = []
    weights = estimator.transformer_weights or {}
    for name, step, _ in estimator.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        indices = _indices(estimator, name, frame)
        if indices:
            part = transformed(graph, step, frame.take(graph, indices))
            parts.append(_weighted(graph, part, weights.get(name)))
    return _side_by_side(graph, parts)


@transformer("sklearn.FeatureUnion")
def feature_union(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Each step on all columns, side by side."""
    parts: list[Frame] = []
    weights = estimator.transformer_weights or {}
    for name, step in estimator.transformer_list:
        if not (isinstance(step, str) and step == "drop"):
            parts.append(_weighted(graph, transformed(graph, step, frame), weights.get(name)))
    return _side_by_side(graph, parts)


def _weighted(graph: Graph, part: Frame, weight: Any) -> Frame:
    """A part of the columns times its weight."""
    if weight is None:
        return part
    if part.has_strings:
        raise Refused(
            "strings_not_encoded",
            "The model weights a step that gives text; encode the text inside that step.",
        )
    return Frame((graph.binary("Mul", part.numbers(graph), np.full((1, 1), float(weight))),))


def _side_by_side(graph: Graph, parts: list[Frame]) -> Frame:
    """numpy's hstack: one common dtype, unless text keeps the columns apart."""
    if not any(part.width for part in parts):
        raise Refused("no_features", "The model's ColumnTransformer drops every column.")
    if any(part.has_strings for part in parts):
        return Frame(tuple(value for part in parts for value in part.values))
    values = [part.promoted(graph) for part in parts if part.width]
    common = str(np.result_type(*(np.dtype(value.dtype) for value in values)))
    return Frame((graph.concat([graph.cast(value, common) for value in values]),))


def _indices(estimator: Any, name: str, frame: Frame) -> list[int]:
    """Places in the frame of the columns that a fitted ColumnTransformer gives one of its steps.

    Trained on a DataFrame it finds them by name, in whatever order they come; else by place.
    """
    places = [int(place) for place in estimator._transformer_to_input_indices[name]]
    trained = [str(one) for one in getattr(estimator, "feature_names_in_", [])]
    if not trained or not frame.names:
        if places and max(places) >= frame.width:
            raise _missing_column(str(max(places)))
        return places
    found = []
    for place in places:
        if trained[place] in frame.names:
            found.append(frame.names.index(trained[place]))
        elif len(trained) == frame.width:
            found.append(place)
        else:
            raise _missing_column(trained[place])
    return found


def _missing_column(name: str) -> Refused:
    return Refused(
        "column_missing",
        f"The model selects a column {name!r} that its signature does not have; log it again with "
        "a signature of all columns it was trained on.",
    )
