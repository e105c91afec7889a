"""A module as a file has it: declared inputs in, one tensor an output out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from converters import sampling, types
from converters.contract import Input, Output, OutputKind, Request, Signature, Tensor
from converters.errors import Refused
from converters.quoting import quoted
from converters.sampling import tensors as tensor_rows
from converters.sources import pytorch, torch_answers
from converters.sources.loaded import TENSOR, Loaded, Rows, carried

PROBED = 3


class Flat(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
    """A TorchModel that takes the file's inputs, and gives its outputs as a tuple of tensors.

    Columns are joined to one float32 tensor, as MLflow feeds them; narrow dtypes are widened.
    """

    def __init__(self, model: pytorch.TorchModel, signature: Signature) -> None:
        super().__init__()
        self.inner = model.module
        self.keywords = model.keywords
        self.training = False  # eval() would ask the module inside too, which may not know it
        self.columns = bool(signature.columns)
        self.dtypes = [getattr(torch, one.dtype) for one in pytorch.tensors_in(signature)]

    def tensors(self, values: Sequence[Any]) -> list[Any]:
        """What the module inside is called with, for values of the file's inputs."""
        if self.columns:
            parts = [value.to(torch.float32) for value in values]
            return [torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]]
        return [value.to(kind) for value, kind in zip(values, self.dtypes, strict=True)]

    def forward(self, *values: Any) -> tuple[Any, ...]:
        answer = pytorch.called(self.inner, self.keywords, self.tensors(values))
        return tuple(
            value.to(_wide(value.dtype)) for value in torch_answers.flattened(answer).values()
        )


@dataclass
class Interface:
    """A module's inputs and outputs as the file has them.

    values: `PROBED` rows of each input in its file's shape, which the module is known to take.
    free: for each input the axes, beside the batch, that have other lengths too.
    """

    inputs: list[Input]
    outputs: list[Output]
    values: list[Any]
    free: list[list[int]]

    @property
    def input_names(self) -> list[str]:
        return [item.name for item in self.inputs]

    @property
    def output_names(self) -> list[str]:
        return [output.name for output in self.outputs]


def interface(model: Loaded, request: Request) -> Interface:
    """What goes into the module and comes out of it, found by asking it.

    Raises:
        Refused: `original_fails`, `output_shape`, `output_type`, `no_outputs`, `column_type`,
            `inputs_option`.
    """
    inputs = _inputs(model.signature, request.options.inputs)
    rows = _rows(model, request)
    three = _asked(model, rows, PROBED)
    outputs = _outputs(three, _asked(model, rows, PROBED - 1), inputs)
    free = [model.estimator.free.get(item.columns[0], []) for item in inputs]
    return Interface(inputs, outputs, [_value(item, rows) for item in inputs], free)


def _wide(dtype: torch.dtype) -> torch.dtype:
    wide = torch_answers.WIDENED.get(str(dtype).removeprefix("torch."))
    return dtype if wide is None else getattr(torch, wide)


def _inputs(signature: Signature, wish: str) -> list[Input]:
    if signature.columns:
        return _columns(signature, wish)
    return [_tensor(one) for one in pytorch.tensors_in(signature)]


def _tensor(tensor: Tensor) -> Input:
    name = tensor.name or TENSOR
    # [N, k] is what an Input without a shape is: its width is in the signature.
    shape = tensor.shape[1:] if len(tensor.shape) != 2 else []
    return Input(name, carried(tensor), [name], shape=shape)


def _columns(signature: Signature, wish: str) -> list[Input]:
    names = [column.name for column in signature.columns]
    dtypes = [types.column(column.name, column.type).file for column in signature.columns]
    if "string" in dtypes:
        raise Refused(
            "column_type",
            f"Column {names[dtypes.index('string')]!r} holds text, and a PyTorch module takes "
            "numbers; turn it into numbers before the model, and log the signature of those.",
        )
    # The module is fed float32 whatever the columns are, so one tensor of that is no loss.
    reals = {column.type for column in signature.columns} <= {"float", "double"}
    if wish == "tensor" and not reals:
        raise Refused(
            "inputs_option",
            "The signature's columns are not all fractional numbers, so one tensor cannot carry "
            "them; ask for inputs=columns.",
        )
    if reals and wish != "columns":
        return [Input(TENSOR, "float32", names)]
    return [Input(name, dtype, [name]) for name, dtype in zip(names, dtypes, strict=True)]


def _rows(model: Loaded, request: Request) -> Rows:
    """PROBED rows that the module should take: of the example, else drawn."""
    if model.example is not None and len(next(iter(model.example.values()))):
        return {
            name: np.resize(values, (PROBED, *values.shape[1:]))
            for name, values in model.example.items()
        }
    if model.signature.columns:
        rows = sampling.sample(model, request, []).rows
    else:
        rows, _ = tensor_rows.draw(model, request)
    return {name: values[-PROBED:] for name, values in rows.items()}


def _asked(model: Loaded, rows: Rows, count: int) -> dict[str, Any]:
    frame = model.frame({name: values[:count] for name, values in rows.items()})
    try:
        found: dict[str, Any] = model.estimator.answers(frame)
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # Foreign code: any exception is the original's way of not answering.
        said = quoted(error, 300)
        raise Refused(
            "original_fails",
            f"The module itself does not answer rows of its signature ({type(error).__name__}: "
            f"{said}). Log it with the signature and an input example of what forward takes.",
        ) from error
    return found


def _outputs(three: dict[str, Any], two: dict[str, Any], inputs: list[Input]) -> list[Output]:
    """The outputs, each with one answer a row.

    Raises:
        Refused: `output_shape`, `no_outputs`.
    """
    if not three:
        raise Refused("no_outputs", "The module answers nothing; let forward return a tensor.")
    taken = {item.name for item in inputs}
    outputs = []
    for source, answer in three.items():
        if answer.shape[:1] != (PROBED,) or two[source].shape != (PROBED - 1, *answer.shape[1:]):
            raise Refused(
                "output_shape",
                f"The module's {source} has the shape {list(answer.shape)} for {PROBED} rows and "
                f"{list(two[source].shape)} for {PROBED - 1}, where one answer a row, with the "
                "rows first, is what can be proven; let forward return that.",
            )
        name = source
        while name in taken:
            name += "_"
        taken.add(name)
        width = int(np.prod(answer.shape[1:])) if answer.ndim > 1 else 0
        shape = list(answer.shape[1:]) if answer.ndim > 2 else []
        outputs.append(
            Output(name, OutputKind.VALUES, str(answer.dtype), width, source=source, shape=shape)
        )
    return outputs


def _value(item: Input, rows: Rows) -> Any:
    parts = [rows[name].reshape(len(rows[name]), -1) for name in item.columns]
    values = np.concatenate(parts, axis=1).astype(item.dtype)
    shaped = values.reshape(len(values), *item.shape) if item.shape else values
    return torch.from_numpy(np.ascontiguousarray(shaped))
