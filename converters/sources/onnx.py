"""ONNX files as models: the original's voice is ONNX Runtime on the file as it was logged."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import Output, OutputKind, Signature, Tensor
from converters.errors import Refused
from converters.quoting import quoted
from converters.sources import mlmodel
from converters.sources.loaded import Loaded, Rows

# ONNX Runtime's words for element types → numpy's.
ELEMENTS = {
    "float": "float32",
    "double": "float64",
    "float16": "float16",
    "string": "object",
    "bool": "bool",
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
# Lengths to try for a free axis that nothing tells: a sequence, then an image.
LENGTHS = (8, 32, 224, 1)
MOST_SECONDS = 10.0
HOW_TO_FREE = "export it again with a free first axis (dynamic_axes, dynamic_shapes)"


Bools = npt.NDArray[np.bool_]


@dataclass
class Port:
    """One input of the file: its dtype and the shape of one row, None where an axis is free.

    flat: the file gives it no axis but the batch, so a row is one number.
    """

    name: str
    dtype: str
    shape: list[int | None]
    axes: list[str] = field(default_factory=list)
    flat: bool = False


@dataclass
class OnnxModel:
    """An ONNX file and its session.

    Attributes:
        path: the file.
        session: ONNX Runtime's, on the CPU, one thread.
        ports: its inputs, in order.
        batch: 0 where the first axis is free, else the number of rows that it is fixed at.
        lengths: name of a free axis → the length that is proven.
        input_ranges: tensor → (low, high) of the numbers that it takes, where the graph tells.
        notes: what its owner should know.
        answered: the last frame and all outputs for it, since outputs are asked one by one.
    """

    path: Path
    session: Any
    ports: list[Port]
    batch: int = 0
    lengths: dict[str, int] = field(default_factory=dict)
    input_ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    answered: tuple[Any, dict[str, Any]] | None = None

    def row_shape(self, port: Port) -> list[int]:
        """The shape of one row of an input, with free axes at their proven lengths."""
        named = zip(port.shape, port.axes, strict=True)
        return [size if size is not None else self.lengths[axis] for size, axis in named]

    def run(self, feed: dict[str, Any], names: list[str]) -> list[Any]:
        """The session's answers; a file that is fixed at b rows is asked b rows at a time."""
        if not self.batch:
            return list(self.session.run(names, feed))
        count, parts = len(next(iter(feed.values()))), []
        for start in range(0, count, self.batch):
            rows = np.arange(start, start + self.batch).clip(max=count - 1)
            told = self.session.run(names, {name: values[rows] for name, values in feed.items()})
            parts.append([one[: count - start] for one in told])
        return [_joined(list(column)) for column in zip(*parts, strict=True)]


def load(folder: Path, config: dict[str, Any]) -> OnnxModel:
    """The file that `mlflow.onnx` saved in `folder`, opened by ONNX Runtime.

    Raises:
        Refused: `model_unreadable`, `onnx_operators`, `onnx_inputs`, `onnx_batch`, and what
            `converters.sources.load` lists.
    """
    path = mlmodel.model_file(folder, config.get("data"))
    if path.suffix == ".ort":
        raise Refused("model_class", "The file is in ONNX Runtime's own format; log the .onnx one.")
    return open_model(path, folder, config)


def open_model(path: Path, folder: Path, config: dict[str, Any]) -> OnnxModel:
    """Open one file; raises what `load` raises."""
    from converters.onnx_refit import graphs

    graph = graphs.read(path, folder)
    session = _session(path, config)
    ports, batch = _ports(session)
    model = OnnxModel(path, session, ports, batch, input_ranges=graphs.index_ranges(graph))
    providers = config.get("providers")
    if isinstance(providers, list) and providers and "CPUExecutionProvider" not in str(providers):
        model.notes.append(
            "The model asks for another processor than the CPU; it was proven on the CPU."
        )
    return model


