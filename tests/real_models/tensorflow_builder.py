"""TensorFlow and Keras models, built and saved by MLflow in TensorFlow's own environment.

`tensorflow_builder.py FOLDER [NAME …]`, run by the environment's interpreter: MLflow itself comes
from the standard environment, whose packages are looked at last.
"""

# mypy: disable-error-code="misc,untyped-decorator"
from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MODELS: dict[str, Callable[[Path], None]] = {}


def model(function: Callable[[Path], None]) -> Callable[[Path], None]:
    """Register a model under its function's name."""
    MODELS[function.__name__] = function
    return function


def save(net: Any, rows: Any, folder: Path, flavor: str = "tensorflow", **over: Any) -> None:
    """Save as MLflow does, signed by the rows; `rows` are an array or a dict of arrays."""
    import importlib

    from mlflow.models import infer_signature

    module = importlib.import_module(f"mlflow.{flavor}")
    if flavor == "keras":
        folder.mkdir(parents=True)  # MLflow itself makes it only after the example
    example = {k: v[:5] for k, v in rows.items()} if isinstance(rows, dict) else rows[:5]
    options = {
        "signature": infer_signature(rows),
        "input_example": example,
        "pip_requirements": ["tensorflow"],
    }
    module.save_model(net, str(folder), **{**options, **over})


def random(*shape: int, dtype: str = "float32") -> Any:
    import numpy as np

    return np.random.default_rng(5).normal(size=shape).astype(dtype)


@model
def mlp(folder: Path) -> None:
    """Doubles in the signature, as numpy makes them; floats in the net."""
    import keras

    net = keras.Sequential(
        [
            keras.layers.Input((4,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    rows = random(200, 4, dtype="float64")
    net.compile("adam", "sparse_categorical_crossentropy")
    net.fit(rows, (rows[:, 0] > 0) + 2 * (rows[:, 1] > 1) * (rows[:, 0] <= 0), verbose=0)
    save(net, rows, folder)


@model
def regression(folder: Path) -> None:
    """One number a row, from inputs on very different scales."""
    import keras

    norm = keras.layers.Normalization()
    rows = random(300, 3) * [1, 100, 1e4] + [0, 5, -2e4]
    norm.adapt(rows)
    net = keras.Sequential([keras.layers.Input((3,)), norm, keras.layers.Dense(9, "gelu")])
    net.add(keras.layers.Dense(1, name="price"))
    save(net, rows.astype("float32"), folder)


@model
def two_inputs(folder: Path) -> None:
    """Two named inputs, one of whole numbers, and two outputs."""
    import keras
    import numpy as np

    words = keras.Input((6,), dtype="int32", name="words")
    numbers = keras.Input((3,), name="numbers")
    mean = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(50, 8)(words))
    both = keras.layers.Concatenate()([mean, numbers])
    score = keras.layers.Dense(1, name="score")(both)
    kind = keras.layers.Dense(4, "softmax", name="kind")(both)
    net = keras.Model([words, numbers], [score, kind])
    rows = {
        "words": np.random.default_rng(1).integers(0, 50, (40, 6)).astype("int32"),
        "numbers": random(40, 3),
    }
    save(net, rows, folder)


@model
def cnn(folder: Path) -> None:
    """Images of bytes, through padding, pooling, depthwise and transposed convolutions."""
    import keras
    import numpy as np

    net = keras.Sequential(
        [
            keras.layers.Input((13, 11, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.DepthwiseConv2D(3, padding="same"),
            keras.layers.ReLU(6),
            keras.layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
            keras.layers.AveragePooling2D(2, padding="same"),
            keras.layers.UpSampling2D(2),
            keras.layers.MaxPooling2D(3, 2),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    rows = np.random.default_rng(2).integers(0, 256, (40, 13, 11, 3)).astype("uint8")
    save(net, rows, folder)


@model
def segmentation(folder: Path) -> None:
    """An answer of the shape of its image."""
    import keras

    net = keras.Sequential(
        [
            keras.layers.Input((8, 8, 2)),
            keras.layers.Conv2D(4, 3, padding="same", activation="silu"),
            keras.layers.GroupNormalization(2),
            keras.layers.Conv2D(3, 1, activation="sigmoid"),
        ]
    )
    save(net, random(40, 8, 8, 2), folder)


@model
def recurrent(folder: Path) -> None:
    """LSTM both ways, then GRU; the number of steps is free and the example tells it."""
    import keras

    net = keras.Sequential(
        [
            keras.layers.Input((None, 4)),
            keras.layers.Bidirectional(keras.layers.LSTM(5, return_sequences=True)),
            keras.layers.GRU(6),
            keras.layers.Dense(2),
        ]
    )
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    signed = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, -1, 4))]))
    save(net, random(30, 7, 4), folder, signature=signed)


@model
def any_length(folder: Path) -> None:
    """A free number of steps, and nothing that tells one."""
    import keras
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    net = keras.Sequential([keras.layers.Input((None, 4)), keras.layers.GRU(6)])
    signed = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, -1, 4))]))
    save(net, random(3, 7, 4), folder, signature=signed, input_example=None)


