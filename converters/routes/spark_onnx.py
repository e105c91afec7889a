"""Spark pipelines to ONNX, on our own emitters."""

from __future__ import annotations

from pathlib import Path

from converters.contract import Request
from converters.routes import onnx_file
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.onnx` into `folder`.

    Raises:
        Refused: what cannot be converted, by name.
    """
    return onnx_file.write(model, request, folder)
