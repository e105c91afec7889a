"""A traced function as a SavedModel with one serving signature, in one file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from converters.contract import Request
from converters.errors import Refused
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded
from converters.tensorflow_graph import archive, operations
from converters.tensorflow_graph.serving import Serving, trace

FILE = "saved_model.zip"
SIGNATURE = "serving_default"


def write(model: Loaded, request: Request, folder: Path) -> Converted:
    """Convert a model to `saved_model.zip` in `folder`.

    Raises:
        Refused: `savedmodel_operations`, and what `serving.trace` refuses.
    """
    import tensorflow as tf

    serving = trace(model, request.options)
    _check(serving)
    inputs = _plain([item.name for item in serving.inputs])
    outputs = _plain([item.name for item in serving.outputs], inputs)
    function = _named(serving, inputs, outputs)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        whole = Path(place) / "saved_model"
        _save(model.estimator, function, whole)
        archive.pack(whole, folder / FILE)
    own = [*(item.name for item in serving.inputs), *(item.name for item in serving.outputs)]
    pairs = zip(own, [*inputs, *outputs], strict=True)
    changed = [(old, new) for old, new in pairs if old != new]
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=[replace(i, name=n) for i, n in zip(serving.inputs, inputs, strict=True)],
        outputs=[replace(o, name=n) for o, n in zip(serving.outputs, outputs, strict=True)],
        facts={"converter": f"tensorflow {tf.__version__}", "signature": SIGNATURE},
        notes=[f"TensorFlow takes no name {old!r}: it is {new!r} here." for old, new in changed],
    )


def _check(serving: Serving) -> None:
    graph = serving.function.get_concrete_function().graph.as_graph_def()
    if found := operations.forbidden([graph]):
        raise Refused(
            "savedmodel_operations",
            f"The model calls {', '.join(found)}: Python code or files, which do not travel with a "
            "SavedModel; use TensorFlow's own operations in it.",
        )


def _plain(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Names that TensorFlow takes for arguments, each once."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
        plain = plain if plain[:1].isalpha() else f"x{plain}"
        while plain in found or plain in taken:
            plain += "_"
        found.append(plain)
    return found


def _named(serving: Serving, inputs: Sequence[str], outputs: Sequence[str]) -> Any:
    import tensorflow as tf

    specs = [
        tf.TensorSpec(spec.shape, spec.dtype, name=name)
        for spec, name in zip(serving.specs, inputs, strict=True)
    ]

    def serve(*tensors: Any) -> dict[str, Any]:
        return dict(zip(outputs, serving.function(*tensors), strict=True))

    return tf.function(serve, input_signature=specs)


def _save(estimator: Any, function: Any, folder: Path) -> None:
    """Save the function with the variables, tables and vocabularies that it uses."""
    import tensorflow as tf

    if estimator.keras:
        module = _of_keras(estimator.holder, function)
    else:
        module = tf.Module()
        module.model = estimator.holder
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: function})


def _of_keras(model: Any, function: Any) -> Any:
    """What holds a Keras model's variables and tables, always in one order.

    Keras' own `write_out` lists the variables as a set does, so that no two of its files are equal;
    the rest of its work is taken as it is.
    """
    import keras

    kept = keras.export.ExportArchive()
    kept.track(model)
    kept.add_endpoint("serve", function)
    kept._filter_and_track_resources()
    module = kept._tf_trackable
    places = {id(getattr(own, "_value", own)): i for i, own in enumerate(model.variables)}
    module._all_variables = sorted(
        module._all_variables, key=lambda one: (places.get(id(one), len(places)), one.name)
    )
    return module
