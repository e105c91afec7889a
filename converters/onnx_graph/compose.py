"""Walks a fitted scikit-learn model and lets each estimator inside write its own nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import fallback, families
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
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
    if kind in TRANSFORMERS or not hasattr(estimator, "predict"):
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
        value = graph.concat([graph.cast(item, "string") for item in result.values])
    else:
        value = result.promoted(graph)
    return Predicted((Answer("transformed", OutputKind.VALUES, "transform", value),))


@transformer("sklearn.ColumnTransformer")
def column_transformer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Each step on its columns, side by side in the fitted order, the remainder last."""
    if any(weight != 1 for weight in (estimator.transformer_weights or {}).values()):
        raise Refused(
            "transformer_weights",
            "This ColumnTransformer weights its steps, which is not proven here; scale inside the "
            "steps instead.",
        )
    parts: list[Value] = []
    for _, step, columns in estimator.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        indices = _indices(estimator, columns, frame)
        if indices:
            parts += transformed(graph, step, frame.take(graph, indices)).values
    return _side_by_side(graph, parts)


@transformer("sklearn.FeatureUnion")
def feature_union(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Each step on all columns, side by side."""
    if estimator.transformer_weights:
        raise Refused(
            "transformer_weights",
            "This FeatureUnion weights its steps, which is not proven here; scale inside the steps "
            "instead.",
        )
    parts: list[Value] = []
    for _, step in estimator.transformer_list:
        if not (isinstance(step, str) and step == "drop"):
            parts += transformed(graph, step, frame).values
    return _side_by_side(graph, parts)


def _side_by_side(graph: Graph, parts: list[Value]) -> Frame:
    """numpy's hstack: one common dtype, unless text keeps the columns apart."""
    if not parts:
        raise Refused("no_features", "The model's ColumnTransformer drops every column.")
    frame = Frame(tuple(parts))
    if frame.has_strings:
        return frame
    return Frame((frame.numbers(graph),))


def _indices(estimator: Any, columns: Any, frame: Frame) -> list[int]:
    """Places of the columns that a fitted ColumnTransformer names, counts, slices or masks."""
    width = frame.width
    if isinstance(columns, slice) and not isinstance(columns.start or columns.stop, str):
        return list(range(width))[columns]
    names = [str(name) for name in getattr(estimator, "feature_names_in_", frame.names)]
    if isinstance(columns, slice):
        first = names.index(columns.start) if columns.start is not None else 0
        last = names.index(columns.stop) + 1 if columns.stop is not None else width
        return list(range(first, last))[:: columns.step]
    chosen = [columns] if isinstance(columns, str | int | np.integer) else list(columns)
    if len(chosen) == width and all(isinstance(item, bool | np.bool_) for item in chosen):
        return [place for place, wanted in enumerate(chosen) if wanted]
    return _places(chosen, names, frame)


def _places(chosen: Sequence[Any], names: list[str], frame: Frame) -> list[int]:
    """By name where the frame has names, else in the order in which the model was trained."""
    places = []
    for item in chosen:
        if not isinstance(item, str):
            places.append(int(item) % frame.width)
        elif item in frame.names:
            places.append(frame.names.index(item))
        elif item in names and len(names) == frame.width:
            places.append(names.index(item))
        else:
            raise Refused(
                "column_missing",
                f"The model selects a column {item!r} that its signature does not have; log it "
                "again with a signature of all columns it was trained on.",
            )
    return places
