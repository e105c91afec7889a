"""What a model's files tell before anything is loaded: which targets they rule out, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from converters.dl4j import graph
from converters.errors import Refused
from converters.reading import KEYS
from converters.static import (
    boosters,
    estimators,
    h2o_binary,
    kinds,
    module_code,
    networks,
    onnx_graph_bytes,
    pickles,
    spark_stages,
)
from converters.static.errors import TooLarge, Unreadable
from converters.static.finding import Finding
from converters.static.pickles import Pickled

PICKLED_FLAVORS = ("sklearn", "lightgbm", "xgboost", "catboost")
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
READERS = {"spark": spark_stages.findings, "h2o": h2o_binary.findings}


def findings(folder: Path, document: Mapping[str, Any], flavor: str) -> list[Finding]:
    """What the files of this flavor rule out; nothing where they are not there or say nothing."""
    config = document["flavors"].get(flavor)
    if not isinstance(config, dict):
        return []
    found: list[Finding] = []
    for path in _files(folder, config, flavor):
        try:
            found += _of_file(path, flavor, config, folder)
        except TooLarge:
            continue  # to be read here; it says nothing about what it can become
        except Unreadable as error:
            found.append(
                Finding(
                    "model_unreadable",
                    f"The model's file {path.name!r} cannot be read: {error}. Log the model again.",
                )
            )
    return found


def readable(folder: Path, document: Mapping[str, Any], flavor: str) -> bool:
    """Whether files of this flavor are there that `findings` can read."""
    config = document["flavors"].get(flavor)
    return isinstance(config, dict) and any(True for _ in _files(folder, config, flavor))


def _files(folder: Path, config: Mapping[str, Any], flavor: str) -> Iterator[Path]:
    """The files that the flavor names, inside the folder and there."""
    if flavor == "pytorch" and (weights := module_code.weights_file(folder, config)):
        yield weights
        return
    for key in KEYS:
        named = config.get(key)
        if not isinstance(named, str) or not named:
            continue
        path = (folder / named).resolve()
        if not path.is_relative_to(folder.resolve()):
            continue
        if flavor == "spark" and path.is_dir():
            yield path
        elif flavor == "h2o" and path.is_dir():
            # Beside the model only its name is written down, in YAML.
            yield from sorted(one for one in path.iterdir() if one.suffix != ".yaml")
        elif path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.suffix in (".keras", ".h5"))
        elif path.is_file():
            yield path


def _of_file(path: Path, flavor: str, config: Mapping[str, Any], folder: Path) -> list[Finding]:
    if flavor in PICKLED_FLAVORS and _is_pickled(config):
        skops = str(config.get("serialization_format")) == "skops"
        if skops:
            names = networks.skops_names(path)
            return list(estimators.of_names(Pickled(networks.skops_root(path), names)))
        found = list(estimators.of_names(pickles.read(path)))
        return found + (_of_booster(path, flavor) if flavor in ("xgboost", "lightgbm") else [])
    if flavor in READERS:
        return READERS[flavor](path)
    if flavor == "statsmodels":
        return list(_of_series(pickles.read(path)))
    if flavor in ("xgboost", "lightgbm", "catboost", "pmml"):
        _check_kind(path, flavor)
    if flavor in ("xgboost", "lightgbm"):
        return _of_booster(path, flavor, str(config.get("model_class") or ""))
    if flavor == "pytorch":
        return module_code.findings(folder, config)
    if flavor == "onnx":
        return _of_onnx(onnx_graph_bytes.read(path.read_bytes()))
    if flavor in ("keras", "tensorflow") and path.suffix in (".keras", ".h5"):
        return _of_layers(_layers(path)) + _of_dl4j(path)
    return []


def _of_booster(path: Path, flavor: str, model_class: str = "") -> list[Finding]:
    """What a booster's own file, or a pickle that holds it, says about the native target."""
    content = path.read_bytes()
    found = []
    if why := boosters.newer(content, flavor):
        found.append(Finding("model_newer", why))
    if boosters.learned_categories(content, flavor):
        found.append(
            Finding(
                "native_categories",
                "This model learned categories, which reach its own file as numbers that Python "
                "gives them; export to ONNX, where they stand in the file.",
                flavor,
            )
        )
    if model_class.endswith("Classifier") and boosters.several_targets(content):
        found.append(
            Finding(
                "objective_unknown",
                "This classifier answers for several targets at once, which its own file does not "
                "tell apart from classes; export to ONNX, or train one model a target.",
                flavor,
            )
        )
    return found


def _is_pickled(config: Mapping[str, Any]) -> bool:
    named = str(config.get("model_class") or "")
    return "pickled_model" in config or (
        "serialization_format" in config and not named.endswith(".Booster") and bool(named)
    )


def _check_kind(path: Path, flavor: str) -> None:
    """See that a booster's file is of its own library."""
    kind = kinds.identify(path)
    if not kind.name.startswith(flavor):
        raise Unreadable(f"it is {kind.title}, no {flavor} model")


def _of_series(pickled: Pickled) -> Iterator[Finding]:
    """Time series among statsmodels' models, by the root's module."""
    if pickled.root.startswith("statsmodels.tsa."):
        name = pickled.root.rpartition(".")[2].removesuffix("Wrapper").removesuffix("Results")
        yield Finding(
            "time_series",
            f"{name} forecasts from the series that it was trained on and has no answer for a row "
            "alone. Forecast in Python and store the table, or train a regression (OLS, GLM) on "
            "lagged columns.",
        )


def _of_onnx(facts: onnx_graph_bytes.OnnxFacts) -> list[Finding]:
    strange = sorted({domain for domain, _ in facts.operators} - DOMAINS)
    if not strange or facts.functions:
        return []
    names = sorted(name for domain, name in facts.operators if domain == strange[0])
    return [
        Finding(
            "onnx_operators",
            f"The model uses operators that ONNX Runtime does not have ({strange[0]}: "
            f"{', '.join(names[:5])}); export it with standard operators.",
        )
    ]


def _layers(path: Path) -> set[str]:
    with path.open("rb") as stream:
        if stream.read(8) == networks.HDF5:
            return networks.hdf5_layers(path.read_bytes())
    return networks.keras_layers(path)


def _of_dl4j(path: Path) -> list[Finding]:
    """What of a Keras model Deeplearning4j does not read."""
    try:
        graph.read(networks.keras_config(path), graph.STANDING_IN)
    except Refused as refusal:
        return [Finding(refusal.code, refusal.sentence, "hdf5")]
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        pass  # no configuration that Keras writes: what it can become is seen when Keras loads it
    return []


def _of_layers(layers: set[str]) -> list[Finding]:
    found = []
    if "Lambda" in layers:
        found.append(
            Finding(
                "lambda_layer",
                "The model has a Lambda layer, whose Python code no target carries; write it as "
                "layers of Keras.",
            )
        )
    if odd := sorted(name for name in layers if re.search(r">", name)):
        found.append(
            Finding(
                "custom_layer",
                f"The model has a layer of your own ({odd[0]}); it converts only where its code "
                "was logged with it.",
                caveat=True,
            )
        )
    return found
