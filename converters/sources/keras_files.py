"""Keras models in one file, `.keras` or HDF5: loaded, and asked as MLflow's pyfunc asks them."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.quoting import quoted
from converters.sources import mlmodel
from converters.sources.tensorflow_model import Port, TensorFlowModel

# What MLflow lays beside the model; both are pickles, so they run code as they load.
CUSTOM_OBJECTS = ("custom_objects.cloudpickle", "global_custom_objects.cloudpickle")
# What a `.keras` file may unpack to: its weights, and text that describes them.
MOST_BYTES = 16 << 30
MOST_CONFIG = 64 << 20
MOST_ENTRIES = 10_000
PREDICT_ROWS = 256


def load(path: Path, beside: Path | None) -> TensorFlowModel:
    """The Keras model in one file.

    beside: the folder in which MLflow keeps pickled custom objects; None where there are none.

    Raises:
        Refused: `model_unreadable`, `lambda_layer`, `custom_layer`, `module_missing`,
            `stateful_model`.
    """
    if zipfile.is_zipfile(path):
        _check_archive(path)
    custom = _custom_objects(beside) if beside is not None else {}
    import keras

    prepare()
    model = _foreign(
        path, lambda: keras.models.load_model(str(path), custom_objects=custom, compile=False)
    )
    if not isinstance(model, keras.Model):
        raise Refused(
            "model_class", f"{path.name!r} holds a {type(model).__name__}, which is no Keras model."
        )
    return of_model(model)


def prepare() -> None:
    """One thread, so that sums are added in one order."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def of_model(model: Any) -> TensorFlowModel:
    """A Keras model, ready to be asked and traced.

    Raises:
        Refused: `stateful_model`.
    """
    import keras

    layers = list(model._flatten_layers())
    stateful = [layer.name for layer in layers if getattr(layer, "stateful", False)]
    if stateful:
        raise Refused(
            "stateful_model",
            f"The layer {stateful[0]!r} is stateful: its answer depends on the rows asked before, "
            "which no converted file carries; build the model with stateful=False.",
        )
    inputs = getattr(model, "inputs", None) or []
    return TensorFlowModel(
        voice=partial(_predict, model),
        call=lambda fed: model(fed, training=False),
        holder=model,
        ports=[_port(tensor) for tensor in inputs],
        output_names=_output_names(model),
        keras=True,
        floatx=keras.config.floatx(),
        last_layer=_last_activation(model),
    )


def _predict(model: Any, fed: Any) -> Any:
    """What `predict` answers, as MLflow's pyfunc asks it.

    For few rows the same step is run without the machinery around it, which takes a tenth of a
    second a call; it also casts the floats, so here they are cast as it does.
    """
    import keras

    arrays = list(fed.values()) if isinstance(fed, Mapping) else [fed]
    if len(arrays[0]) > PREDICT_ROWS or type(model).predict is not _plain_predict():
        return model.predict(_feed(fed, ""), verbose=0, batch_size=PREDICT_ROWS)
    return model.predict_on_batch(_feed(fed, keras.config.floatx()))


def _plain_predict() -> Any:
    import keras

    return keras.Model.predict


def _feed(fed: Any, floatx: str) -> Any:
    """Keras takes no text in numpy's arrays, so pyfunc cannot ask; TensorFlow's own it takes."""
    import tensorflow as tf

    if isinstance(fed, Mapping):
        return {name: _feed(values, floatx) for name, values in fed.items()}
    if fed.dtype == object:
        return tf.constant(fed.tolist(), dtype=tf.string)
    return fed.astype(floatx) if floatx and fed.dtype.kind == "f" else fed


def _port(tensor: Any) -> Port:
    dtype = str(tensor.dtype)
    return Port(tensor.name, "object" if dtype == "string" else dtype, tuple(tensor.shape))


def _output_names(model: Any) -> list[str]:
    outputs = getattr(model, "outputs", None) or []
    names = []
    for tensor in outputs:
        history = getattr(tensor, "_keras_history", None)
        names.append(history.operation.name if history is not None else "output")
    return names


def _last_activation(model: Any) -> str:
    """The activation that gives the model's answer, where all outputs have the same one."""
    found = set()
    for tensor in getattr(model, "outputs", None) or []:
        history = getattr(tensor, "_keras_history", None)
        layer = history.operation if history is not None else None
        while layer is not None and getattr(layer, "layers", None):
            layer = layer.layers[-1]
        activation = getattr(layer, "activation", None)
        found.add(getattr(activation, "__name__", type(layer).__name__.lower()))
    return found.pop() if len(found) == 1 else ""


def _custom_objects(folder: Path) -> dict[str, Any]:
    """The classes and functions that MLflow pickled beside the model, by name."""
    found: dict[str, Any] = {}
    for name in reversed(CUSTOM_OBJECTS):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            continue
        told = _foreign(path, partial(pickle.loads, path.read_bytes()))
        if not isinstance(told, Mapping):
            raise mlmodel.unreadable(path, TypeError("no mapping of names to objects"))
        found.update({str(key): value for key, value in told.items()})
    return found


def _check_archive(path: Path) -> None:
    """See that a `.keras` file unpacks to no more than a model may hold.

    Raises:
        Refused: `model_unreadable`, `lambda_layer`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if "config.json" not in names or len(entries) > MOST_ENTRIES:
                raise mlmodel.unreadable(path, ValueError("no archive that Keras writes"))
            config = archive.getinfo("config.json")
            packed = sum(entry.compress_size for entry in entries)
            if (
                sum(entry.file_size for entry in entries)
                > min(MOST_BYTES, 200 * packed + (1 << 20))
                or config.file_size > MOST_CONFIG
            ):
                raise Refused(
                    "model_unreadable",
                    f"The model's file {path.name!r} unpacks to far more than its size; it is no "
                    "file that Keras writes. Log the model again.",
                )
            document = json.loads(archive.read(config))
    except (zipfile.BadZipFile, ValueError, RecursionError, NotImplementedError, OSError) as error:
        raise mlmodel.unreadable(path, error) from error
    for part in _parts(document):
        if part.get("class_name") == "Lambda":
            raise _lambda_refused()


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a JSON document."""
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _lambda_refused() -> Refused:
    return Refused(
        "lambda_layer",
        "The model has a Lambda layer, whose Python code Keras stores as bytes and does not load "
        "again safely; write it as a layer of your own (a subclass of keras.layers.Layer with "
        "register_keras_serializable) or with keras.ops, and log the model again.",
    )


def _foreign(path: Path, load: Callable[[], Any]) -> Any:
    """What a loader gives; whatever the model's own code raises is the model's own affair."""
    try:
        return load()
    except ModuleNotFoundError as error:
        raise Refused(
            "module_missing",
            f"The model needs the Python module {error.name!r}, which is not installed here; log "
            "the model with layers of Keras only, or add the module through code_paths.",
        ) from error
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        if "Lambda" in said and "safe" in said:
            raise _lambda_refused() from error
        if "Could not locate" in said or "Unknown layer" in said or "custom_objects" in said:
            raise Refused(
                "custom_layer",
                f"The model uses a class or function of its own that was not logged with it "
                f"({quoted(error)}); log it again with custom_objects, or with code_paths.",
            ) from error
        raise mlmodel.unreadable(path, error) from error
