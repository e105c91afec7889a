"""ONNX: the file checked by the format's own checker, scored by the pinned ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from converters import types
from converters.contract import Input, Output
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.scorer import FormatError, feed_of, shaped, typed

# com.microsoft holds what ONNX Runtime adds; every consumer of ours runs ONNX Runtime.
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})


class OnnxScorer:
    """One ONNX Runtime session on the CPU.

    One thread, so that sums are added in one order. The optimisation level is the runtime's own
    default (all), because that is what a Java session runs unless told otherwise: judged is what
    is used. Nothing in it is allowed to reorder tree sums; on a CPU its layout changes concern
    convolutions only.
    """

    def __init__(self, path: Path, data_files: Iterable[str] = ()) -> None:
        self.facts = check(path, data_files)
        self.runtime = f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # The binding raises a family of classes whose only common base is Exception.
            raise FormatError(f"ONNX Runtime does not load the file: {_brief(error)}") from error
        self.inputs = self._nodes(self._session.get_inputs())
        # Whether rows of an input may have several lengths.
        self.free = any(
            not isinstance(size, int)
            for node in self._session.get_inputs()
            for size in node.shape[1:]
        )
        self.outputs = self._nodes(self._session.get_outputs())

    @staticmethod
    def _nodes(nodes: Iterable[Any]) -> dict[str, str]:
        return {node.name: types.ELEMENTS.get(node.type, node.type) for node in nodes}

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows in one run; see `Scorer.score`."""
        self._check_names(inputs, outputs)
        count = len(next(iter(rows.values())))
        feed = {item.name: feed_of(item, rows) for item in inputs}
        try:
            results = self._session.run([output.name for output in outputs], feed)
        except Exception as error:
            raise FormatError(f"ONNX Runtime does not run the file: {_brief(error)}") from error
        return {
            output.name: typed(output, shaped(output, np.asarray(values), count))
            for output, values in zip(outputs, results, strict=True)
        }

    def _check_names(self, inputs: Sequence[Input], outputs: Sequence[Output]) -> None:
        promised: tuple[tuple[Mapping[str, str], Sequence[Input | Output], str], ...] = (
            (self.inputs, inputs, "input"),
            (self.outputs, outputs, "output"),
        )
        for found, wanted, side in promised:
            if {item.name: item.dtype for item in wanted} != dict(found):
                names = {item.name: item.dtype for item in wanted}
                raise FormatError(f"the file's {side}s are {dict(found)}, promised are {names}")


def open(path: Path, data_files: Iterable[str] = ()) -> OnnxScorer:
    """A scorer for an ONNX file; `data_files` beside it are all that it may read.

    Raises:
        FormatError: not an ONNX model, one that reads other files, or one that does not load.
    """
    return OnnxScorer(path, data_files)


def check(path: Path, data_files: Iterable[str] = ()) -> dict[str, str]:
    """The file's opsets and IR version, after the format's own checker has seen it.

    Raises:
        FormatError: not a valid model, data in other files than `data_files` beside it, or an
            operator domain that ONNX Runtime does not have.
    """
    try:
        model = onnx.load(str(path), load_external_data=False)
        read = _external(model)
        # Only by its path does the checker find what lies beside the file.
        onnx.checker.check_model(str(path) if read else model)
    except Exception as error:
        # protobuf's and the checker's exceptions share no narrower base.
        raise FormatError(f"the file is not valid ONNX: {_brief(error)}") from error
    if read != set(data_files) or any(Path(name).name != name for name in read):
        raise FormatError(f"the file keeps tensors outside of itself, in {sorted(read)}")
    opsets = {entry.domain or "ai.onnx": str(entry.version) for entry in model.opset_import}
    if strange := set(opsets) - DOMAINS:
        raise FormatError(f"the file uses operators of {', '.join(sorted(strange))}")
    return {"ir": str(model.ir_version), **{f"opset {k}": v for k, v in sorted(opsets.items())}}


def _external(model: onnx.ModelProto) -> set[str]:
    """The files in which the model keeps tensors."""
    return {
        entry.value
        for tensor in _tensors(model.graph)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            for inner in [attribute.g, *attribute.graphs]:
                if inner.node or inner.initializer:
                    yield from _tensors(inner)


def _brief(error: Exception) -> str:
    return quoted(error, 400)
