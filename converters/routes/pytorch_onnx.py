"""PyTorch to ONNX, by PyTorch's own exporters, proven like all others."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from converters.contract import Request
from converters.errors import Refused
from converters.onnx_graph.graph import OPSET
from converters.routes import onnx_file
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded

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

    from converters.torch_export import flat, onnx_files

    opset = request.options.opset or OPSET
    if opset not in onnx_file.OPSETS:
        last = onnx_file.OPSETS.stop - 1
        raise Refused("opset", f"Opset {opset} cannot be written; 18 to {last} can.")
    face = flat.interface(model, request)
    made = onnx_files.export(model, face, opset)
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
        data_files=[DATA_FILE] if beside else [],
    )
