"""Loads PyTorch modules as MLflow saved them, and asks them as MLflow's own pyfunc does."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import Column, Output, Signature, Tensor
from converters.errors import Refused
from converters.sources import mlmodel, torch_answers, torch_files, torch_states
from converters.sources.loaded import TENSOR, Loaded, Rows, carried
from converters.sources.torch_files import EXPORTED, SCRIPT, STATE
from converters.static import module_code
from converters.static.module_code import FILES

HIGHEST_TOKEN = 1 << 20


@dataclass
class TorchModel:
    """A PyTorch module that answers rows, ready to be exported.

    Attributes:
        module: called with the input tensors; in eval mode and on the CPU.
        kind: how it was saved (see torch_files).
        program: the ExportedProgram that `module` comes from, where it was saved as one.
        keywords: names under which the tensors are passed; empty where by position.
        input_ranges: tensor name → the lowest and highest number that the module takes.
        free: tensor name → axes, beside the batch, that may have other lengths.
        notes: what its owner should know.
    """

    module: Any
    kind: str
    program: Any = None
    keywords: list[str] = field(default_factory=list)
    input_ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    free: dict[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _last: tuple[Any, dict[str, npt.NDArray[Any]]] | None = None

    def call(self, tensors: Sequence[Any]) -> Any:
        """What the module itself returns for these tensors."""
        return called(self.module, self.keywords, tensors)

    def answers(self, frame: Any) -> dict[str, npt.NDArray[Any]]:
        """The module's answers for a frame (see Loaded.frame), by output name, in its own shapes.

        Outputs are asked one after the other for the same frame; the module runs once.
        """
        import torch

        if self._last is None or self._last[0] is not frame:
            with torch.no_grad():
                found = torch_answers.flattened(self.call(tensors_of(frame)))
            self._last = (
                frame,
                {name: torch_answers.as_array(value) for name, value in found.items()},
            )
        return self._last[1]


def called(module: Any, keywords: Sequence[str], tensors: Sequence[Any]) -> Any:
    """What a module returns for these tensors, passed by these names or by position."""
    if keywords:
        return module(**dict(zip(keywords, tensors, strict=True)))
    return module(*tensors)


def load(folder: Path, config: dict[str, Any]) -> TorchModel:
    """The module that `mlflow.pytorch` saved in `folder`.

    Raises:
        Refused: see `converters.sources.load`, `torch_files.read_module`, `torch_states`;
            `training_mode`.
    """
    import torch

    torch.set_num_threads(1)
    path = module_code.weights_file(folder, config) or mlmodel.model_file(folder, _named(config))
    path = mlmodel.model_file(folder, path.relative_to(folder).as_posix())
    weights = torch_states.weights_in(path)
    if weights is None:
        return from_file(path)
    state, key = weights
    module, notes = torch_states.module_for(state, folder, config, path)
    if key:
        notes.append(f"Of the checkpoint {path.name} the weights under {key!r} were taken.")
    return _at_rest(TorchModel(module, STATE, notes=notes))


def from_file(path: Path) -> TorchModel:
    """The module in one file; see `torch_files.read_module` for what is raised."""
    loaded, kind = torch_files.read_module(path)
    if kind == EXPORTED:
        _check_program(loaded)
        return TorchModel(loaded.module(), kind, program=loaded)
    return _at_rest(TorchModel(loaded, kind))


def _at_rest(model: TorchModel) -> TorchModel:
    """The model in eval mode; a script's parameters stay as they are."""
    model.module.eval()
    if model.kind != SCRIPT:
        for parameter in model.module.parameters():
            parameter.requires_grad_(False)
    return model


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """One output of the module, by name."""
    found = model.estimator.answers(frame)
    if source not in found:
        raise ValueError(f"the module gave {', '.join(found)}, and no {source}")
    return found[source]


