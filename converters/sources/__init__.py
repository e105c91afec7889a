"""Loads a model version from the folder that MLflow saved, without importing MLflow itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.sources import lightgbm, mlmodel, signatures, sklearn, xgboost
from converters.sources.loaded import Answers, Loaded, Rows

__all__ = ["Answers", "Loaded", "Rows", "load"]

LOADERS: dict[str, Callable[[Path, dict[str, Any]], Any]] = {
    "sklearn": sklearn.load,
    "xgboost": xgboost.load,
    "lightgbm": lightgbm.load,
}


def load(folder: Path, flavor: str) -> Loaded:
    """Load the model in `folder` by this flavor, with its signature and its input example.

    Raises:
        Refused: `mlmodel_missing`, `mlmodel_unreadable`, `no_flavor`, `flavor_missing`,
            `model_file_missing`, `model_unreadable`, `module_missing`, `no_signature` and what
            `converters.preflight.signature_of` and `check_signature` refuse.
    """
    document = mlmodel.read(folder)
    config = mlmodel.flavor_config(document, flavor)
    if flavor not in LOADERS:
        raise Refused(
            "no_route",
            f"Models of flavor {flavor} cannot be loaded; {', '.join(LOADERS)} can.",
        )
    with warnings.catch_warnings(record=True) as caught, mlmodel.code_path(folder, config):
        warnings.simplefilter("always")
        estimator = LOADERS[flavor](folder, config)
    signature = signatures.signature(document, folder, estimator)
    return Loaded(
        flavor=flavor,
        estimator=estimator,
        mlmodel=document,
        folder=folder,
        signature=signature,
        example=signatures.example(document, folder, signature),
        notes=_version_notes(caught),
        missing_text=signatures.missing_text(estimator),
    )


def _version_notes(caught: list[warnings.WarningMessage]) -> list[str]:
    """One sentence for each version that differs from the one the model was saved with."""
    from sklearn.exceptions import InconsistentVersionWarning

    notes = set()
    for warning in caught:
        message = warning.message
        if isinstance(message, InconsistentVersionWarning):
            notes.add(
                f"The model was saved with scikit-learn {message.original_sklearn_version} and "
                f"loaded with {message.current_sklearn_version}."
            )
    return sorted(notes)
