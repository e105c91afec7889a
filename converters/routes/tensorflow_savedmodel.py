"""TensorFlow to SavedModel, through one traced function."""

from __future__ import annotations

from pathlib import Path

from converters.contract import Request
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded
from converters.tensorflow_graph import to_savedmodel


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `saved_model.zip` into `folder`.

    Raises:
        Refused: what cannot be converted, by name.
    """
    return to_savedmodel.write(model, request, folder)
