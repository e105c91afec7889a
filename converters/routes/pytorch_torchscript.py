"""PyTorch to TorchScript, for libtorch from C++ and for DJL from Java."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from converters.contract import Request
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded

FILE = "model.pt"


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.pt` into `folder`; its inputs are passed by position.

    Raises:
        Refused: what `torch_export.flat.interface` and `script_files.script_of` refuse.
    """
    import torch

    from converters.torch_export import flat, lengths, script_files

    face = flat.interface(model, request)
    made = script_files.script_of(model, face)
    free = any(face.free)
    held = lengths.holds(model, face, lengths.script_run(face, made)) if free else []
    torch.jit.save(made.module, str(folder / FILE))
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=made.inputs,
        outputs=face.outputs,
        facts={
            "converter": f"torch.jit {version('torch')}",
            "exporter": made.exporter,
            "source": model.estimator.kind,
            "precision": "float32",
        },
        notes=[lengths.note(face, held)] if free else [],
        elsewhere=held,
    )
