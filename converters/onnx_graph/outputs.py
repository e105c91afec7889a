"""What a predictor's answers are called in a file, and what each promises."""

from __future__ import annotations

from collections.abc import Collection

from converters.contract import Output, OutputKind
from converters.onnx_graph.registry import Answer, Predicted


def outputs_of(whole: Predicted, taken: Collection[str]) -> list[Output]:
    """One output an answer, in their order; a name that an input has gets underscores."""
    return [_output(_free(answer.name, taken), answer, whole) for answer in whole.answers]


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _output(name: str, answer: Answer, whole: Predicted) -> Output:
    with_classes = answer.kind is not OutputKind.VALUES
    classes = whole.classes if answer.classes is None else answer.classes
    return Output(
        name=name,
        kind=answer.kind,
        dtype=answer.value.dtype,
        width=answer.value.width,
        classes=list(classes) if with_classes else [],
        source=answer.source,
    )
