"""Loads LightGBM models: native text for a Booster, skops or pickle for the wrapper classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from converters.errors import Refused
from converters.sources import mlmodel, sklearn
from converters.static import boosters
from converters.trees import lightgbm as trees

if TYPE_CHECKING:
    import lightgbm


def load(folder: Path, config: dict[str, Any]) -> Any:
    """The Booster or scikit-learn wrapper that `mlflow.lightgbm` saved in `folder`.

    The flavor says `skops` for a Booster too, which is text: its class decides.

    Raises:
        Refused: see `converters.sources.load`.
    """
    import lightgbm

    if sklearn.PICKLED in config:
        return _pickled(folder, config)
    path = mlmodel.model_file(folder, config.get("data"))
    named = str(config.get("model_class") or "lightgbm.basic.Booster")
    if named.endswith(".Booster"):
        model = booster = _load_text(path)
    else:
        model = sklearn.load_file(path, str(config.get("serialization_format") or "cloudpickle"))
        booster = getattr(model, "_Booster", None)  # None before training, too
    if isinstance(booster, lightgbm.Booster):
        _check(booster, path)
    return model


def _pickled(folder: Path, config: dict[str, Any]) -> Any:
    """A Booster or a wrapper out of a plain pickle.

    Raises:
        Refused: `model_class` for another of LightGBM's objects.
    """
    import lightgbm

    model = sklearn.load(folder, config)
    if not isinstance(model, lightgbm.Booster | lightgbm.LGBMModel):
        raise sklearn.no_model(model)
    booster = model if isinstance(model, lightgbm.Booster) else getattr(model, "_Booster", None)
    if booster is not None:  # None before training
        _check(booster, folder / str(config[sklearn.PICKLED]))
    return model


def _check(booster: lightgbm.Booster, path: Path) -> None:
    import lightgbm

    try:
        trees.check(booster)
    except (lightgbm.basic.LightGBMError, LookupError, ValueError) as error:
        raise mlmodel.unreadable(path, error) from error


def _load_text(path: Path) -> Any:
    import lightgbm

    text = path.read_bytes()
    # LightGBM reads a model that is cut between two trees without a word; its last line tells.
    if b"end of trees" not in text:
        raise mlmodel.unreadable(path, ValueError("the text ends before its last tree"))
    if why := boosters.newer(text, "lightgbm"):
        raise Refused("model_newer", why)
    try:
        return lightgbm.Booster(model_file=str(path))
    except lightgbm.basic.LightGBMError as error:
        raise mlmodel.unreadable(path, error) from error
