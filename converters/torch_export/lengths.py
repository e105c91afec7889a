"""Free lengths beside the batch: kept where the file answers alike at other lengths too.

What is found here, in the process that has loaded the model, only decides which way to go: the
lengths that hold are handed on, and proven by the judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import torch

from converters.parity import TOLERANCE
from converters.routes.converted import Elsewhere
from converters.sampling import tensors
from converters.sources import torch_answers
from converters.sources.loaded import Loaded
from converters.torch_export.flat import PROBED, Flat, Interface

if TYPE_CHECKING:
    from converters.torch_export.script_files import Script

# How much longer or shorter than the proven one the lengths are at which the file is compared: all
# free axes alike, or only the first of each tensor.
OTHERS = ((1, False), (5, False), (-1, False), (-2, False), (2, True))

# The file's answers for the tensors of its inputs; raises where it does not run.
Run = Callable[[list[Any]], list[Any]]


def fixed(face: Interface) -> Interface:
    """The interface without free lengths."""
    return replace(face, free=[[] for _ in face.free])


def onnx_run(face: Interface, content: bytes) -> Run:
    """What runs an ONNX file on tensors."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(values: list[Any]) -> list[Any]:
        feed = {name: one.numpy() for name, one in zip(face.input_names, values, strict=True)}
        return list(session.run(face.output_names, feed))

    return run


def script_run(face: Interface, made: Script) -> Run:
    """What runs a TorchScript module on tensors, which it takes by position."""
    places = [face.input_names.index(item.name) for item in made.inputs]

    def run(values: list[Any]) -> list[Any]:
        with torch.no_grad():
            answer = made.module(*(values[place] for place in places))
        return [torch_answers.as_array(one) for one in torch_answers.flattened(answer).values()]

    return run


def usual(face: Interface) -> str:
    """The lengths of the inputs that are free, as the interface has them, in words."""
    return ", ".join(
        f"{item.name} {list(value.shape[1:])}"
        for item, value, axes in zip(face.inputs, face.values, face.free, strict=True)
        if axes
    )


def note(face: Interface, held: list[Elsewhere]) -> str:
    """What to know of the lengths that the file takes."""
    if not held:
        return f"Proven at the lengths {usual(face)} only, whatever the original takes."
    others = "; ".join(title(one) for one in held)
    return (
        f"Proven at the lengths {usual(face)}; other lengths are free in the file, and were "
        f"proven on fewer rows at {others}."
    )


def holds(model: Loaded, face: Interface, run: Run) -> list[Elsewhere]:
    """The other lengths at which the file answers like the module.

    Empty where the file does not, or cannot be told, at one length at which the module answers.
    """
    flat = Flat(model.estimator, model.signature)
    held = []
    for change, first in OTHERS:
        axes = [one[:1] if first else one for one in face.free]
        if first and axes == face.free:
            continue
        values = [_resized(*pair, change) for pair in zip(face.values, axes, strict=True)]
        if all(a.shape == b.shape for a, b in zip(values, face.values, strict=True)):
            continue  # no shorter than one
        wanted = _asked(flat, values)
        if wanted is None:
            continue
        try:
            got = run(values)
        except Exception:
            # The runtime's way of saying that the file is bound to its length.
            return []
        if not all(_alike(a, b) for a, b in zip(wanted, got, strict=True)):
            return []
        held.append(_elsewhere(model, face, values, wanted))
    return held


def title(place: Elsewhere) -> str:
    """The lengths in words, such as `X [11, 4]`."""
    return ", ".join(f"{one.name} {one.shape[1:]}" for one in place.model.signature.all_tensors)


def _elsewhere(model: Loaded, face: Interface, values: list[Any], wanted: list[Any]) -> Elsewhere:
    """The model, and the file's inputs and outputs, at the lengths of these values."""
    shapes = {
        item.columns[0]: list(one.shape[1:]) for item, one in zip(face.inputs, values, strict=True)
    }
    inputs = [
        replace(item, shape=shapes[item.columns[0]] if item.shape else []) for item in face.inputs
    ]
    outputs = [
        replace(output, width=int(np.prod(one.shape[1:])) if one.ndim > 1 else 0)
        for output, one in zip(face.outputs, wanted, strict=True)
    ]
    outputs = [
        replace(output, shape=list(one.shape[1:]) if one.ndim > 2 else [])
        for output, one in zip(outputs, wanted, strict=True)
    ]
    return Elsewhere(tensors.resized(model, shapes), inputs, outputs)


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
