"""Refuses columns of text where a model computes with numbers."""

from __future__ import annotations

from typing import Any

from converters.errors import Refused
from converters.onnx_graph.frame import Frame


def numeric(estimator: Any, frame: Frame) -> Frame:
    """The same frame.

    Raises:
        Refused: `strings_not_encoded` where a column holds text.
    """
    if frame.has_strings:
        raise Refused(
            "strings_not_encoded",
            f"{type(estimator).__name__} is fed text columns; encode them before it, inside the "
            "model's Pipeline.",
        )
    return frame
