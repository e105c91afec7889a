"""SavedModel: one file that holds the folder, scored by TensorFlow without a model's Python."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.contract import Input, Output
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.scorer import FormatError, feed_of, shaped, typed
from converters.tensorflow_graph import archive, operations

SIGNATURE = "serving_default"
# What Keras, which comes with TensorFlow, imports where it is there, and a judge must not load.
UNWANTED = ("sklearn", "joblib", "cloudpickle", "pandas")


class SavedModelScorer:
    """One SavedModel on the CPU, in one thread, through its serving signature."""

    def __init__(self, path: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="saved-model-")
        place = Path(self._folder.name)
        try:
            archive.unpack(path, place)
        except archive.ArchiveError as error:
            raise FormatError(str(error)) from error
        with _without(UNWANTED):
            import tensorflow as tf
        self._tf = tf
        self.runtime = f"tensorflow {tf.__version__}"
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.facts = _check(place)
        try:
            self._module = tf.saved_model.load(str(place))
            self._function = self._module.signatures[SIGNATURE]
        except Exception as error:
            # TensorFlow's reader has no one class for what a damaged graph makes it raise.
            raise FormatError(f"TensorFlow does not load the file: {_brief(error)}") from error

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows in one run; see `Scorer.score`."""
        self._check_names(inputs, outputs)
        count = len(next(iter(rows.values())))
        feed = {item.name: self._tensor(item, rows) for item in inputs}
        try:
            results = self._function(**feed)
        except Exception as error:
            raise FormatError(f"TensorFlow does not run the file: {_brief(error)}") from error
        return {
            output.name: typed(output, shaped(output, _array(results[output.name]), count))
            for output in outputs
        }

    def _tensor(self, item: Input, rows: Mapping[str, Array]) -> Any:
        values = feed_of(item, rows)
        if item.dtype == "string":
            return self._tf.constant(values.tolist(), dtype=self._tf.string)
        return self._tf.constant(values)

    def _check_names(self, inputs: Sequence[Input], outputs: Sequence[Output]) -> None:
        specs = self._function.structured_input_signature[1]
        taken = {name: spec.dtype.name for name, spec in specs.items()}
        given = {name: spec.dtype.name for name, spec in self._function.structured_outputs.items()}
        wanted_in = {item.name: item.dtype for item in inputs}
        wanted_out = {item.name: item.dtype for item in outputs}
        for found, wanted, side in ((taken, wanted_in, "input"), (given, wanted_out, "output")):
            if found != wanted:
                raise FormatError(f"the file's {side}s are {found}, promised are {wanted}")


def open(path: Path) -> SavedModelScorer:
    """A scorer for a SavedModel in one file.

    Raises:
        FormatError: no such archive, a graph that does more than compute or does not load.
    """
    return SavedModelScorer(path)


def _check(folder: Path) -> dict[str, str]:
    """See that the graph only computes; the TensorFlow version that wrote it.

    Raises:
        FormatError.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    document = saved_model_pb2.SavedModel()
    try:
        document.ParseFromString((folder / archive.GRAPH_FILE).read_bytes())
    except Exception as error:
        # protobuf's exception is another class in each of its implementations.
        raise FormatError(f"the graph cannot be read: {_brief(error)}") from error
    graphs = [meta.graph_def for meta in document.meta_graphs]
    if found := operations.forbidden(graphs):
        raise FormatError(f"the graph calls {', '.join(found)}, which no export may carry")
    if not graphs:
        raise FormatError("the file holds no graph")
    return {"tensorflow": document.meta_graphs[0].meta_info_def.tensorflow_version}


@contextlib.contextmanager
def _without(names: Sequence[str]) -> Iterator[None]:
    """Make imports of these modules fail for a while, as if they were not installed."""
    blocked = [name for name in names if name not in sys.modules]
    for name in blocked:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in blocked:
            sys.modules.pop(name, None)


def _array(tensor: Any) -> Array:
    values = np.asarray(tensor.numpy())
    if values.dtype.kind not in "OS":
        return values
    texts = [value.decode(errors="surrogateescape") for value in values.ravel().tolist()]
    return np.array(texts, dtype=object).reshape(values.shape)


def _brief(error: Exception) -> str:
    return quoted(error, 400)
