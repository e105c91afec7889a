"""Keras models for Deeplearning4j, built and saved by MLflow in TensorFlow's own environment.

`dl4j_builder.py FOLDER`, run by the environment's interpreter, as `tensorflow_builder.py` is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import tensorflow_builder  # type: ignore[import-not-found]
from tensorflow_builder import random, save

# Models that are there for ONNX and SavedModel, which DL4J reads or is known not to.
TAKEN = (
    *("two_inputs", "hdf5", "columns", "masked", "doubles", "regression", "subclassed", "module"),
    *("exported", "halves"),
)
MODELS: dict[str, Callable[[Path], None]] = {
    name: tensorflow_builder.MODELS[name] for name in TAKEN
}


def model(function: Callable[[Path], None]) -> Callable[[Path], None]:
    """Register a model under its function's name."""
    MODELS[function.__name__] = function
    return function


def _sequential(folder: Path, rows: Any, *layers: Any, flavor: str = "keras", **over: Any) -> None:
    import keras

    first = keras.layers.Input(rows.shape[1:], dtype=over.pop("dtype", "float32"))
    save(keras.Sequential([first, *layers]), rows, folder, flavor, **over)


@model
def table(folder: Path) -> None:
    """A classifier of a table: batches normalised with statistics that were learned."""
    import keras
    import numpy as np

    layers = keras.layers
    rows = random(200, 4)
    net = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(center=False),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax", name="kernel"),
        ]
    )
    net.compile("adam", "sparse_categorical_crossentropy")
    net.fit(rows, np.argmax(rows[:, :3], axis=1), verbose=0, epochs=3)
    save(net, rows, folder, "keras")


@model
def images(folder: Path) -> None:
    """Images through convolutions of several kinds."""
    from keras import layers

    _sequential(
        folder,
        random(40, 13, 11, 3),
        layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        layers.ReLU(6),
        layers.SeparableConv2D(5, 3),
        layers.AveragePooling2D(2, padding="same"),
        layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
    )


@model
def steps(folder: Path) -> None:
    """A recurrent net both ways, then one way; no bias in one of them."""
    from keras import layers

    _sequential(
        folder,
        random(40, 9, 4),
        layers.Conv1D(5, 2, padding="causal", activation="tanh"),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.LSTM(3, use_bias=False, return_sequences=True),
        layers.SimpleRNN(3),
        layers.Dense(2),
    )


@model
def residual(folder: Path) -> None:
    """A graph with two inputs, a sum, and answers that others read or that are flat."""
    import keras

    layers = keras.layers
    image, cells = keras.Input((8, 8, 2), name="image"), keras.Input((3,), name="cells")
    first = layers.Conv2D(4, 3, padding="same", activation="elu")(image)
    second = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(first))
    both = layers.Activation("relu")(layers.Add()([first, second]))
    pooled = layers.GlobalAveragePooling2D(name="pooled")(both)
    score = layers.Dense(1, name="score")(layers.Concatenate()([pooled, cells]))
    grid = layers.Flatten(name="grid")(
        layers.Conv2D(1, 1, activation="tanh", name="all.pixels")(both)
    )
    net = keras.Model([image, cells], [score, grid, pooled])
    save(net, {"image": random(40, 8, 8, 2), "cells": random(40, 3)}, folder, "keras")


@model
def tokens(folder: Path) -> None:
    """Whole numbers looked up, each weighed by itself, and pooled."""
    import numpy as np
    from keras import layers

    _sequential(
        folder,
        np.random.default_rng(3).integers(0, 30, (40, 6)).astype("int64"),
        layers.Embedding(30, 7),
        layers.Dense(4, activation="tanh"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(1, activation="sigmoid"),
        flavor="tensorflow",
        dtype="int64",
    )


@model
def each_step(folder: Path) -> None:
    """An answer a step, of as many steps as the example has."""
    import keras
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    layers = keras.layers
    net = keras.Sequential(
        [
            layers.Input((None, 4)),
            layers.LSTM(5, return_sequences=True),
            layers.TimeDistributed(layers.Dense(2)),
        ]
    )
    signed = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, -1, 4))]))
    save(net, random(30, 7, 4), folder, signature=signed)


def _refused(name: str, make: Callable[[Any], list[Any]], *shape: int) -> None:
    """A net with one layer that Deeplearning4j does not take."""

    def build(folder: Path) -> None:
        import keras

        _bare(keras.Sequential([keras.layers.Input(shape), *make(keras.layers)]), folder)

    MODELS[name] = build


def _bare(net: Any, folder: Path) -> None:
    """The folder that MLflow's Keras flavor makes, without signature and example."""
    (folder / "data").mkdir(parents=True)
    net.save(folder / "data" / "model.keras")
    told = "flavors:\n  keras:\n    data: data\n    keras_backend: tensorflow\n"
    (folder / "MLmodel").write_text(told)


_refused("softplus", lambda layers: [layers.Dense(3, "softplus")], 4)
_refused("hard_sigmoid", lambda layers: [layers.Dense(3, "hard_sigmoid")], 4)
_refused("gru", lambda layers: [layers.GRU(3)], 5, 4)
_refused("backwards", lambda layers: [layers.LSTM(3, go_backwards=True)], 5, 4)
_refused("prelu", lambda layers: [layers.Dense(3), layers.PReLU()], 4)
_refused("upsampling", lambda layers: [layers.UpSampling2D(2)], 5, 4, 2)
_refused("groups", lambda layers: [layers.Conv2D(4, 2, groups=2)], 5, 4, 2)
_refused("average_steps", lambda layers: [layers.AveragePooling1D(2)], 6, 4)
_refused("masking", lambda layers: [layers.Masking(), layers.LSTM(2)], 6, 4)
_refused(
    "flat_both_ways",
    lambda layers: [layers.Bidirectional(layers.LSTM(3, return_sequences=True)), layers.Flatten()],
    *(6, 4),
)


@model
def overwritten(folder: Path) -> None:
    """A tensor that an activation would overwrite while a sum still reads it."""
    import keras

    cells = keras.Input((4,), name="cells")
    first = keras.layers.Dense(4, name="first")(cells)
    both = keras.layers.Add()([keras.layers.ReLU(name="cut")(first), first])
    _bare(keras.Model(cells, both), folder)


@model
def shared(folder: Path) -> None:
    """One layer, called twice."""
    import keras

    cells = keras.Input((4,), name="cells")
    twice = keras.layers.Dense(4)
    _bare(keras.Model(cells, twice(twice(cells))), folder)


@model
def nested(folder: Path) -> None:
    """A model inside a model."""
    import keras

    inner = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    _bare(keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), inner]), folder)


@model
def operation(folder: Path) -> None:
    """A sum that is written with + and is no layer."""
    import keras

    cells = keras.Input((4,), name="cells")
    _bare(keras.Model(cells, keras.layers.Dense(4)(cells) + cells), folder)


if __name__ == "__main__":
    tensorflow_builder.build(MODELS, sys.argv[1:])
