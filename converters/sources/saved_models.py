"""SavedModels: graphs that TensorFlow loads and runs without any Python of the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.sources import mlmodel
from converters.sources.keras_files import prepare
from converters.sources.tensorflow_model import Port, TensorFlowModel
from converters.tensorflow_graph import operations

GRAPH_FILE = "saved_model.pb"
SERVING = "serving_default"


def load(folder: Path, key: str = "", tags: Any = None, method: str = "") -> TensorFlowModel:
    """The model in a SavedModel's folder.

    key: the signature to call, for models that MLflow saved with one.
    method: the method to call instead, as exported Keras models have one.

    Raises:
        Refused: `model_file_missing`, `model_unreadable`, `no_serving_signature`.
    """
    import tensorflow as tf

    if not (folder / GRAPH_FILE).is_file():
        raise Refused(
            "model_file_missing",
            f"The SavedModel has no {GRAPH_FILE}; it was deleted or never uploaded. Log the model "
            "again.",
        )
    prepare()
    _check_python(folder / GRAPH_FILE)
    wanted = [str(tag) for tag in tags] if isinstance(tags, list) else None
    try:
        module = tf.saved_model.load(str(folder), tags=wanted)
    except (
        *(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError),
        *(AssertionError, tf.errors.OpError),
    ) as error:
        # TensorFlow's reader has no one exception for a damaged graph or damaged variables.
        raise mlmodel.unreadable(folder / GRAPH_FILE, error) from error
    called = getattr(module, method, None) if method else module
    if (
        not key
        and callable(called)
        and hasattr(called, "concrete_functions" if method else "__call__")
    ):
        return _of_function(module, called if method else called.__call__)
    return _of_signature(module, key or SERVING)


def _check_python(path: Path) -> None:
    """See that the graph calls no Python, which stayed with the process that saved it.

    Raises:
        Refused: `savedmodel_operations`, `model_unreadable`.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    document = saved_model_pb2.SavedModel()
    try:
        document.ParseFromString(path.read_bytes())
    except (DecodeError, ValueError) as error:
        raise mlmodel.unreadable(path, error) from error
    graphs = [meta.graph_def for meta in document.meta_graphs]
    if found := [name for name in operations.forbidden(graphs) if name in operations.PYTHON]:
        raise Refused(
            "savedmodel_operations",
            f"The SavedModel calls Python ({', '.join(found)}), which stayed with the program that "
            "saved it, so that nobody can run the model; use TensorFlow's own operations in it.",
        )


def _of_signature(module: Any, key: str) -> TensorFlowModel:
    """One of the SavedModel's signatures: named tensors in, named tensors out."""
    functions = getattr(module, "signatures", {})
    if key not in functions:
        has = f"it has {', '.join(functions)}" if functions else "it has none"
        raise Refused(
            "no_serving_signature",
            f"The SavedModel has no signature {key!r} ({has}) and cannot be called itself; save it "
            "with tf.saved_model.save(module, path, signatures={'serving_default': function}).",
        )
    function = functions[key]
    specs = function.structured_input_signature[1]
    ports = [_port(name, spec) for name, spec in sorted(specs.items())]

    def call(fed: Any) -> Any:
        named = fed if isinstance(fed, Mapping) else {ports[0].name: fed}
        return function(**{name: _tensor(value) for name, value in named.items()})

    return TensorFlowModel(
        voice=call,
        call=call,
        holder=module,
        ports=ports,
        notes=[f"The SavedModel was asked through its signature {key!r}."],
    )


def _of_function(module: Any, function: Any) -> TensorFlowModel:
    """A function of the module, called with one tensor as MLflow's pyfunc calls it, or several."""
    ports = _ports(function)

    def call(fed: Any) -> Any:
        values = [fed[port.name] for port in ports] if isinstance(fed, Mapping) else [fed]
        return function(*(_tensor(value) for value in values))

    return TensorFlowModel(voice=call, call=call, holder=module, ports=ports)


def _ports(function: Any) -> list[Port]:
    """The tensors that a restored function takes, those of its most general trace first."""
    import tensorflow as tf

    best: list[Port] = []
    for concrete in getattr(function, "concrete_functions", []):
        positional, named = concrete.structured_input_signature
        flat = tf.nest.flatten([positional, named])
        specs = [spec for spec in flat if isinstance(spec, tf.TensorSpec)]
        ports = [_port(spec.name or f"input_{i}", spec) for i, spec in enumerate(specs)]
        if not best or (ports and ports[0].shape and ports[0].shape[0] is None):
            best = ports
    return best


def _port(name: str, spec: Any) -> Port:
    dtype = "object" if spec.dtype.name == "string" else spec.dtype.name
    shape = tuple(spec.shape.as_list()) if spec.shape.rank is not None else ()
    return Port(name, dtype, shape)


def _tensor(value: Any) -> Any:
    import tensorflow as tf

    if isinstance(value, np.ndarray) and value.dtype == object:
        return tf.constant(value.tolist(), dtype=tf.string)
    return tf.convert_to_tensor(value)
