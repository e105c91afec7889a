"""What a model's inputs are: from the `MLmodel`, else the input example, else the estimator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from converters.contract import Column, Signature, Tensor
from converters.errors import Refused
from converters.preflight import HOW_TO_SIGN, check_signature, signature_of
from converters.sources import categories as known_categories
from converters.sources import texts
from converters.sources.loaded import DTYPES, TENSOR, Rows, carried
from converters.sources.mlmodel import model_file
from converters.sources.parts import estimators

KINDS = {
    "b": "boolean",
    "i": "long",
    "u": "long",
    "f": "double",
    "O": "string",
    "U": "string",
    "M": "datetime",
}


Own = Callable[[Any, dict[str, Any], Path], Signature | None]


def signature(
    document: dict[str, Any], folder: Path, flavor: str, estimator: Any, own: Own | None = None
) -> Signature:
    """The inputs of a model.

    An estimator without a signature tells names and number of its features but no types, so the
    input example is asked first. own: how a flavor's own objects tell theirs.

    Raises:
        Refused: `no_signature`, and what `preflight.signature_of`, `check_signature` refuse.
    """
    found = signature_of(document)
    if found is None:
        tell = own or (lambda estimator, document, folder: _from_estimator(estimator))
        found = _from_example(document, folder) or tell(estimator, document, folder)
    found = texts.signed(found, estimator)
    if found is None:
        raise Refused(
            "no_signature",
            "The model has no signature and no input example, and does not itself tell the names "
            f"and types of its inputs. {HOW_TO_SIGN}",
        )
    check_signature(found, flavor)
    return found


def settled(
    document: dict[str, Any],
    folder: Path,
    flavor: str,
    estimator: Any,
    settle: Callable[[Any, Signature | None, Any], Signature],
) -> Signature:
    """The inputs of an object that knows them itself; what the `MLmodel` declares must agree.

    Raises:
        Refused: what `settle`, `preflight.signature_of` and `check_signature` refuse.
    """
    found = settle(estimator, signature_of(document), read_example(document, folder))
    check_signature(found, flavor)
    return found


def example(document: dict[str, Any], folder: Path, signed: Signature) -> Rows | None:
    """The input example in the signature's terms; None where there is none that fits it."""
    raw = read_example(document, folder)
    if raw is None:
        return None
    if signed.tensors or (signed.tensor is not None and len(signed.tensor.shape) != 2):
        return _tensor_rows(raw, signed)
    if signed.tensor is not None:
        array = np.asarray(raw)
        fits = array.ndim == 2 and array.shape[1] == signed.width and array.dtype.kind in "biuf"
        return {signed.tensor.name or TENSOR: array.astype(signed.tensor.dtype)} if fits else None
    if not isinstance(raw, pd.DataFrame):
        return texts.example(raw, signed)
    frame = raw.set_axis([str(name) for name in raw.columns], axis=1)
    if any(column.name not in frame for column in signed.columns):
        return None
    try:
        return {column.name: _values(frame[column.name], column.type) for column in signed.columns}
    except (ValueError, TypeError):
        return None


def _tensor_rows(raw: Any, signed: Signature) -> Rows | None:
    """An example of tensors, each flat [N, values a row]; None where it is another shape."""
    tensors = [signed.tensor] if signed.tensor is not None else signed.tensors
    given = raw if isinstance(raw, dict) else {tensors[0].name: raw}
    rows = {}
    for tensor in tensors:
        try:
            array = np.asarray(given[tensor.name])
            if list(array.shape[1:]) != tensor.shape[1:]:
                return None
            rows[tensor.name or TENSOR] = array.reshape(len(array), -1).astype(carried(tensor))
        except (KeyError, ValueError, TypeError):
            return None
    return rows


def _values(series: Any, kind: str) -> Any:
    if kind == "string":
        values = [None if pd.isna(value) else str(value) for value in series]
        return np.array(values, dtype=object)
    return series.to_numpy(dtype=DTYPES[kind])


