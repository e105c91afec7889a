"""Loads what `mlflow.keras` saved: `.keras` files and exported SavedModels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.sources import keras_files, mlmodel, saved_models
from converters.sources.tensorflow import ask
from converters.sources.tensorflow_model import TensorFlowModel, settle

__all__ = ["ask", "load", "settle"]

SERVE = "serve"


def load(folder: Path, config: dict[str, Any]) -> TensorFlowModel:
    """The model that `mlflow.keras` saved in `folder`.

    Raises:
        Refused: see `keras_files.load` and `saved_models.load`.
    """
    base = str(config.get("data") or "model")
    if (folder / base).is_dir():
        base = f"{base}/model"
    if config.get("save_exported_model"):
        return saved_models.load(mlmodel.model_folder(folder, base), method=SERVE)
    return keras_files.load(mlmodel.model_file(folder, f"{base}.keras"), None)