@model
def masked(folder: Path) -> None:
    """Tokens with padding that is masked, through an embedding and an LSTM."""
    import keras
    import numpy as np

    net = keras.Sequential(
        [
            keras.layers.Input((9,), dtype="int64"),
            keras.layers.Embedding(30, 7, mask_zero=True),
            keras.layers.LSTM(5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    rows = np.random.default_rng(3).integers(0, 30, (40, 9))
    rows[::3, 5:] = 0
    save(net, rows, folder)


@model
def transformer(folder: Path) -> None:
    """Attention over eight steps."""
    import keras

    steps = keras.Input((8, 6), name="steps")
    seen = keras.layers.MultiHeadAttention(2, 3)(steps, steps, use_causal_mask=True)
    normed = keras.layers.LayerNormalization()(seen + steps)
    pooled = keras.layers.GlobalMaxPooling1D()(keras.layers.Conv1D(5, 3)(normed))
    save(keras.Model(steps, keras.layers.Dense(3)(pooled)), random(30, 8, 6), folder)


@model
def words(folder: Path) -> None:
    """Text to numbers inside the model: a vocabulary."""
    import keras
    import numpy as np

    lookup = keras.layers.StringLookup(vocabulary=["red", "green", "blue"])
    text = keras.Input((2,), dtype="string", name="colours")
    net = keras.Model(
        text,
        keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Embedding(4, 3)(lookup(text)))),
    )
    save(
        net,
        np.array([["red", "blue"], ["pink", "green"]] * 5, dtype=object),
        folder,
        signature=_text_signature(2),
        input_example=None,
    )


@model
def sentences(folder: Path) -> None:
    """Sentences, split and counted inside the model."""
    import keras
    import numpy as np

    split = keras.layers.TextVectorization(max_tokens=20, output_sequence_length=5)
    split.adapt(["the cat sat", "on the mat", "a dog ran"])
    net = keras.Sequential(
        [
            keras.layers.Input((1,), dtype="string"),
            split,
            keras.layers.Embedding(20, 4),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1),
        ]
    )
    rows = np.array([["the cat"], ["a dog"]] * 5, dtype=object)
    save(net, rows, folder, signature=_text_signature(1), input_example=None)


def _text_signature(width: int) -> Any:
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    return ModelSignature(Schema([TensorSpec(np.dtype("O"), (-1, width))]))


@model
def module(folder: Path) -> None:
    """A tf.Module with a typed call."""
    import tensorflow as tf

    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(random(3, 2), name="weight")

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
        def __call__(self, x: Any) -> Any:
            return tf.where(tf.math.is_nan(x[:, :2]), -1.0, tf.tanh(x @ self.weight))

    save(Net(), random(30, 3), folder)


@model
def named_module(folder: Path) -> None:
    """A tf.Module that is called by its signature only: two tensors in, two out."""
    import tensorflow as tf

    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(random(3, 2), name="weight")

        @tf.function(
            input_signature=[tf.TensorSpec([None, 3], tf.float32), tf.TensorSpec([None], tf.int64)]
        )
        def serve(self, x: Any, times: Any) -> Any:
            answer = (x @ self.weight) * tf.cast(times, tf.float32)[:, None]
            return {"answer": answer, "best one": tf.argmax(answer, axis=1)}

    net = Net()
    import numpy as np

    rows = {"x": random(30, 3), "times": np.arange(30)}
    save(net, rows, folder, saved_model_kwargs={"signatures": {"serving_default": net.serve}})


