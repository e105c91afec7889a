"""Models of the `python_function` flavor alone: the wrapper's own Python, and the model inside it.

The original's voice is the wrapper's `predict`; the model inside only lends its route.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from converters.contract import Column, Signature
from converters.errors import Refused
from converters.quoting import quoted
from converters.sources import handing_on, mlmodel, signatures, voices
from converters.sources.loaded import Loaded
from converters.sources.parts import module, parts

FLAVOR = "python_function"
# How deep attributes are looked through: wrapper → its pyfunc → MLflow's own wrapper → the model.
DEEPEST = 3
# Top package of a model's class → the flavor whose route carries it.
LIBRARIES = {
    "sklearn": "sklearn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
}
# What a class must have to be a model, and not some part of a library.
ASKED = ("predict", "predict_proba", "transform")
PREFIX = "predict."


@dataclass
class PyfuncModel:
    """A pyfunc and the model found in it.

    Attributes:
        pyfunc: MLflow's PyFuncModel, whose predict is the original's voice.
        python: `module.Class.predict` of the wrapper, for sentences.
        candidates: models inside, (flavor, object), nearest first.
        inner: the one that answers alike, chosen by the route.
        answered: the last frame and the answer for it, since outputs are asked one by one.
    """

    pyfunc: Any
    python: str
    candidates: list[tuple[str, Any]]
    inner: Loaded | None = None
    notes: list[str] = field(default_factory=list)
    answered: tuple[Any, dict[str, Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        """What the inner model has, so that its scores tell ties and its steps make rows."""
        inner = self.__dict__.get("inner")
        if inner is None or name.startswith("__"):
            raise AttributeError(name)
        return getattr(inner.estimator, name)

    def reveal(self, features: Any) -> None:
        """What the inner model tells of its inputs."""
        from converters.sampling import walk

        if self.inner is not None:
            names = {column.name for column in self.inner.signature.columns}
            own = [one for one in features if not names or one.name in names]
            walk.learn(self.inner.estimator, own)


def load(folder: Path, config: dict[str, Any]) -> PyfuncModel:
    """The pyfunc in `folder`, loaded by MLflow itself, which its pickle may need.

    Raises:
        Refused: `model_unreadable`, `module_missing`, `own_python` where no model is inside or the
            wrapper's code chooses by the data.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    named = config.get("python_model") or config.get("model_code_path") or config.get("data")
    from_code = bool(config.get("model_code_path"))
    if isinstance(named, str) and named and not from_code and not (folder / named).exists():
        mlmodel.model_file(folder, named)  # says what is missing
    pyfunc = _loaded(folder)
    wrapper = _wrapper(pyfunc)
    kind = type(wrapper)
    code = config.get("model_code_path")
    module = Path(str(code)).name if code else kind.__module__
    python = (
        f"{module}: {kind.__qualname__}.predict"
        if code
        else f"{module}.{kind.__qualname__}.predict"
    )
    candidates = _found(wrapper, _artifacts(pyfunc))
    if not candidates:
        raise own_python(python, "and no model of a library that converts was found inside it")
    if computed := handing_on.reason(wrapper):
        raise computing(python, computed)
    return PyfuncModel(pyfunc, python, candidates)


def computing(python: str, computed: str) -> Refused:
    """The refusal of a wrapper that does more than hand on; computed: a verb's phrase."""
    return own_python(python, f"which {computed} and does not only hand on what one model answers")


def own_python(python: str, why: str) -> Refused:
    """The refusal that names the Python in the way."""
    return Refused(
        "own_python",
        f"The model's answers come out of your own Python (`{python}`), {why}. Log the model "
        "inside it with its own flavor, and compute what the wrapper adds before or after it.",
    )


def _loaded(folder: Path) -> Any:
    import logging

    import mlflow.pyfunc

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        return mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)
    except ModuleNotFoundError as error:
        raise Refused(
            "module_missing",
            f"The model needs the Python module {error.name!r}, which is not installed here; add "
            "it through code_paths, or log the model inside with its own flavor.",
        ) from error
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        # Foreign code: a pickle or a model's code may run any.
        said = quoted(error)
        raise Refused(
            "model_unreadable",
            f"The model cannot be loaded: its own code raises {type(error).__name__} ({said}). Log "
            "the model again with current versions.",
        ) from error


def _wrapper(pyfunc: Any) -> Any:
    """The owner's object: a PythonModel, or whatever its loader module returned."""
    impl = getattr(pyfunc, "_model_impl", pyfunc)
    return getattr(impl, "python_model", impl)


