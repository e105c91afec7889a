"""A TensorFlow model in memory: what it takes, how it answers, and how a graph is traced of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import Signature, Tensor
from converters.errors import Refused
from converters.preflight import HOW_TO_SIGN
from converters.sources.loaded import TENSOR

# Types that rows and files carry as they are; narrower ones widen without loss.
CARRIED = ("float32", "float64", "int32", "int64", "bool", "object")
WIDENED = {"float16": "float32", "bfloat16": "float32", "int8": "int32", "int16": "int32"}
WIDENED |= {"uint8": "int32", "uint16": "int32", "uint32": "int64"}
TEXT = "object"
# Above the largest vocabulary that is ever probed for.
HIGHEST = 1 << 20
# Rows of a probe: a model that takes another number only is not free in its first axis.
PROBE_ROWS = 3

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Port:
    """One input of the model itself: numpy dtype (`object` for text), shape, None where free."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass
class TensorFlowModel:
    """A model of TensorFlow or Keras that answers rows and can be traced.

    Attributes:
        voice: the answer as MLflow's pyfunc gives it, for an array or a dict of arrays.
        call: the same for tensors while a graph is traced.
        ports: the inputs that the model itself tells; empty where it tells none.
        output_names: the names that the model itself has for its outputs, in order.
        holder: what holds the variables and tables that the graph uses.
        keras: whether it is a Keras model rather than a SavedModel.
        floatx: the floating-point type to which Keras first casts what it is fed; empty otherwise.
        given_dtypes: tensor → the signature's own dtype, where it was widened.
        input_ranges: tensor → (low, high) of the numbers that the model takes, where limited.
        last_layer: the last activation's name, e.g. softmax.
        notes: what its owner should know.
    """

    voice: Callable[[Any], Any]
    call: Callable[[Any], Any]
    holder: Any
    ports: list[Port] = field(default_factory=list)
    output_names: list[str] = field(default_factory=list)
    keras: bool = False
    floatx: str = ""
    given_dtypes: dict[str, str] = field(default_factory=dict)
    input_ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    last_layer: str = ""
    notes: list[str] = field(default_factory=list)
    _last: tuple[Any, dict[str, Array]] | None = None

    def answers(self, frame: Any) -> dict[str, Array]:
        """The model's answers for a frame (see Loaded.frame), by output name, in its own shapes.

        Outputs are asked one after the other for the same frame; the model runs once.
        """
        if self._last is None or self._last[0] is not frame:
            told = flattened(self._asked(frame), self.output_names)
            self._last = (frame, {name: as_array(value) for name, value in told.items()})
        return self._last[1]

    def _asked(self, frame: Any) -> Any:
        try:
            return self.voice(self.fed(frame))
        except SystemExit as error:
            raise RuntimeError("the model ends the process when it is asked") from error

    def fed(self, frame: Any) -> Any:
        """What MLflow's pyfunc hands to the model for this frame: an array, or a dict of them."""
        if isinstance(frame, Mapping):
            return {name: self._own(name, values) for name, values in frame.items()}
        if hasattr(frame, "columns"):
            return frame.to_numpy()
        return self._own(next(iter(self.given_dtypes), TENSOR), frame)

    def _own(self, name: str, values: Array) -> Array:
        return values.astype(self.given_dtypes.get(name, values.dtype))


def flattened(answer: Any, names: list[str]) -> dict[str, Any]:
    """A model's answer by output name: its own names, else `output`, `output_1` …

    Raises:
        Refused: `output_type` for anything but tensors, alone, in a list or in a dict.
    """
    if isinstance(answer, Mapping):
        named = {str(key): value for key, value in answer.items()}
    elif isinstance(answer, list | tuple):
        if len(names) != len(answer):
            names = ["output" if not i else f"output_{i}" for i in range(len(answer))]
        named = dict(zip(_unique(names), answer, strict=True))
    else:
        named = {names[0] if len(names) == 1 else "output": answer}
    for value in named.values():
        if not hasattr(value, "shape") or not hasattr(value, "dtype"):
            raise Refused(
                "output_type",
                f"The model answers with a {type(value).__name__} inside its output, which no "
                "converted file can give; return tensors, alone, in a list or in a dict.",
            )
    return named