@model
def traced_once(folder: Path) -> None:
    """A tf.Module that has only ever seen four rows."""
    import tensorflow as tf

    class Net(tf.Module):
        @tf.function
        def __call__(self, x: Any) -> Any:
            return x * 2.0

    net = Net()
    net(tf.constant(random(4, 3)))
    save(net, random(4, 3), folder)


@model
def hdf5(folder: Path) -> None:
    """The older file of Keras."""
    import keras

    net = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(4, "selu")])
    net.add(keras.layers.Dense(2))
    save(net, random(30, 5), folder, keras_model_kwargs={"save_format": "h5"})


@model
def native(folder: Path) -> None:
    """MLflow's own flavor for Keras 3."""
    import keras

    net = keras.Sequential([keras.layers.Input((5,), name="cells"), keras.layers.Dense(4, "tanh")])
    save(net, random(30, 5), folder, "keras")


@model
def exported(folder: Path) -> None:
    """MLflow's own flavor for Keras 3, exported."""
    import keras

    net = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(4, "elu")])
    save(net, random(30, 5), folder, "keras", save_exported_model=True)


@model
def own_layer(folder: Path) -> None:
    """A layer of the owner's own, which MLflow pickles beside the model."""
    import keras

    class Doubled(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return keras.ops.where(x > 0, 2 * x, -x / 3)

    net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), Doubled()])
    save(net, random(30, 4), folder, custom_objects={"Doubled": Doubled})


@model
def own_layer_alone(folder: Path) -> None:
    """A layer of the owner's own that was not logged with the model."""
    import keras

    class Lonely(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2

    net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), Lonely()])
    save(net, random(30, 4), folder)


@model
def leaving(folder: Path) -> None:
    """A layer that ends the process as soon as it is called."""
    import keras

    class Leaving(keras.layers.Layer):
        def compute_output_shape(self, shape: Any) -> Any:
            return shape

        def call(self, x: Any) -> Any:
            import os
            import sys

            if os.environ.get("STANDARD_PACKAGES"):
                return x
            sys.exit(0)

    net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), Leaving()])
    save(net, random(30, 4), folder, custom_objects={"Leaving": Leaving})


@model
def lambda_layer(folder: Path) -> None:
    """A Lambda, whose Python Keras keeps as bytes."""
    import keras

    net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    save(net, random(30, 4), folder)


@model
def doubles(folder: Path) -> None:
    """A net that computes in double."""
    import keras

    wide = {"dtype": "float64"}
    net = keras.Sequential(
        [
            keras.layers.Input((4,), **wide),
            keras.layers.Dense(6, "sigmoid", **wide),
            keras.layers.Dense(2, **wide),
        ]
    )
    save(net, random(30, 4, dtype="float64"), folder)


@model
def halves(folder: Path) -> None:
    """Mixed precision."""
    import keras

    policy = keras.DTypePolicy("mixed_float16")
    net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(6, "relu", dtype=policy)])
    net.add(keras.layers.Dense(2, dtype="float32"))
    save(net, random(30, 4), folder)


@model
def stateful(folder: Path) -> None:
    """A recurrent net that remembers the rows before."""
    import keras

    net = keras.Sequential(
        [keras.layers.Input(batch_shape=(1, 3, 2)), keras.layers.LSTM(4, stateful=True)]
    )
    save(net, random(1, 3, 2), folder)


@model
def fixed_batch(folder: Path) -> None:
    """A net built for eight rows at a time."""
    import keras

    net = keras.Sequential([keras.layers.Input(batch_shape=(8, 3)), keras.layers.Dense(4)])
    save(net, random(8, 3), folder)


@model
def subclassed(folder: Path) -> None:
    """A model that is a class of its own and answers with a dict."""
    import keras

    @keras.saving.register_keras_serializable("tests")
    class Net(keras.Model):
        def __init__(self, **over: Any) -> None:
            super().__init__(**over)
            self.dense = keras.layers.Dense(3)

        def call(self, x: Any) -> Any:
            scores = self.dense(x)
            return {"scores": scores, "label": keras.ops.argmax(scores, axis=-1)}

    net = Net()
    net(random(2, 4))
    save(net, random(30, 4), folder)


