"""What all ONNX routes share: from a loaded model to a file, through the emitters."""

from __future__ import annotations

from pathlib import Path

from converters.contract import Input, Options, Request
from converters.errors import Refused
from converters.onnx_graph import compose, inputs, nullable
from converters.onnx_graph.graph import OPSET, Graph
from converters.onnx_graph.outputs import outputs_of
from converters.onnx_graph.registry import Predicted
from converters.routes.converted import Converted
from converters.sampling import feeding
from converters.sources.loaded import Loaded

FILE = "model.onnx"
OPSETS = range(18, 23)


def write(model: Loaded, request: Request, folder: Path) -> Converted:
    """Convert a model to `model.onnx` in `folder`.

    Raises:
        Refused: by name, for what no emitter writes or what is known to be wrong.
    """
    sparse = feeding.sparse_fed(model)
    graph, declared, answer = _written(model, request, sparse, frozenset())
    if graph.learned_empty:
        # Which inputs "" is a value of is known once all tables are written.
        valued = frozenset(graph.learned_empty)
        graph, declared, answer = _written(model, request, sparse, valued)
    if any(value.dtype == "float32" for value in graph.inputs):
        graph.inexact.append("the model takes float32 inputs")
    outputs = outputs_of(answer, [value.name for value in graph.inputs])
    pairs = zip(outputs, answer.answers, strict=True)
    document = graph.build([(output.name, one.value) for output, one in pairs])
    (folder / FILE).write_bytes(document.SerializeToString(deterministic=True))
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=nullable.probed(model, declared, outputs, graph.empty_values),
        outputs=outputs,
        exact=not graph.inexact,
        facts=_facts(graph),
        notes=[*model.notes, *dict.fromkeys(graph.notes)],
    )


def _written(
    model: Loaded, request: Request, sparse: frozenset[int], valued: frozenset[str]
) -> tuple[Graph, list[Input], Predicted]:
    """The whole model as a graph. valued: inputs of which "" is a value of its own."""
    graph = Graph(
        opset=_opset(request.options),
        empty_text=nullable.null_text(model),
        empty_values=valued,
        shares_leaves=True,
        sparse_fed=sparse,
    )
    declared, frame = inputs.declare(graph, model.signature, request.options)
    if model.signature.tensor is None:
        inputs.check_width(model.estimator, frame)
    return graph, declared, compose.predicted(graph, model.estimator, frame)


def _opset(options: Options) -> int:
    if options.opset and options.opset not in OPSETS:
        raise Refused(
            "opset",
            f"Opset {options.opset} cannot be written; {OPSETS.start} to {OPSETS.stop - 1} can.",
        )
    return options.opset or OPSET


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
