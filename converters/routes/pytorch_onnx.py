"""PyTorch to ONNX, by PyTorch's own exporters, proven like all others."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from converters.contract import Request
from converters.errors import Refused
from converters.onnx_graph.graph import OPSET
from converters.routes import onnx_file
from converters.routes.converted import Converted, Elsewhere
from converters.sources.loaded import Loaded

if TYPE_CHECKING:
    from converters.torch_export.flat import Interface
    from converters.torch_export.onnx_files import Exported

# Protobuf carries no file of 2 GB; weights beyond this go beside the file.
MOST_INSIDE = 1_800_000_000
DATA_FILE = f"{onnx_file.FILE}.data"


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.onnx` into `folder`.

    Raises:
        Refused: `opset`, and what `torch_export.flat.interface`, `torch_export.onnx_files.export`
            refuse.
    """
    import onnx

    from converters.torch_export import flat

    opset = request.options.opset or OPSET
    if opset not in onnx_file.OPSETS:
        last = onnx_file.OPSETS.stop - 1
        raise Refused("opset", f"Opset {opset} cannot be written; 18 to {last} can.")
    made, face, elsewhere, notes = _exported(model, flat.interface(model, request), opset)
    beside = made.model.ByteSize() > MOST_INSIDE
    onnx.save_model(
        made.model, folder / onnx_file.FILE, save_as_external_data=beside, location=DATA_FILE
    )
    return Converted(
        file=onnx_file.FILE,
        signature=model.signature,
        inputs=face.inputs,
        outputs=face.outputs,
        facts={
            "converter": f"torch.onnx {version('torch')}",
            "exporter": made.exporter,
            "source": model.estimator.kind,
            "opset": str(next(o.version for o in made.model.opset_import if not o.domain)),
            "ir": str(made.model.ir_version),
            "precision": "float32",
        },
        notes=notes,
        data_files=[DATA_FILE] if beside else [],
        elsewhere=elsewhere,
    )


def _exported(
    model: Loaded, face: Interface, opset: int
) -> tuple[Exported, Interface, list[Elsewhere], list[str]]:
    """The file with its lengths free where that holds, else with those of the interface."""
    from converters.torch_export import lengths, onnx_files

    if not any(face.free):
        return onnx_files.export(model, face, opset), face, [], []
    try:
        made = onnx_files.export(model, face, opset)
        run = lengths.onnx_run(face, made.model.SerializeToString())
        held = lengths.holds(model, face, run)
    except Refused:
        held = []
    if held:
        return made, face, held, [lengths.note(face, held)]
    usual, face = lengths.usual(face), lengths.fixed(face)
    note = f"The file takes rows of the lengths {usual} only, whatever the original takes."
    return onnx_files.export(model, face, opset), face, [], [note]
