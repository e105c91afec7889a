"""ONNX to ONNX: the file checked, and brought to the versions and types of the profile."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from converters.contract import Input, Output, OutputKind, Request
from converters.errors import Refused
from converters.onnx_refit import graphs, outputs, ports, versions
from converters.quoting import quoted
from converters.routes.converted import Converted, Elsewhere
from converters.sampling.tensors import resized
from converters.sources.loaded import Loaded
from converters.sources.onnx import OnnxModel, Port, columns_of

FILE = "model.onnx"
DATA_FILE = "model.onnx.data"  # where there is one
CARRIED = frozenset({"bool", "int32", "int64", "float32", "float64", "string"})
WIDER = {
    **dict.fromkeys(("int8", "int16", "uint8", "uint16"), "int32"),
    **{"float16": "float32", "uint32": "int64", "object": "string"},
}
PROBE_ROWS = 5
# By how much the lengths of free axes are changed, to be proven there too.
LENGTHS = (1, 5, -1)


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.onnx` and the files that it reads into `folder`.

    Raises:
        Refused: `opset`, `onnx_outputs`, `onnx_batch`, `onnx_data`, `onnx_inputs`.
    """
    _check_opset(request)
    original: OnnxModel = model.estimator
    document = versions.inlined(graphs.read(original.path, model.folder))
    versions.import_default(document, request.options.opset)
    cut = outputs.cut(document)
    if not document.graph.output:
        raise Refused(
            "onnx_outputs",
            f"No output of the file is a tensor ({', '.join(cut.dropped)}); export it with tensors "
            "as outputs.",
        )
    names = _data_names(document)
    same = _Same(original, folder, names)
    if original.batch:
        ports.free_batch(document)
        if not same(document):
            raise _fixed(original.batch)
    document, notes = versions.fitted(document, request.options.opset, same)
    if request.options.opset and graphs.opset(document) != request.options.opset:
        raise Refused("opset", f"{notes[-1]} Leave the opset out.")
    versions.tidy_imports(document)
    ports.name_batch(document)
    flat = [port.name for port in original.ports if port.flat]
    ports.columns(document, flat)
    widened = ports.widen(document)
    declared, rowless = _outputs(original, document, cut, same)
    _drop(document, rowless)
    _infer(document)
    shutil.rmtree(folder / same.ASIDE, ignore_errors=True)
    _write(document, original.path, folder, names)
    notes += _notes(cut.dropped + rowless, widened, flat)
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=_inputs(model),
        outputs=declared,
        exact=graphs.computes_in_double(document),
        facts=_facts(document),
        notes=notes,
        data_files=sorted(names.values()),
        elsewhere=_elsewhere(model, declared, same),
    )


def _check_opset(request: Request) -> None:
    wanted = request.options.opset
    if wanted and not versions.LOWEST <= wanted <= versions.HIGHEST:
        raise Refused(
            "opset",
            f"Opset {wanted} cannot be written; {versions.LOWEST} to {versions.HIGHEST} can.",
        )


def _fixed(rows: int) -> Refused:
    return Refused(
        "onnx_batch",
        f"The file takes exactly {rows} row{'s' * (rows > 1)} at a time, and its operators do not "
        "take another number; export it again with a free first axis (dynamic_axes, "
        "dynamic_shapes).",
    )


