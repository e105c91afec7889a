"""Plain model files without an `MLmodel`: what they are by content, and the document they lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.quoting import quoted
from converters.static import kinds
from converters.static.errors import Unreadable
from converters.static.kinds import EXAMPLE, Kind

# Top packages of pickled classes that have a flavor of their own; all others are scikit-learn's.
PICKLED = ("lightgbm", "xgboost", "catboost")
NOT_CARRIED = {
    "coreml": "CoreML models have no route from here; export the model that it was made of.",
    "xgboost-binary": "Load it with the XGBoost version that wrote it and save it as .ubj or "
    ".json.",
}
NOT_A_MODEL = ("requirements.txt", EXAMPLE)


def mlmodel_for(folder: Path) -> dict[str, Any]:
    """The `MLmodel` document that a folder with exactly one model file would have.

    Raises:
        Refused: `mlmodel_missing` where there is no such file or several, and what
            `mlmodel_of_file` refuses.
    """
    known = files(folder)
    if len(known) != 1:
        found = f"{len(known)} model files" if known else "no model file"
        raise Refused(
            "mlmodel_missing",
            f"There is no MLmodel file, and {found} in its place; give a folder that MLflow saved, "
            f"or one file ({', '.join(sorted(kinds.SUFFIXES))}).",
        )
    return mlmodel_of_file(known[0])


def files(folder: Path) -> list[Path]:
    """The files at the top of a folder whose names are a model's."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in kinds.SUFFIXES and path.name not in NOT_A_MODEL
    )


def mlmodel_of_file(path: Path) -> dict[str, Any]:
    """The `MLmodel` document of one file, by its content.

    Raises:
        Refused: `mislabelled` where it is another kind than its name says, `model_unreadable`,
            `plain_file` for kinds that no flavor loads.
    """
    try:
        kind = kinds.identify(path)
    except Unreadable as error:
        raise Refused(
            "model_unreadable", f"The file {path.name!r} cannot be read: {error}. Save it again."
        ) from error
    named = kinds.SUFFIXES.get(path.suffix.lower())
    if named is not None and kind.name not in (*named, *NOT_CARRIED):
        raise Refused(
            "mislabelled",
            f"{path.name!r} is {kind.title}, which its name does not say; call it "
            f"*{suffix_of(kind)} if that is what you mean.",
        )
    if kind.name in NOT_CARRIED:
        raise Refused("plain_file", f"{path.name!r} is {kind.title}. {NOT_CARRIED[kind.name]}")
    flavor, config = _flavor(path, kind)
    document = {"flavors": {flavor: config}, "model_uuid": "", "utc_time_created": ""}
    return document | _example(path.with_name(EXAMPLE))


def _example(path: Path) -> dict[str, Any]:
    """What the document says of the rows beside the model file; nothing where there are none."""
    try:
        told = json.loads(path.read_bytes()) if path.is_file() else None
    except (ValueError, RecursionError) as error:
        raise Refused(
            "model_unreadable",
            f"{EXAMPLE} is not JSON ({quoted(error, 120)}); write a list of rows, "
            "{tensor: rows}, or columns and data as pandas' orient='split' does.",
        ) from error
    if told is None:
        return {}
    table = isinstance(told, dict) and {"columns", "data"} <= told.keys()
    kind = "dataframe" if table else "ndarray"
    return {"saved_input_example_info": {"artifact_path": EXAMPLE, "type": kind}}


def suffix_of(kind: Kind) -> str:
    """The first suffix that a kind of file has."""
    return next((suffix for suffix, names in kinds.SUFFIXES.items() if kind.name in names), "")


def _flavor(path: Path, kind: Kind) -> tuple[str, dict[str, Any]]:
    name = path.name
    if kind.name in ("pickle", "joblib", "skops"):
        return _pickled(name, kind)
    if kind.name in ("xgboost-json", "xgboost-ubj"):
        return "xgboost", {"data": name, "model_class": "xgboost.core.Booster"}
    if kind.name == "lightgbm":
        return "lightgbm", {"data": name, "model_class": "lightgbm.basic.Booster"}
    if kind.name == "catboost":
        return "catboost", {"data": name, "model_type": "CatBoost", "save_format": "cbm"}
    if kind.name == "catboost-json":
        return "catboost", {"data": name, "model_type": "CatBoost", "save_format": "json"}
    if kind.name == "mojo":
        return "h2o", {"data": name}
    if kind.name in ("keras", "hdf5"):
        return "tensorflow", {"data": name, "model_type": "keras"}
    if kind.name in ("torch", "torchscript", "torch-export", "state-dict"):
        return "pytorch", {"model_file": name}
    return kind.name, {"data": name}


def _pickled(name: str, kind: Kind) -> tuple[str, dict[str, Any]]:
    package = kind.root.partition(".")[0]
    if package == "torch":
        return "pytorch", {"model_file": name}
    flavor = package if package in PICKLED else "sklearn"
    told = {"model_class": kind.root, "serialization_format": kind.name}
    return flavor, {"pickled_model": name, **told}
