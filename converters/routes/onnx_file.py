"""What all ONNX routes share: from a loaded model to a file, through the emitters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters.contract import Options, Output, OutputKind, Request
from converters.errors import Refused
from converters.onnx_graph import compose, inputs, nullable
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import OPSET, Graph
from converters.onnx_graph.registry import Answer, Predicted
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded

FILE = "model.onnx"
OPSETS = range(18, 23)


def write(model: Loaded, request: Request, folder: Path) -> Converted:
    """Convert a model to `model.onnx` in `folder`.

    Raises:
        Refused: by name, for what no emitter writes or what is known to be wrong.
    """
    graph = Graph(opset=_opset(request.options), empty_text=_empty_text(model), shares_leaves=True)
    declared, frame = inputs.declare(graph, model.signature, request.options)
    if model.signature.tensor is None:
        frame = _trained_width(model, frame)
    answer = compose.predicted(graph, model.estimator, frame)
    if any(value.dtype == "float32" for value in graph.inputs):
        graph.inexact.append("the model takes float32 inputs")
    names = _output_names(answer, [value.name for value in graph.inputs])
    pairs = list(zip(names, answer.answers, strict=True))
    outputs = [_output(name, one, answer) for name, one in pairs]
    document = graph.build([(name, one.value) for name, one in pairs])
    (folder / FILE).write_bytes(document.SerializeToString(deterministic=True))
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=nullable.probed(model, declared, outputs),
        outputs=outputs,
        exact=not graph.inexact,
        facts=_facts(graph),
        notes=[*model.notes, *dict.fromkeys(graph.notes)],
    )


def _empty_text(model: Loaded) -> str:
    if nullable.learns_empty_text(model.estimator):
        return "value"
    return "none" if model.missing_text is None else "nan"


def _opset(options: Options) -> int:
    if options.opset and options.opset not in OPSETS:
        raise Refused(
            "opset",
            f"Opset {options.opset} cannot be written; {OPSETS.start} to {OPSETS.stop - 1} can.",
        )
    return options.opset or OPSET


def _trained_width(model: Loaded, frame: Frame) -> Frame:
    """See that the signature has as many columns as the model was trained on."""
    trained = getattr(model.estimator, "n_features_in_", 0)
    if trained and int(trained) != frame.width and not _selects(model.estimator):
        raise Refused(
            "signature_width",
            f"The signature has {frame.width} columns, the model was trained on {int(trained)}; "
            "log the model again with the signature of its training data.",
        )
    return frame


def _selects(estimator: Any) -> bool:
    """Whether the model picks its columns by name, so that others may be there or be gone."""
    while getattr(estimator, "steps", None) or hasattr(estimator, "best_estimator_"):
        searched = getattr(estimator, "best_estimator_", None)
        estimator = searched if searched is not None else estimator.steps[0][1]
    return hasattr(estimator, "transformers_") and hasattr(estimator, "feature_names_in_")


def _output_names(answer: Predicted, taken: Sequence[str]) -> list[str]:
    """The answers' own names; one that an input has gets underscores."""
    names = []
    for one in answer.answers:
        name = one.name
        while name in taken:
            name += "_"
        names.append(name)
    return names


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


def _facts(graph: Graph) -> dict[str, str]:
    facts = {
        "converter": "crossport",
        "opset": str(graph.opset),
        "ir": "10",
        "precision": "float32" if graph.inexact else "float64",
    }
    if graph.ml_opset:
        facts["opset_ml"] = str(graph.ml_opset)
    if any("skl2onnx" in reason for reason in graph.inexact):
        import skl2onnx

        facts["converter"] = f"crossport, skl2onnx {skl2onnx.__version__}"
    return facts
