"""Keras to ONNX, through one traced function."""

from __future__ import annotations

from pathlib import Path

from converters.contract import Request
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded
from converters.tensorflow_graph import to_onnx


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.onnx` into `folder`.

    Raises:
        Refused: what cannot be converted, by name.
    """
    return to_onnx.write(model, request, folder)
