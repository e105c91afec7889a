"""What a model's files tell before anything is loaded: which targets they rule out, and why.

Which classes are refused is asked of the tables of the emitters themselves, so that pre-flight and
conversion cannot part ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.static import kinds, networks, onnx_graph_bytes, pickles
from converters.static.errors import Unreadable
from converters.static.pickles import Pickled

# What a library's own pickles import; any other package is the owner's, or is not installed here.
PACKAGES = frozenset(
    {
        *("sklearn", "numpy", "scipy", "pandas", "xgboost", "lightgbm", "catboost", "joblib"),
        *("builtins", "__builtin__", "copyreg", "copy_reg", "collections", "functools", "operator"),
        *("_codecs", "cloudpickle", "types", "datetime", "re", "typing", "itertools", "math"),
        *("_pickle", "pickle", "abc", "pathlib", "uuid", "decimal", "numbers", "inspect", "array"),
        *("pyarrow", "pytz", "dateutil", "zoneinfo", "enum", "dataclasses", "weakref", "random"),
        *("string", "fractions", "threading", "warnings", "contextlib", "codecs", "io"),
    }
)
PICKLED_FLAVORS = ("sklearn", "lightgbm", "xgboost", "catboost")
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# Neither an emitter's matter nor told by a name alone: a setting decides.
SETTING_DECIDES = frozenset({"sklearn.LocalOutlierFactor"})
KEYS = ("pickled_model", "data", "model_data", "saved_model_dir")


@dataclass(frozen=True)
class Finding:
    """Why a target is ruled out; target "" for all of them. caveat: it may yet convert."""

    code: str
    sentence: str
    target: str = ""
    caveat: bool = False


def findings(folder: Path, document: Mapping[str, Any], flavor: str) -> list[Finding]:
    """What the files of this flavor rule out; nothing where they are not there or say nothing."""
    config = document["flavors"].get(flavor)
    if not isinstance(config, dict):
        return []
    found: list[Finding] = []
    for path in _files(folder, config):
        try:
            found += _of_file(path, flavor, config)
        except Unreadable as error:
            found.append(
                Finding(
                    "model_unreadable",
                    f"The model's file {path.name!r} cannot be read: {error}. Log the model again.",
                )
            )
    return found


def _files(folder: Path, config: Mapping[str, Any]) -> Iterator[Path]:
    """The files that the flavor names, inside the folder and there."""
    for key in KEYS:
        named = config.get(key)
        if not isinstance(named, str) or not named:
            continue
        path = (folder / named).resolve()
        if not path.is_relative_to(folder.resolve()):
            continue
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.suffix in (".keras", ".h5"))
        elif path.is_file():
            yield path


def _of_file(path: Path, flavor: str, config: Mapping[str, Any]) -> list[Finding]:
    if flavor in PICKLED_FLAVORS and _is_pickled(config):
        skops = str(config.get("serialization_format")) == "skops"
        if skops:
            names = networks.skops_names(path)
            return list(_of_names(Pickled(networks.skops_root(path), names)))
        return list(_of_names(pickles.read(path)))
    if flavor == "statsmodels":
        return list(_of_series(pickles.read(path)))
    if flavor in ("xgboost", "lightgbm", "catboost", "pmml"):
        _check_kind(path, flavor)
    if flavor == "onnx":
        return _of_onnx(onnx_graph_bytes.read(path.read_bytes()))
    if flavor in ("keras", "tensorflow") and path.suffix in (".keras", ".h5"):
        return _of_layers(_layers(path))
    return []


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


def _of_names(pickled: Pickled) -> Iterator[Finding]:
    """What the names in a pickle rule out."""
    own = sorted(
        name
        for name in pickled.names
        if name.partition(".")[0] not in PACKAGES and not name.startswith("_")
    )
    main = sorted(name for name in pickled.names if name.startswith("__main__."))
    code = sorted(pickled.functions | pickled.classes)
    if own or main or code:
        raise_name = (main or own or code)[0]
        what = "a Python lambda" if "<lambda>" in code and not (own or main) else raise_name
        where = " in a FunctionTransformer" if _has(pickled, "FunctionTransformer") else ""
        yield Finding(
            "own_python",
            f"The model calls your own Python ({what}){where}; neither ONNX nor PMML can carry it, "
            "and no other target can. Compute it before the model.",
        )
    yield from _refused(pickled)


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


def _has(pickled: Pickled, name: str) -> bool:
    return any(one.rpartition(".")[2] == name for one in pickled.names)


def _refused(pickled: Pickled) -> Iterator[Finding]:
    """Estimators that the emitters themselves refuse by name."""
    from converters.onnx_graph import refusals, solvers
    from converters.routes import pmml_limits

    public = {_public(name): name for name in pickled.names}
    for name in sorted(set(public) & set(refusals.KNOWN_WRONG)):
        short = name.partition(".")[2]
        yield Finding("known_wrong", f"{short} is {refusals.KNOWN_WRONG[name]}.", "onnx")
    root = _public(pickled.root)
    if root in solvers.REFUSED:  # inside of others it may do its work: boosters keep LabelEncoders
        what, instead = solvers.REFUSED[root]
        sentence = f"{root.partition('.')[2]} {what}, which ONNX cannot do; {instead}."
        yield Finding("no_converter", sentence, "onnx")
    if root in refusals.NO_ANSWERS and root not in SETTING_DECIDES:
        short = root.partition(".")[2]
        yield Finding(
            "no_predict",
            f"{short} has no answer for new rows, so there is nothing to convert. "
            f"{refusals.NO_ANSWERS[root]}",
        )
    for name in sorted({one.partition(".")[2] for one in public} & set(pmml_limits.WRONG)):
        yield Finding("not_in_pmml", pmml_limits.WRONG[name], "pmml", caveat=True)


def _public(name: str) -> str:
    """`package.Class`, as emitters register, of `package.module.Class`."""
    return f"{name.partition('.')[0]}.{name.rpartition('.')[2]}"


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