def _unique(names: list[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        while name in taken:
            name += "_"
        taken.append(name)
    return taken


def as_array(value: Any) -> Array:
    """A tensor as numpy has it: half precision and short integers widened, text as str."""
    values = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if values.dtype.kind in "OSU":
        texts = [
            v.decode(errors="surrogateescape") if isinstance(v, bytes) else str(v)
            for v in values.ravel().tolist()
        ]
        return np.array(texts, dtype=object).reshape(values.shape)
    wide = WIDENED.get(str(values.dtype))
    return values.astype(wide) if wide else values


def settle(model: TensorFlowModel, signed: Signature | None, example: Any) -> Signature:
    """The signature with every length known and every type one that rows carry.

    Without a signature the model's own inputs are taken. A tensor's free lengths beside the batch
    are the model's own, else the input example's (an array or a dict of them).

    Raises:
        Refused: `no_signature`; `fixed_batch`; `tensor_shape` where a length is told nowhere;
            `column_type` for a dtype that neither rows nor files carry.
    """
    for port in model.ports:
        _check_batch(port)
    signed = signed or _own_signature(model)
    if signed.columns:
        return signed
    told = example if isinstance(example, Mapping) else {}
    single = signed.tensor is not None
    tensors = [
        _settled(model, tensor, told.get(tensor.name, example), single)
        for tensor in ([signed.tensor] if signed.tensor is not None else signed.tensors)
    ]
    if single:
        return replace(signed, tensor=tensors[0])
    return replace(signed, tensors=tensors)


def _own_signature(model: TensorFlowModel) -> Signature:
    tensors = [
        Tensor(port.name, port.dtype, [-1, *(-1 if n is None else n for n in port.shape[1:])])
        for port in model.ports
    ]
    if not tensors:
        raise Refused(
            "no_signature",
            "The model has no signature and does not itself tell its inputs. " + HOW_TO_SIGN,
        )
    if len(tensors) == 1:
        return Signature(tensor=replace(tensors[0], name=TENSOR), origin="estimator")
    return Signature(tensors=tensors, origin="estimator")


def _check_batch(port: Port) -> None:
    if port.shape and port.shape[0] is not None:
        raise Refused(
            "fixed_batch",
            f"The model takes exactly {port.shape[0]} rows at a time (its input {port.name!r} has "
            f"the shape {list(port.shape)}); build or save it with a free first axis (None).",
        )


def _settled(model: TensorFlowModel, tensor: Tensor, example: Any, single: bool) -> Tensor:
    name = tensor.name or TENSOR
    try:
        own = np.dtype(tensor.dtype)
    except TypeError:
        own = np.dtype("V")  # no type of numpy's: refused below
    dtype = TEXT if own.kind in "OSU" else str(own)
    model.given_dtypes[name] = dtype
    if dtype in WIDENED:
        low, high = _limits(dtype)
        if high is not None:
            model.input_ranges[name] = (low, high)
        model.notes.append(
            f"The input {name!r} is {dtype} in the original; the converted file takes "
            f"{WIDENED[dtype]} and answers alike for every number that {dtype} holds."
        )
    elif dtype not in CARRIED:
        raise Refused(
            "column_type",
            f"The signature's tensor {name!r} is of type {tensor.dtype}, which no route carries; "
            "let the model take whole numbers, floats, booleans or text and log it again.",
        )
    wide = WIDENED.get(dtype, dtype)
    return Tensor(name, wide, _lengths(model, tensor, example, single))


def _limits(dtype: str) -> tuple[float, float | None]:
    kind = np.dtype(dtype)
    if kind.kind not in "iu":
        return 0.0, None
    return int(np.iinfo(kind).min), int(np.iinfo(kind).max)


def _lengths(model: TensorFlowModel, tensor: Tensor, example: Any, single: bool) -> list[int]:
    """The tensor's shape, free axes beside the batch at the length that will be proven."""
    shape = list(tensor.shape)
    own = model.ports[0] if single and len(model.ports) == 1 else None
    own = next((port for port in model.ports if port.name == tensor.name), own)
    if own is not None and len(own.shape) == len(shape):
        pairs = zip(shape, own.shape, strict=True)
        shape = [n if asked == -1 and n is not None else asked for asked, n in pairs]
    if -1 not in shape[1:]:
        return [-1, *shape[1:]]
    lengths = getattr(example, "shape", ())
    if len(lengths) != len(shape):
        raise Refused(
            "tensor_shape",
            f"The tensor {tensor.name!r} has the shape {shape}, and nothing tells how long its "
            "free axes are; log the model with an input_example of typical length.",
        )
    fixed = [-1, *(lengths[i] if n == -1 else n for i, n in enumerate(shape[1:], 1))]
    model.notes.append(
        f"The input {tensor.name!r} may have other lengths in the original; the converted file "
        f"takes {fixed[1:]} a row, as the input example has it, and was proven for that only."
    )
    return fixed
