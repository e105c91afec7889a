"""PyTorch modules as TorchScript: compiled where that goes, recorded where nothing can be lost.

Recording follows one run, so a branch on the data would be lost without a word: only a graph that
torch.export has captured for any data is recorded.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from converters.contract import Input
from converters.errors import Refused
from converters.sources import pytorch
from converters.sources.loaded import Loaded
from converters.sources.torch_files import SCRIPT
from converters.torch_export.attempts import Failure, refusal, tried
from converters.torch_export.flat import Flat, Interface
from converters.torch_export.lengths import fixed
from converters.torch_export.onnx_files import captured


@dataclass
class Script:
    """A TorchScript module, how it was made, and its inputs in the order of its parameters."""

    module: Any
    exporter: str
    inputs: list[Input]


def script_of(model: Loaded, face: Interface) -> Script:
    """The module as TorchScript.

    Raises:
        Refused: `inputs_option` where a script would have to join or cast its inputs;
            `data_dependent`, `not_exportable`.
    """
    estimator = model.estimator
    failed: list[Failure] = []
    if estimator.program is None and _as_they_are(model, face):
        attempt = partial(_scripted, estimator.module)
        logged = estimator.kind == SCRIPT
        scripted = estimator.module if logged else tried("torch.jit.script", attempt, failed)
        if scripted is not None:
            inputs = _ordered(scripted, face, estimator.keywords)
            return Script(scripted, "as it was logged" if logged else "torch.jit.script", inputs)
    if estimator.kind == SCRIPT:
        raise Refused(
            "inputs_option",
            "The signature's columns or types are not the tensors that this TorchScript module "
            "takes, and nothing can be put before it; log it with the signature of its own "
            "tensors, or export it to ONNX.",
        )
    flat = Flat(estimator, model.signature)
    program = tried("torch.export", partial(captured, flat, fixed(face)), failed)
    if program is not None:
        traced = tried("torch.jit.trace", partial(_traced, program.module(), face), failed)
        if traced is not None:
            return Script(traced, "torch.jit.trace, from torch.export", face.inputs)
    raise refusal(failed)


def _scripted(module: Any) -> Any:
    """The module compiled, and proven to be one that can be saved.

    A parameter like `b=None` without a type is compiled as a tensor that does not exist, which
    PyTorch then cannot write.
    """
    made = torch.jit.script(module)
    torch.jit.save(made, io.BytesIO())
    return made


def _as_they_are(model: Loaded, face: Interface) -> bool:
    """Whether the file's inputs are the very tensors that the module takes."""
    if model.signature.columns:
        return len(face.inputs) == 1 and face.inputs[0].dtype == "float32"
    tensors = pytorch.tensors_in(model.signature)
    return [one.dtype for one in tensors] == [item.dtype for item in face.inputs]


def _ordered(script: Any, face: Interface, keywords: list[str]) -> list[Input]:
    """The inputs in the order of forward's parameters, where they are passed by name."""
    if not keywords:
        return face.inputs
    known = [one.name for one in script.forward.schema.arguments]
    return sorted(face.inputs, key=lambda item: known.index(item.name))


def _traced(module: Any, face: Interface) -> Any:
    with torch.no_grad():
        made = torch.jit.trace(module, tuple(face.values), check_trace=False, strict=False)
        made(*(value[:-1] for value in face.values))  # raises where the batch was recorded too
    return made