def _session(path: Path, config: dict[str, Any]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    told = config.get("onnx_session_options")
    level = told.get("graph_optimization_level") if isinstance(told, dict) else None
    if isinstance(level, int) and level in (0, 1, 2, 3, 99):
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel(level)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # The binding raises a family of classes whose only common base is Exception.
        said = quoted(error, 300)
        raise Refused(
            "onnx_operators",
            f"ONNX Runtime {onnxruntime.__version__} on the CPU does not load the model: {said}. "
            "Export it with standard operators and an opset that this runtime has.",
        ) from error


def _ports(session: Any) -> tuple[list[Port], int]:
    """The inputs, and the number of rows that the file is fixed at (0 where it is free)."""
    ports, firsts = [], set()
    for node in session.get_inputs():
        element = node.type.removeprefix("tensor(").removesuffix(")")
        if element not in ELEMENTS or not node.type.startswith("tensor("):
            raise Refused(
                "onnx_inputs",
                f"The input {node.name!r} is a {node.type}; tensors of numbers, booleans or text "
                "can be fed.",
            )
        if not node.shape:
            raise Refused(
                "onnx_batch",
                f"The input {node.name!r} has no axis for rows, so the file does not answer row by "
                f"row; {HOW_TO_FREE}, or make that input a constant.",
            )
        first, *rest = node.shape
        firsts.add(first)
        sizes = [size if isinstance(size, int) else None for size in rest]
        axes = [str(size or f"{node.name}:{i}") for i, size in enumerate(rest, 1)]
        ports.append(Port(node.name, ELEMENTS[element], sizes, axes, flat=not rest))
    if not ports:
        raise Refused("onnx_inputs", "The model has no inputs; it answers one constant.")
    fixed = {size for size in firsts if isinstance(size, int)}
    if len(fixed) > 1 or (fixed and len(firsts) > 1) or fixed == {0}:
        raise Refused(
            "onnx_batch",
            "The inputs do not have the rows as their first axis alike (sizes "
            f"{', '.join(sorted(map(str, firsts)))}), so the file does not answer row by row; "
            f"{HOW_TO_FREE}.",
        )
    batched = {str(size) for size in firsts if not isinstance(size, int) and size}
    if any(axis in batched for port in ports for axis in port.axes):
        raise Refused("onnx_batch", f"A row is as long as there are rows; {HOW_TO_FREE}.")
    return ports, fixed.pop() if fixed else 0


def settle(model: OnnxModel, signed: Signature | None, example: Any) -> Signature:
    """The inputs as the `MLmodel` declares them, or the file; free axes get a length.

    Raises:
        Refused: `signature_inputs` where the two do not go together, `onnx_lengths`.
    """
    declared = _declared(signed)
    if signed is not None:
        _check_ports(model, signed)
        if signed.columns and len(model.ports) == 1:
            axes = model.ports[0].axes
            model.lengths |= dict.fromkeys(axes, len(signed.columns))
    _settle_lengths(model, declared, example)
    if signed is not None and signed.columns:
        return signed
    told = {one.name: one for one in declared}
    tensors = []
    for port in model.ports:
        named = told.get(port.name) or (next(iter(told.values())) if len(told) == 1 else None)
        name, dtype = (named.name, named.dtype) if named else (port.name, port.dtype)
        shape = [-1, *(model.row_shape(port) or [1])]
        tensors.append(Tensor(name, dtype, shape))
    origin = signed.origin if signed else "estimator"
    if len(tensors) == 1:
        return Signature(tensor=tensors[0], origin=origin)
    return Signature(tensors=tensors, origin=origin)


def _declared(signed: Signature | None) -> list[Tensor]:
    """The tensors of a signature: none, one or several."""
    if signed is None:
        return []
    return list(signed.tensors) if signed.tensor is None else [signed.tensor]


def _check_ports(model: OnnxModel, signed: Signature) -> None:
    """See that the signature names what the file takes, as MLflow itself would feed it."""
    have = [port.name for port in model.ports]
    if signed.columns:
        names = [column.name for column in signed.columns]
        if len(have) > 1 and set(have) - set(names):
            raise _mismatch(f"its columns are {names[:8]}, the file's inputs are {have[:8]}")
        width = model.ports[0].shape
        several = len(width) > 1 or (len(width) == 1 and width[0] not in (None, len(names)))
        if len(have) == 1 and (several or (not width and len(names) > 1)):
            raise _mismatch(f"{len(names)} columns do not fill the input's row of {width}")
        if len(have) > 1 and set(names) - set(have):
            raise _mismatch(f"the file has no input for {sorted(set(names) - set(have))[:8]}")
        wide = [port.name for port in model.ports if len(have) > 1 and port.shape not in ([], [1])]
        if wide and any(size != 1 for p in model.ports if p.name in wide for size in p.shape):
            raise _mismatch(f"the input {wide[0]!r} takes more than one number a row, no column")
        return
    tensors = _declared(signed)
    if len(tensors) != len(have) or (len(have) > 1 and {one.name for one in tensors} != set(have)):
        raise _mismatch(f"its tensors are {[one.name for one in tensors]}, the inputs are {have}")
    by_name = {one.name: one for one in tensors}
    for port in model.ports:
        one = by_name.get(port.name, tensors[0])
        sizes = one.shape[1:] if not port.flat or len(one.shape) == 1 else one.shape[2:]
        fits = len(sizes) == len(port.shape) and all(
            want in (-1, size) or size is None for want, size in zip(sizes, port.shape, strict=True)
        )
        if not fits:
            raise _mismatch(f"{one.name!r} is declared {one.shape}, the file wants {port.shape}")


def _mismatch(why: str) -> Refused:
    return Refused(
        "signature_inputs",
        f"The signature does not go with the ONNX file: {why}. Log the model again with a "
        "signature of the file's own inputs.",
    )


def _settle_lengths(model: OnnxModel, declared: list[Tensor], example: Any) -> None:
    """Give each free axis a length: the signature's, the example's, or one that runs."""
    by_name = {one.name: one for one in declared}
    for port in model.ports:
        one = by_name.get(port.name) or (declared[0] if len(model.ports) == len(declared) else None)
        given = example.get(port.name) if isinstance(example, dict) else example
        shape = getattr(given, "shape", ())
        for i, (size, axis) in enumerate(zip(port.shape, port.axes, strict=True), 1):
            if size is None and one is not None and i < len(one.shape) and one.shape[i] > 0:
                model.lengths.setdefault(axis, one.shape[i])
            elif size is None and i < len(shape) and len(shape) == len(port.shape) + 1:
                model.lengths.setdefault(axis, shape[i])
    free = {axis for p in model.ports for s, axis in zip(p.shape, p.axes, strict=True) if s is None}
    free -= set(model.lengths)
    if not free:
        return
    for length in LENGTHS:
        model.lengths |= dict.fromkeys(free, length)
        if _runs(model):
            axes = ", ".join(sorted(free))
            model.notes.append(f"The free axes {axes} were proven at the length {length}.")
            return
    raise Refused(
        "onnx_lengths",
        f"The free axes {', '.join(sorted(free))} have no length at which the file answers (tried "
        f"{', '.join(map(str, LENGTHS))}). Log the model with an input example.",
    )


def _runs(model: OnnxModel) -> bool:
    feed = {
        port.name: np.full([2, *model.row_shape(port)], "" if port.dtype == "object" else 0).astype(
            port.dtype
        )
        for port in model.ports
    }
    try:
        model.run(feed, [node.name for node in model.session.get_outputs()])
    except Exception:
        # Of no interest: another length is tried, and the refusal names all of them.
        return False
    return True


def feed_of(model: Loaded, frame: Any) -> dict[str, Any]:
    """A frame, an array or a dict of arrays, as the file's inputs."""
    ports = model.estimator.ports
    if hasattr(frame, "columns"):
        if len(ports) == 1:
            arrays = {ports[0].name: frame.to_numpy()}
        else:
            arrays = {port.name: frame[port.name].to_numpy() for port in ports}
    else:
        arrays = frame if isinstance(frame, dict) else {ports[0].name: frame}
    feed = {}
    for port in ports:
        values = np.asarray(arrays[port.name])
        if port.dtype == "object":
            values = np.array([_text(value) for value in values.ravel()], dtype=object)
        shape = [len(arrays[port.name]), *model.estimator.row_shape(port)]
        with np.errstate(over="ignore", invalid="ignore"):
            feed[port.name] = values.astype(port.dtype).reshape(shape)
    return feed


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("ONNX strings have no null")
    return value


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """One output of the file, by its name in `source`; a ZipMap's maps as columns, in its order."""
    onnx = model.estimator
    if onnx.answered is None or onnx.answered[0] is not frame:
        names = [node.name for node in onnx.session.get_outputs()]
        told = onnx.run(feed_of(model, frame), names)
        onnx.answered = (frame, dict(zip(names, told, strict=True)))
    told = onnx.answered[1][source]
    return columns_of(told)


def columns_of(told: Any) -> Any:
    """A ZipMap's maps, one a row, as the float32 tensor [N, classes] that it was made of."""
    if isinstance(told, list) and told and isinstance(told[0], dict):
        return np.array([list(row.values()) for row in told], dtype=np.float32)
    return told


def unsettled(model: Loaded, rows: Rows, outputs: list[Output]) -> Bools:
    """[N] rows whose label is another alone than among others: its scores tie but for rounding.

    Products of matrices are added up in another order for one row than for many, so the class of a
    row on the very border is a matter of the batch.
    """
    count = len(next(iter(rows.values())))
    found = np.zeros(count, dtype=np.bool_)
    labels = [output for output in outputs if output.kind is OutputKind.LABEL]
    if not labels:
        return found
    together = model.answer(rows, labels)
    start = time.monotonic()
    for i in range(count):
        alone = model.answer({name: values[[i]] for name, values in rows.items()}, labels)
        found[i] = any(not np.array_equal(alone[o.name][0], together[o.name][i]) for o in labels)
        if time.monotonic() - start > MOST_SECONDS:
            break
    return found


def _joined(parts: list[Any]) -> Any:
    if isinstance(parts[0], list):
        return [item for part in parts for item in part]
    return np.concatenate(parts)