def _artifacts(pyfunc: Any) -> list[Path]:
    context = getattr(getattr(pyfunc, "_model_impl", None), "context", None)
    told = getattr(context, "artifacts", None) or {}
    return [Path(path) for path in told.values() if isinstance(path, str) and Path(path).exists()]


def _found(wrapper: Any, artifacts: list[Path]) -> list[tuple[str, Any]]:
    """Models inside: in attributes first, then among the artifacts."""
    found = list(_inside(wrapper))
    for path in artifacts if not found else []:
        found += _of_artifact(path)
    return found


def _inside(wrapper: Any) -> Iterator[tuple[str, Any]]:
    """Models in attributes, lists and dicts, nearest first; what a model is made of is no model."""
    for item in parts(wrapper, lambda item: not flavor_of(item), DEEPEST):
        if flavor := flavor_of(item):
            yield flavor, item


def flavor_of(item: Any) -> str:
    """The flavor whose route carries an object, or nothing where it is no model."""
    if isinstance(item, type) or not any(callable(getattr(item, name, None)) for name in ASKED):
        return ""
    return LIBRARIES.get(module(type(item)).partition(".")[0], "")


def _of_artifact(path: Path) -> list[tuple[str, Any]]:
    """The model in an artifact: a folder that MLflow saved, or one file."""
    from converters import sources
    from converters.sources import plain

    folder = path if path.is_dir() else path.parent
    try:
        document = mlmodel.read(folder) if path.is_dir() else plain.mlmodel_of_file(path)
        flavors = [name for name in document["flavors"] if name in LIBRARIES.values()]
        if not flavors:
            return []
        config = mlmodel.flavor_config(document, flavors[0])
        return [(flavors[0], sources.module(flavors[0]).load(folder, config))]
    except Refused:
        return []  # an artifact need not be a model; what is none is passed over


def inner_loaded(model: Loaded, flavor: str, estimator: Any) -> Loaded | None:
    """The model inside with the columns that it was trained on; None where it wants others."""
    signature = model.signature
    if signature.columns:
        names = getattr(estimator, "feature_names_in_", None)
        by_name = {column.name: column for column in signature.columns}
        if names is not None:
            if any(str(name) not in by_name for name in names):
                return None
            chosen = [by_name[str(name)] for name in names]
            signature = Signature(columns=chosen, origin=signature.origin)
        width = getattr(estimator, "n_features_in_", len(signature.columns))
        if width != len(signature.columns):
            return None
    example = model.example
    if example is not None and signature.columns:
        example = {column.name: example[column.name] for column in signature.columns}
    return Loaded(
        flavor=flavor,
        estimator=estimator,
        mlmodel=model.mlmodel,
        folder=model.folder,
        signature=signature,
        example=example,
        missing_text=signatures.missing_text(estimator),
    )


def signature(estimator: PyfuncModel, document: dict[str, Any], folder: Path) -> Signature | None:
    """Without a signature: what the nearest model inside tells of its features."""
    del document, folder
    for _, inner in estimator.candidates:
        names = getattr(inner, "feature_names_in_", None)
        if names is not None:
            columns = [Column(str(name), "double") for name in names]
            return Signature(columns=columns, origin="estimator")
    return None


def answers(model: Loaded, frame: Any) -> dict[str, np.ndarray[Any, Any]]:
    """What the wrapper's predict answers, by name: a table's columns, or `prediction`."""
    pyfunc: PyfuncModel = model.estimator
    if pyfunc.answered is not None and pyfunc.answered[0] is frame:
        return pyfunc.answered[1]
    told = pyfunc.pyfunc.predict(frame.copy() if hasattr(frame, "copy") else frame)
    if hasattr(told, "columns"):
        named = {str(name): np.asarray(told[name]) for name in told.columns}
    elif isinstance(told, dict):
        named = {str(name): np.asarray(values) for name, values in told.items()}
    else:
        named = {"prediction": np.asarray(told)}
    pyfunc.answered = (frame, named)
    return named


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """One of the wrapper's answers (`predict.NAME`), or a method of the model inside."""
    if source.startswith(PREFIX):
        return answers(model, frame)[source.removeprefix(PREFIX)]
    inner = model.estimator.inner
    chosen = [column.name for column in inner.signature.columns]
    return voices.told(inner, source, frame[chosen] if chosen else frame)