def read_example(document: dict[str, Any], folder: Path) -> Any:
    """The saved input example: a DataFrame, an array or arrays by name; None without one."""
    info = document.get("saved_input_example_info")
    if not isinstance(info, dict) or info.get("type") not in (
        *("dataframe", "ndarray", "json_object"),
    ):
        return None
    try:
        raw = json.loads(model_file(folder, info.get("artifact_path")).read_bytes())
    except (Refused, ValueError):
        return None
    if isinstance(raw, list) and raw and all(isinstance(one, str) for one in raw):
        return np.array(raw, dtype=object)  # a list of texts, which MLflow logs as it is
    if info["type"] == "ndarray":
        # MLflow 3 saves the bare array or dict of arrays, earlier ones put it under `inputs`.
        wrapped = isinstance(raw, dict) and list(raw) == ["inputs"]
        return _arrays(raw["inputs"] if wrapped else raw)
    if not isinstance(raw, dict):
        return None
    if "columns" not in raw or "data" not in raw:
        return None
    try:
        return pd.DataFrame(raw["data"], columns=raw["columns"])
    except (TypeError, ValueError):
        return None  # rows of several lengths, or no rows at all


def _arrays(told: Any) -> Any:
    """An array, or a dict of arrays by tensor; None for what is neither or is ragged."""
    try:
        if isinstance(told, dict):
            return {str(name): np.array(values) for name, values in told.items()}
        return np.array(told) if isinstance(told, list) else None
    except ValueError:
        return None


def _from_example(document: dict[str, Any], folder: Path) -> Signature | None:
    raw = read_example(document, folder)
    if isinstance(raw, np.ndarray):
        if raw.ndim != 2 or raw.dtype.kind not in "biuf":
            return None
        tensor = Tensor(TENSOR, str(raw.dtype), [-1, raw.shape[1]])
        return Signature(tensor=tensor, origin="input_example")
    if raw is None or isinstance(raw, dict):
        return None
    columns = []
    for name in raw.columns:
        series = raw[name]
        kind = "O" if pd.api.types.is_string_dtype(series) else series.dtype.kind
        columns.append(Column(str(name), KINDS.get(kind, "string")))
    return Signature(columns=columns, origin="input_example")


def _from_estimator(estimator: Any) -> Signature | None:
    """Names or number of features, as doubles; None where the estimator also takes strings."""
    if _takes_strings(estimator):
        return None
    names = _feature_names(estimator)
    if with_categories := known_categories.signature(estimator, names):
        return with_categories
    if names:
        return Signature(columns=[Column(name, "double") for name in names], origin="estimator")
    width = _feature_count(estimator)
    if not width:
        return None
    return Signature(tensor=Tensor(TENSOR, "float64", [-1, width]), origin="estimator")


def _feature_names(estimator: Any) -> list[str]:
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and type(estimator).__name__ == "Booster":
        told = getattr(estimator, "feature_names", None)
        names = told if told is not None else None
        if names is None and callable(getattr(estimator, "feature_name", None)):
            names = estimator.feature_name()
    return [str(name) for name in names] if names is not None else []


def _feature_count(estimator: Any) -> int:
    for attribute in ("n_features_in_", "num_features", "num_feature"):
        told = getattr(estimator, attribute, None)
        if told is not None:
            return int(told() if callable(told) else told)
    return 0


def _takes_strings(estimator: Any) -> bool:
    """Whether some step inside learned categories of text, so that a column is not a number."""
    for part in estimators(estimator):
        for categories in getattr(part, "categories_", []):
            if np.asarray(categories).dtype.kind in "OUS":
                return True
        if hasattr(part, "vocabulary_") or type(part).__name__ == "HashingVectorizer":
            return True
    return False


def missing_text(estimator: Any) -> float | None:
    """What a missing string is to this model: None where it learned None, else NaN."""
    for part in estimators(estimator):
        if getattr(part, "missing_values", 0) is None:
            return None
        for categories in getattr(part, "categories_", []):
            if any(item is None for item in np.asarray(categories, dtype=object).ravel()):
                return None
    return float("nan")
