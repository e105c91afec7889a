"""Real TensorFlow and Keras models, saved once a process by MLflow in a child of their environment.

Converting is done for many models in one child, since TensorFlow alone takes seconds to import.
"""

from __future__ import annotations

from pathlib import Path

from tests.real_models import elsewhere

ENVIRONMENT = "tensorflow"
copy = elsewhere.copier(ENVIRONMENT, Path(__file__).with_name("tensorflow_builder.py"))


# What both targets carry; the rest of the builder's models only SavedModel, or none.
BOTH = [
    *("mlp", "regression", "two_inputs", "cnn", "segmentation", "recurrent", "masked"),
    *("transformer", "module", "named_module", "hdf5", "own_layer", "doubles", "subclassed"),
    *("buckets", "unsigned", "columns", "estimator", "old_keras", "coded"),
]
SAVED_ONLY = ["words", "sentences", "halves"]
KERAS_NATIVE = ["native", "exported"]
TENSORFLOW_ONNX = [elsewhere.maker(copy, name) for name in BOTH]
TENSORFLOW_SAVEDMODEL = [elsewhere.maker(copy, name) for name in [*BOTH, *SAVED_ONLY]]
KERAS = [elsewhere.maker(copy, name) for name in KERAS_NATIVE]
