"""Keras to HDF5 for Deeplearning4j, layer by layer."""

from __future__ import annotations

from pathlib import Path

from converters.contract import Request
from converters.dl4j import convert as dl4j
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.h5` into `folder`.

    Raises:
        Refused: what Deeplearning4j does not read, by name.
    """
    return dl4j.write(model, request, folder)