class _Same:
    """Whether a changed document still answers a few rows as the original does."""

    ASIDE = "probe"

    def __init__(self, original: OnnxModel, folder: Path, names: dict[str, str]) -> None:
        self.original, self.folder, self.names = original, folder, names
        random = np.random.default_rng(7)
        self.feed = {port.name: self._values(port, random) for port in original.ports}

    def _values(self, port: Any, random: np.random.Generator) -> Any:
        shape = (PROBE_ROWS, *self.original.row_shape(port))
        if port.dtype == "object":
            return random.choice(np.array(["", "a", "b"], dtype=object), shape)
        low, high = self.original.input_ranges.get(port.name, (0, 2))
        if np.dtype(port.dtype).kind in "biu":
            return random.integers(int(low), int(high), shape, endpoint=True).astype(port.dtype)
        return random.standard_normal(shape).astype(port.dtype)

    def __call__(self, document: onnx.ModelProto) -> bool:
        return self.answers(document) is not None

    def answers(self, document: onnx.ModelProto) -> dict[str, Any] | None:
        """The changed document's tensors by output, or None where it fails or answers otherwise."""
        import onnxruntime

        aside = self.folder / self.ASIDE
        aside.mkdir(exist_ok=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        try:
            _write(document, self.original.path, aside, self.names, link=True)
            session = onnxruntime.InferenceSession(
                str(aside / FILE), options, providers=["CPUExecutionProvider"]
            )
            told = session.run(None, self.feed)
            names = [output.name for output in session.get_outputs()]
            wanted = self.original.run(self.feed, names)
        except Exception:
            # ONNX Runtime's errors share no narrower base; the caller keeps what runs.
            return None
        answers = dict(zip(names, told, strict=True))
        expected = dict(zip(names, wanted, strict=True))
        if all(_alike(answers[name], expected[name]) for name in names):
            return answers
        return None


def _alike(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(columns_of(b))
    if a.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True))


def _outputs(
    original: OnnxModel, document: onnx.ModelProto, cut: outputs.Cut, same: _Same
) -> tuple[list[Output], list[str]]:
    """What each output is, from its answer on a few rows; and those that do not go by row."""
    names = [output.name for output in document.graph.output]
    try:
        told = dict(zip(names, original.run(same.feed, names), strict=True))
    except Exception as error:
        # The original's own failure, whatever ONNX Runtime calls it.
        raise Refused(
            "original_fails",
            f"The model itself does not answer made-up rows: {quoted(error, 300)}. "
            "Log it with an input example and a signature.",
        ) from error
    found, rowless = [], []
    for name in names:
        values = columns_of(told[name])
        if values.ndim == 0 or len(values) != PROBE_ROWS:
            rowless.append(name)
            continue
        found.append(_output(name, values, document, cut))
    if not found:
        raise Refused(
            "onnx_outputs",
            f"No output of the file answers row by row ({', '.join(rowless)}); export it with the "
            "rows as the first axis of its outputs.",
        )
    return found, rowless


def _output(name: str, values: Any, document: onnx.ModelProto, cut: outputs.Cut) -> Output:
    dtype = WIDER.get(str(values.dtype), str(values.dtype))
    if dtype not in CARRIED:
        raise Refused("onnx_outputs", f"The output {name!r} is a tensor of {dtype}; cast it.")
    shape = [int(size) for size in values.shape[1:]]
    width = int(np.prod(shape)) if shape else 0
    classes = cut.classes.get(name, [])
    kind = OutputKind.VALUES
    if classes and len(classes) == width:
        kind = OutputKind.PROBABILITIES
    elif dtype not in ("float32", "float64"):
        kind, classes = OutputKind.LABEL, outputs.label_classes(document, name)
    else:
        classes = []
    return Output(
        name=name,
        kind=kind,
        dtype=dtype,
        width=width,
        classes=classes,
        source=name,
        shape=shape if len(shape) > 1 else [],
    )


def _drop(document: onnx.ModelProto, names: list[str]) -> None:
    for i in reversed(range(len(document.graph.output))):
        if document.graph.output[i].name in names:
            del document.graph.output[i]


def _inputs(model: Loaded) -> list[Input]:
    original: OnnxModel = model.estimator
    signature = model.signature
    found = []
    for port in original.ports:
        if signature.columns:
            one = len(original.ports) > 1
            columns = [port.name] if one else [column.name for column in signature.columns]
        elif signature.tensor is not None:
            columns = [signature.tensor.name]
        else:
            columns = [port.name]
        dtype = WIDER.get(port.dtype, port.dtype)
        if dtype not in CARRIED:
            raise Refused(
                "onnx_inputs", f"The input {port.name!r} takes {dtype}, which no row can hold."
            )
        shape = original.row_shape(port)
        nullable = dtype in ("float32", "float64")
        found.append(Input(port.name, dtype, columns, nullable, shape if len(shape) > 1 else []))
    return found


