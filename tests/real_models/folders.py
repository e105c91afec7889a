"""Saves trained models as MLflow does, by MLflow itself."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

# Requirements are named here, so that MLflow does not load each model in a process of its own.
REQUIREMENTS = ["scikit-learn==1.9.0"]


def save(
    flavor: str,
    model: Any,
    table: Any,
    folder: Path,
    signature: bool = True,
    example: bool = True,
    **options: Any,
) -> Path:
    """Save `model` in `folder` with the signature of `table`; returns the folder."""
    os.environ.setdefault("MLFLOW_ENABLE_TELEMETRY", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        from mlflow.models import infer_signature

        module = getattr(mlflow, flavor)
        described = infer_signature(table) if signature else None
        module.save_model(
            model,
            str(folder),
            signature=described,
            input_example=_example(table) if example else None,
            pip_requirements=REQUIREMENTS,
            **options,
        )
    return folder


def _example(table: Any) -> Any:
    return table.head(5) if hasattr(table, "head") else table[:5]