def settle(model: TorchModel, signed: Signature | None, example: Any) -> Signature:
    """The signature with every length known, and the model ready to be asked by it.

    Free lengths beside the batch are taken from the input example. Without a signature the
    example tells the inputs: JSON does not tell float32 from float64, the parameters do.

    Raises:
        Refused: `no_signature`; `tensor_shape` where a length is told nowhere.
    """
    signed = signed or _from_example(model, example)
    if signed.columns:
        return signed
    told = example if isinstance(example, Mapping) else {}
    tensors = [
        _settled(model, tensor, told.get(tensor.name, example)) for tensor in tensors_in(signed)
    ]
    model.keywords = _keywords(model, tensors)
    model.input_ranges = _ranges(model, tensors)
    if signed.tensor is not None:
        return replace(signed, tensor=tensors[0])
    return replace(signed, tensors=tensors)


def _from_example(model: TorchModel, example: Any) -> Signature:
    given = example if isinstance(example, Mapping) else {TENSOR: example}
    if hasattr(example, "columns"):
        kinds = {"b": "boolean", "i": "long", "u": "long", "f": "double"}
        columns = [(str(name), kinds.get(example[name].dtype.kind)) for name in example.columns]
        if all(kind for _, kind in columns):
            made = [Column(name, kind) for name, kind in columns if kind]
            return Signature(columns=made, origin="input_example")
    elif all(isinstance(one, np.ndarray) and one.dtype.kind in "biuf" for one in given.values()):
        tensors = []
        for name, values in given.items():
            dtype = _parameter_dtype(model) if values.dtype.kind == "f" else str(values.dtype)
            tensors.append(Tensor(name, dtype, [-1, *values.shape[1:]]))
        if len(tensors) == 1:
            return Signature(tensor=tensors[0], origin="input_example")
        return Signature(tensors=tensors, origin="input_example")
    raise Refused(
        "no_signature",
        "The model has neither a signature nor an input example, and a PyTorch module does not "
        "tell its inputs. Log it again with input_example=x.numpy(), two rows or more, and "
        "signature=infer_signature(x.numpy(), model(x).numpy()); beside a plain file put an "
        "input_example.json with a few rows (x.tolist()).",
    )


def unsettled(model: Loaded, asked: Rows, outputs: list[Output]) -> npt.NDArray[np.bool_]:
    """[N] where a whole or true-or-false answer hangs on rounding: in double it is another one.

    Such answers jump (an argmax, a comparison), so no tolerance covers them.
    """
    count = len(next(iter(asked.values())))
    jumps = [output for output in outputs if np.dtype(output.dtype).kind in "biu"]
    if not jumps:
        return np.zeros(count, dtype=np.bool_)
    frame = model.frame(asked)
    single, double = model.estimator.answers(frame), _in_double(model.estimator, frame)
    found = np.zeros(count, dtype=np.bool_)
    for output in jumps:
        if output.source in double:
            differ = single[output.source] != double[output.source]
            found |= np.asarray(differ).reshape(count, -1).any(axis=1)
    return found


def _in_double(model: TorchModel, frame: Any) -> dict[str, npt.NDArray[Any]]:
    """The answers of a copy of the module in double; none where it does not compute in double."""
    import torch

    tensors = [one.double() if one.is_floating_point() else one for one in tensors_of(frame)]
    try:
        with torch.no_grad():
            inside = copy.deepcopy(model.module).double()
            found = torch_answers.flattened(called(inside, model.keywords, tensors))
    except Exception:
        # Foreign code, asked for what it need not be able to do; then no row is left out.
        return {}
    return {name: torch_answers.as_array(value) for name, value in found.items()}


def tensors_in(signed: Signature) -> list[Tensor]:
    """The signature's tensors, also where there is one; none for columns."""
    return [signed.tensor] if signed.tensor is not None else signed.tensors