@model
def buckets(folder: Path) -> None:
    """Numbers cut into buckets, counted and crossed inside the model."""
    import keras

    cells = keras.Input((3,), name="cells")
    cut = keras.layers.Discretization(bin_boundaries=[-0.5, 0.0, 0.7])(cells)
    coded = keras.layers.CategoryEncoding(4, output_mode="multi_hot")(cut)
    save(keras.Model(cells, keras.layers.Dense(2)(coded)), random(40, 3), folder)


@model
def unsigned(folder: Path) -> None:
    """No signature and no example: the model tells its inputs itself."""
    import keras

    net = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(4, "softplus")])
    save(net, random(30, 5), folder, signature=False, input_example=None)


@model
def columns(folder: Path) -> None:
    """A signature of columns, as it was once written: the array is made of the columns."""
    import keras
    import numpy as np
    import pandas as pd
    import yaml
    from mlflow.models import infer_signature

    net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    save(net, random(30, 3), folder, input_example=None)
    names = ["a b", "c", "n"]
    frame = pd.DataFrame(np.array(random(5, 3), dtype="float64"), columns=names)
    frame["n"] = [1, 2, 3, 4, 5]
    document = yaml.safe_load((folder / "MLmodel").read_text())
    document["signature"] = infer_signature(frame).to_dict()
    (folder / "MLmodel").write_text(yaml.safe_dump(document))


@model
def estimator(folder: Path) -> None:
    """What older MLflow wrote: a SavedModel and the name of its signature."""
    import yaml

    MODELS["named_module"](folder)
    document = yaml.safe_load((folder / "MLmodel").read_text())
    document["flavors"]["tensorflow"] = {
        "saved_model_dir": "tf2model",
        "meta_graph_tags": ["serve"],
        "signature_def_key": "serving_default",
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(document))


@model
def old_keras(folder: Path) -> None:
    """A Keras model in a SavedModel's folder, as Keras 2 wrote it."""
    import keras

    net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2, "tanh")])
    save(net, random(20, 3), folder)
    (folder / "data/model.keras").unlink()
    net.export(str(folder / "data/model"), verbose=False)


@model
def coded(folder: Path) -> None:
    """A layer in a module that was logged with the model."""
    import importlib

    import keras

    place = folder.parent / "coded_layers"
    place.mkdir()
    (place / "halving.py").write_text(
        "import keras\n\n\n"
        "@keras.saving.register_keras_serializable('halving')\n"
        "class Halving(keras.layers.Layer):\n"
        "    def call(self, x):\n"
        "        return x / 2\n"
    )
    sys.path.insert(0, str(place))
    halving = importlib.import_module("halving").Halving()
    net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2), halving])
    save(net, random(20, 3), folder, code_paths=[str(place / "halving.py")])
    sys.path.remove(str(place))
    import shutil

    shutil.rmtree(place)


@model
def hdf5_lambda(folder: Path) -> None:
    """A Lambda in the older file."""
    import keras

    net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    save(net, random(30, 4), folder, keras_model_kwargs={"save_format": "h5"})


@model
def calls_python(folder: Path) -> None:
    """A tf.Module that calls Python."""
    import tensorflow as tf

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
        def __call__(self, x: Any) -> Any:
            answer = tf.numpy_function(lambda values: values * 2, [x], tf.float32)
            return tf.ensure_shape(answer, [None, 3])

    save(Net(), random(30, 3), folder)


@model
def writes_files(folder: Path) -> None:
    """A tf.Module that writes a file whenever it is asked."""
    import tensorflow as tf

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
        def __call__(self, x: Any) -> Any:
            tf.io.write_file("/tmp/tensorflow-model-was-here", "x")
            return x * 2.0

    save(Net(), random(30, 3), folder)


def build(makers: dict[str, Callable[[Path], None]], arguments: Sequence[str]) -> None:
    """Build the named models, or all; a random seed for each, so that each is the same alone."""
    sys.path.append(os.environ["STANDARD_PACKAGES"])
    folder, names = Path(arguments[0]), arguments[1:] or list(makers)
    import keras

    for name in names:
        keras.utils.set_random_seed(7)
        makers[name](folder / name)


if __name__ == "__main__":
    build(MODELS, sys.argv[1:])