def _elsewhere(model: Loaded, declared: list[Output], same: _Same) -> list[Elsewhere]:
    """The file at other lengths of its free axes, as far as the original answers at them."""
    original: OnnxModel = model.estimator
    ports = original.ports
    free = {axis for p in ports for size, axis in zip(p.shape, p.axes, strict=True) if size is None}
    if not free or model.signature.columns:
        return []
    found = []
    for change in LENGTHS:
        lengths = {axis: max(1, original.lengths[axis] + change) for axis in free}
        other = replace(original, lengths=original.lengths | lengths, answered=None)
        answers = _answered(other, _Same(other, same.folder, same.names).feed, declared)
        if not answers:
            continue
        tensors = [one.name for one in model.signature.all_tensors]
        shapes = {tensors[0] if len(tensors) == 1 else p.name: _row(other, p) for p in ports}
        moved = replace(resized(model, shapes), estimator=other)
        pairs = zip(declared, answers, strict=True)
        found.append(Elsewhere(moved, _inputs(moved), [_of_shape(*pair) for pair in pairs]))
    return found


def _answered(original: OnnxModel, feed: dict[str, Any], declared: list[Output]) -> list[Any]:
    """The original's answers, one an output; empty where it does not answer row by row."""
    try:
        told = original.run(feed, [output.name for output in declared])
    except Exception:
        # ONNX Runtime's errors share no narrower base; a file need not take every length.
        return []
    answers = [columns_of(one) for one in told]
    return [] if any(one.ndim == 0 or len(one) != PROBE_ROWS for one in answers) else answers


def _row(original: OnnxModel, port: Port) -> list[int]:
    """The shape of one row in the signature, where a row of one number is [1]."""
    return original.row_shape(port) or [1]


def _of_shape(output: Output, values: Any) -> Output:
    """The output with the width and shape of this answer."""
    shape = [int(size) for size in values.shape[1:]]
    width = int(np.prod(shape)) if shape else 0
    return replace(output, width=width, shape=shape if len(shape) > 1 else [])


def _infer(document: onnx.ModelProto) -> None:
    """Write the shapes that follow from the inputs into the document, where they do follow."""
    try:
        inferred = onnx.shape_inference.infer_shapes(document)
    except Exception:
        # A hint for readers only: ONNX Runtime infers on its own.
        return
    del document.graph.value_info[:]
    document.graph.value_info.extend(inferred.graph.value_info)


def _data_names(document: onnx.ModelProto) -> dict[str, str]:
    """Data file as the document names it → its plain name beside `model.onnx`."""
    names: dict[str, str] = {}
    found = graphs.data_files(document)
    for old in found:
        new = DATA_FILE if len(found) == 1 else Path(old).name
        while new in names.values() or new in (FILE, "report.json"):
            new = f"_{new}"
        names[old] = new
    return names


def _write(
    document: onnx.ModelProto, source: Path, folder: Path, names: dict[str, str], link: bool = False
) -> None:
    """The file and its data; `link` where the data need not outlive this process."""
    for tensor in graphs.tensors(document):
        if tensor.data_location == graphs.EXTERNAL:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = names.get(entry.value, entry.value)
    for old, new in names.items():
        beside = folder / new
        if link:
            beside.unlink(missing_ok=True)
            beside.hardlink_to(source.parent / old)
        else:
            shutil.copyfile(source.parent / old, beside)
    (folder / FILE).write_bytes(document.SerializeToString(deterministic=True))


def _notes(dropped: list[str], widened: list[str], flat: list[str]) -> list[str]:
    notes = []
    if dropped:
        notes.append(f"Left out, being no tensors with one entry a row: {', '.join(dropped)}.")
    if widened:
        notes.append(
            f"{', '.join(widened)}: fed and given in a wider type that Java has; the file casts."
        )
    if flat:
        notes.append(f"{', '.join(flat)}: fed as [N, 1], one number a row.")
    return notes


def _facts(document: onnx.ModelProto) -> dict[str, str]:
    found = {"converter": f"crossport, onnx {onnx.__version__}", "ir": str(document.ir_version)}
    found["precision"] = "float64" if graphs.computes_in_double(document) else "float32"
    for entry in document.opset_import:
        key = "opset" if entry.domain == "" else "opset_ml"
        if entry.domain in ("", "ai.onnx.ml"):
            found[key] = str(entry.version)
    return found