def tensors_of(frame: Any) -> list[Any]:
    """A frame's tensors in the signature's order; columns are one float32 tensor, as in MLflow."""
    import torch

    if isinstance(frame, Mapping):
        return [torch.from_numpy(np.ascontiguousarray(values)) for values in frame.values()]
    if hasattr(frame, "columns"):
        return [torch.from_numpy(frame.to_numpy(dtype=np.float32))]
    return [torch.from_numpy(np.ascontiguousarray(frame))]


def _named(config: dict[str, Any]) -> str:
    """The file that should be there where none is."""
    return str(config.get("model_file") or f"{config.get('model_data') or 'data'}/{FILES[0]}")


def _check_program(program: Any) -> None:
    """See that an exported program was not exported for training.

    Raises:
        Refused: `training_mode`.
    """
    for node in program.graph.nodes:
        name = str(node.target)
        dropping = "dropout" in name and any(argument is True for argument in node.args)
        norming = "batch_norm" in name and len(node.args) > 5 and node.args[5] is True
        if dropping or norming:
            raise Refused(
                "training_mode",
                "The model was exported while it was training, so dropout or batch statistics are "
                "at work in it; call model.eval() and log it again.",
            )


def _parameter_dtype(model: TorchModel) -> str:
    for parameter in model.module.parameters():
        if parameter.is_floating_point():
            return str(parameter.dtype).removeprefix("torch.")
    return "float32"


def _settled(model: TorchModel, tensor: Tensor, example: Any) -> Tensor:
    shape = list(tensor.shape)
    carried(tensor)  # refuses a dtype that rows do not hold
    if -1 not in shape[1:]:
        return replace(tensor, shape=[-1, *shape[1:]])
    lengths = getattr(example, "shape", ())
    if len(lengths) != len(shape):
        raise Refused(
            "tensor_shape",
            f"The signature's tensor {tensor.name!r} has the shape {shape}, and nothing tells how "
            "long its free dimensions are; log the model with an input_example of typical length.",
        )
    fixed = [-1, *(lengths[i] if size == -1 else size for i, size in enumerate(shape[1:], 1))]
    model.free[tensor.name] = [i for i, size in enumerate(shape) if i and size == -1]
    return replace(tensor, shape=fixed)


def _keywords(model: TorchModel, tensors: list[Tensor]) -> list[str]:
    """The tensors' names where forward has parameters of exactly these names."""
    if len(tensors) < 2 or model.program is not None:
        return []
    names = [tensor.name for tensor in tensors]
    try:
        known = set(inspect.signature(model.module.forward).parameters)
    except (TypeError, ValueError):
        known = {one.name for one in model.module.forward.schema.arguments}
    return names if set(names) <= known else []


def _ranges(model: TorchModel, tensors: list[Tensor]) -> dict[str, tuple[float, float]]:
    """For whole numbers, the highest one that the module takes: an embedding has so many rows."""
    whole = [tensor for tensor in tensors if tensor.dtype in ("int32", "int64")]
    found: dict[str, tuple[float, float]] = {}
    for tensor in whole:
        highest = _highest(partial(_takes, model, tensors, tensor.name))
        if highest is not None:
            found[tensor.name or TENSOR] = (0, highest)
    return found


def _takes(model: TorchModel, tensors: list[Tensor], name: str, value: int) -> bool:
    import torch

    made = [
        np.full([2, *one.shape[1:]], value if one.name == name else 0).astype(one.dtype)
        for one in tensors
    ]
    try:
        with torch.no_grad():
            model.call([torch.from_numpy(values) for values in made])
    except Exception:
        # Foreign code: any exception is the module's way of not taking a number.
        return False
    return True


def _highest(takes: Callable[[int], bool]) -> int | None:
    """The highest number taken; None where even 0 is not, or where there seems to be no limit."""
    if not takes(0):
        return None
    low, high = 0, 1
    while takes(high):
        low, high = high, high * 2
        if high > HIGHEST_TOKEN:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if takes(middle) else (low, middle)
    return low
