"""PyTorch to TorchScript, for libtorch from C++ and for DJL from Java."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from converters.contract import Request
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded

if TYPE_CHECKING:
    from converters.torch_export.flat import Interface

FILE = "model.pt"


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.pt` into `folder`; its inputs are passed by position.

    Raises:
        Refused: what `torch_export.flat.interface` and `script_files.script_of` refuse.
    """
    import torch

    from converters.torch_export import flat, script_files

    face = flat.interface(model, request)
    made = script_files.script_of(model, face)
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
        notes=_length_notes(face),
    )


def _length_notes(face: Interface) -> list[str]:
    """What to know where the original takes rows of other lengths than the proven one."""
    shapes = ", ".join(
        f"{item.name} {list(value.shape[1:])}"
        for item, value, axes in zip(face.inputs, face.values, face.free, strict=True)
        if axes
    )
    return [f"Proven at the lengths {shapes} only, whatever the original takes."] if shapes else []
