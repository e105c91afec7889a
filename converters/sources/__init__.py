"""Loads a model version from the folder that MLflow saved, without importing MLflow itself."""

from __future__ import annotations

import importlib
import warnings
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from converters.errors import Refused
from converters.sources import mlmodel, optional, params, patched, signatures, sound, texts
from converters.sources.loaded import Answers, Loaded, Rows

__all__ = ["Answers", "Loaded", "Rows", "load"]

# Flavor → the module here that knows it, imported only where that flavor is loaded. Each has
# `load(folder, config)`, which gives the library's own object, and where the object is none of
# scikit-learn's kind:
#   `ask(model, source, frame)`: its answer by one method (see converters.sources.voices);
#   `signature(estimator, document, folder)`: its inputs, where the MLmodel has no signature;
#   `settle(estimator, signature, example)`: its inputs as the object itself wants them, given the
#       MLmodel's signature or None, and the logged example (a frame, an array, a dict of arrays);
#   `unsettled(model, rows, outputs)`: which rows hang on rounding (converters.sources.unsettled).
SOURCES = {
    "sklearn": "converters.sources.sklearn",
    "xgboost": "converters.sources.xgboost",
    "lightgbm": "converters.sources.lightgbm",
    "catboost": "converters.sources.catboost",
    "pytorch": "converters.sources.pytorch",
    "transformers": "converters.sources.transformers",
    "sentence_transformers": "converters.sources.sentence_transformers",
    "onnx": "converters.sources.onnx",
    "pmml": "converters.sources.pmml",
    "python_function": "converters.sources.pyfunc",
    "tensorflow": "converters.sources.tensorflow",
    "keras": "converters.sources.keras",
    "statsmodels": "converters.sources.statsmodels",
    "h2o": "converters.sources.h2o",
    "spark": "converters.sources.spark",
}


def module(flavor: str) -> ModuleType:
    """The module that knows a flavor.

    Raises:
        Refused: `no_route`.
    """
    if flavor not in SOURCES:
        raise Refused(
            "no_route",
            f"Models of flavor {flavor} cannot be loaded; {', '.join(SOURCES)} can.",
        )
    return importlib.import_module(SOURCES[flavor])


def load(folder: Path, flavor: str) -> Loaded:
    """Load the model in `folder` by this flavor, with its signature and its input example.

    Raises:
        Refused: `mlmodel_missing`, `mlmodel_unreadable`, `no_flavor`, `flavor_missing`,
            `model_file_missing`, `model_unreadable`, `module_missing`, `not_fitted`,
            `no_signature`, `own_python`, what `converters.sources.sound` refuses, and what
            `converters.preflight.signature_of` and `check_signature` do.
    """
    document = mlmodel.read(folder)
    config = mlmodel.flavor_config(document, flavor)
    source = module(flavor)
    with warnings.catch_warnings(record=True) as caught, mlmodel.code_path(folder, config):
        warnings.simplefilter("always")
        estimator = source.load(folder, config)
    sound.check(estimator, flavor)
    _check_fitted(estimator)
    patched.check(estimator)
    if settle := getattr(source, "settle", None):
        signature = signatures.settled(document, folder, flavor, estimator, settle)
    else:
        own = getattr(source, "signature", None)
        signature = signatures.signature(document, folder, flavor, estimator, own)
    loaded = Loaded(
        flavor=flavor,
        estimator=estimator,
        mlmodel=document,
        folder=folder,
        signature=signature,
        example=signatures.example(document, folder, signature),
        notes=[
            *_version_notes(caught),
            *getattr(estimator, "notes", []),
            *params.notes(document, flavor, estimator),
        ],
        missing_text=signatures.missing_text(estimator),
        one_text=texts.reads_texts(estimator),
    )
    return optional.carried(loaded, partial(signatures.example, document, folder))


def _check_fitted(estimator: Any) -> None:
    """See that the model was trained before it was logged.

    Raises:
        Refused: `not_fitted`.
    """
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    last = estimator
    while getattr(last, "steps", None):
        last = last.steps[-1][1]
    if type(last).__module__.partition(".")[0] not in SOURCES:
        return  # a class of the owner's own may keep what it learned under any name
    if getattr(last, "vocabulary", None) is not None:
        return  # a vectoriser that was told its words needs no training
    try:
        check_is_fitted(last)
    except NotFittedError as error:
        raise Refused(
            "not_fitted",
            f"The model, a {type(estimator).__name__}, was logged before it was trained; call fit "
            "first, then log it again.",
        ) from error
    except (TypeError, AttributeError):
        return  # no estimator of scikit-learn's kind, such as a Booster: there is nothing to ask


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
