"""Loads what `mlflow.tensorflow` saved: Keras models, tf.Module and older SavedModels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.sources import keras_files, mlmodel, saved_models
from converters.sources.loaded import Loaded
from converters.sources.tensorflow_model import TensorFlowModel, settle

__all__ = ["ask", "load", "settle"]

KERAS, MODULE, ESTIMATOR = "keras", "tf2-module", "tf1-estimator"
MODEL = "model"


def load(folder: Path, config: dict[str, Any]) -> TensorFlowModel:
    """The model that `mlflow.tensorflow` saved in `folder`.

    Raises:
        Refused: `model_class` for a kind of model that MLflow does not write, and what
            `keras_files.load` and `saved_models.load` refuse.
    """
    kind = str(config.get("model_type") or (ESTIMATOR if "saved_model_dir" in config else KERAS))
    if kind == KERAS:
        return _keras(folder, config)
    if kind in (MODULE, ESTIMATOR):
        place = mlmodel.model_folder(folder, config.get("saved_model_dir"))
        key = config.get("signature_def_key") if kind == ESTIMATOR else None
        return saved_models.load(place, str(key) if key else "", config.get("meta_graph_tags"))
    raise Refused(
        "model_class",
        f"The MLmodel file names the model type {kind!r}; {KERAS}, {MODULE} and {ESTIMATOR} can "
        "be read.",
    )


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """One output of the model, by name."""
    found = model.estimator.answers(frame)
    if source not in found:
        raise ValueError(f"the model gave {', '.join(found)}, and no {source}")
    return found[source]


def _keras(folder: Path, config: dict[str, Any]) -> TensorFlowModel:
    data = str(config.get("data") or MODEL)
    inside = folder / data / MODEL
    if (folder / data).is_dir() and inside.is_dir():
        # Keras 2 wrote SavedModels; TensorFlow loads them without any Python of the model.
        return saved_models.load(mlmodel.model_folder(folder, f"{data}/{MODEL}"))
    base = f"{data}/{MODEL}" if (folder / data).is_dir() else data
    for suffix in (".keras", ".h5", ""):
        if (folder / f"{base}{suffix}").is_file():
            path = mlmodel.model_file(folder, f"{base}{suffix}")
            return keras_files.load(path, folder / data)
    return keras_files.load(mlmodel.model_file(folder, f"{base}.keras"), folder / data)
