"""TensorFlow and Keras models, built and saved by MLflow in TensorFlow's own environment.

`tensorflow_models.py FOLDER [NAME …]`, run by the environment's interpreter: MLflow itself comes
from the standard environment, whose packages are looked at last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODELS: dict[str, Callable[[Path], None]] = {}


def build(python: Path, folder: Path, names: Sequence[str] = ()) -> dict[str, Path]:
    """Build models in a child of the TensorFlow environment; name → MLflow folder."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "STANDARD_PACKAGES": sysconfig.get_paths()["purelib"],
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "MLFLOW_ENABLE_TELEMETRY": "false",
    }
    done = subprocess.run(
        [str(python), "-P", __file__, str(folder), *names],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return {path.name: path for path in sorted(folder.iterdir())}


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


def main(arguments: Sequence[str]) -> None:
    """Build the named models, or all; a random seed for each, so that each is the same alone."""
    sys.path.append(os.environ["STANDARD_PACKAGES"])
    folder, names = Path(arguments[0]), arguments[1:] or list(MODELS)
    import keras

    for name in names:
        keras.utils.set_random_seed(7)
        MODELS[name](folder / name)
    sys.stdout.write(json.dumps(names))


if __name__ == "__main__":
    main(sys.argv[1:])
