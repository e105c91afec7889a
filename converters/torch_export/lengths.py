"""Free lengths beside the batch: kept where the file answers alike at other lengths too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
import torch

from converters.parity import TOLERANCE
from converters.sources import torch_answers
from converters.sources.loaded import Loaded
from converters.torch_export.flat import PROBED, Flat, Interface

# How much longer or shorter than the proven one the lengths are at which the file is compared.
OTHERS = (1, 5, -1, -2)


def fixed(face: Interface) -> Interface:
    """The interface without free lengths."""
    return replace(face, free=[[] for _ in face.free])


def holds(model: Loaded, face: Interface, content: bytes) -> list[int]:
    """By how much the lengths were changed where the file answers like the module.

    Empty where the file does not, or cannot be told, at one length at which the module answers.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    flat = Flat(model.estimator, model.signature)
    held = []
    for change in OTHERS:
        values = [
            _resized(one, axes, change) for one, axes in zip(face.values, face.free, strict=True)
        ]
        wanted = _asked(flat, values)
        if wanted is None:
            continue
        feed = {name: one.numpy() for name, one in zip(face.input_names, values, strict=True)}
        try:
            got = session.run(face.output_names, feed)
        except Exception:
            # The runtime's way of saying that the file is bound to its length.
            return []
        if not all(_alike(a, b) for a, b in zip(wanted, got, strict=True)):
            return []
        held.append(change)
    return held


def _asked(flat: Flat, values: list[Any]) -> list[Any] | None:
    """The module's own answers; None where it does not take such lengths."""
    try:
        with torch.no_grad():
            return [torch_answers.as_array(one) for one in flat(*values)]
    except Exception:
        # Foreign code: any exception is the module's way of not taking a length.
        return None


def _resized(values: Any, axes: list[int], change: int) -> Any:
    """The values with other lengths: cut, or with their beginning once more at the end."""
    for axis in axes:
        length = max(1, values.shape[axis] + change)
        index = torch.arange(length) % values.shape[axis]
        values = values.index_select(axis, index)
    return values


def _alike(wanted: Any, got: Any) -> bool:
    if wanted.shape != got.shape or len(wanted) != PROBED:
        return False
    if wanted.dtype.kind != "f":
        return bool(np.array_equal(wanted, got))
    spread = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)))
    return bool(np.allclose(wanted, got, rtol=TOLERANCE, atol=TOLERANCE * spread, equal_nan=True))
