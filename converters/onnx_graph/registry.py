"""Which estimator class is written by which emitter, and which are refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from converters.contract import OutputKind
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value


@dataclass(frozen=True)
class Answer:
    """One output of a predictor: what it is, the original's method, where it is in the graph.

    classes: where they are others than the predictor's, as with several targets.
    """

    name: str
    kind: OutputKind
    source: str
    value: Value
    classes: list[Any] | None = None


@dataclass(frozen=True)
class Predicted:
    """All outputs of a predictor; `classes` where it has labels.

    more: methods that are no outputs of the file, written only where a model around this one asks.
    """

    answers: tuple[Answer, ...]
    classes: list[Any] = field(default_factory=list)
    more: Mapping[str, Callable[[], Value]] = field(default_factory=dict)


Transformer = Callable[[Graph, Any, Frame], Frame]
Predictor = Callable[[Graph, Any, Frame], Predicted]

TRANSFORMERS: dict[str, Transformer] = {}
PREDICTORS: dict[str, Predictor] = {}
# Predictors that hand their columns on untouched, so that those may be text.
TAKES_TEXT: set[str] = set()


class DuplicateEmitter(Exception):
    """Two emitters claim one class."""


def class_name(kind: type) -> str:
    """A class's public name, by which emitters register: the package and the class."""
    return f"{kind.__module__.split('.')[0]}.{kind.__qualname__}"


def transformer(*names: str) -> Callable[[Transformer], Transformer]:
    """Register an emitter for transformers, by `package.Class`: subclasses may answer otherwise."""

    def register(emit: Transformer) -> Transformer:
        for name in names:
            if name in TRANSFORMERS:
                raise DuplicateEmitter(name)
            TRANSFORMERS[name] = emit
        return emit

    return register


def predictor(*names: str, text: bool = False) -> Callable[[Predictor], Predictor]:
    """Register an emitter for predictors, by `package.Class`; `text` where columns may be text."""

    def register(emit: Predictor) -> Predictor:
        for name in names:
            if name in PREDICTORS:
                raise DuplicateEmitter(name)
            PREDICTORS[name] = emit
            if text:
                TAKES_TEXT.add(name)
        return emit

    return register
