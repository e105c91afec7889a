"""A version's inputs side by side: as MLflow declares them, in the converted file, in Java."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from converters import types
from converters.errors import Refused
from converters.preflight import signature_of
from registry.models import ModelVersion
from workers.models import Bundle

# A nullable primitive becomes its box.
BOXED = {
    "boolean": "Boolean",
    "int": "Integer",
    "long": "Long",
    "float": "Float",
    "double": "Double",
}


@dataclass(frozen=True)
class Row:
    """One input; `converted` is empty while no bundle has shown what it became."""

    name: str
    mlflow: str
    converted: str
    java: str
    required: bool


@dataclass(frozen=True)
class SignatureTable:
    """The rows, where the converted column comes from, and why there are none."""

    rows: list[Row]
    bundle: Bundle | None = None
    sentence: str = ""


def signature_table(version: ModelVersion, bundle: Bundle | None) -> SignatureTable:
    """The inputs of a version; with a bundle, what it made of each.

    Reads the declared signature; never raises for what an upstream file holds.
    """
    try:
        signature = signature_of(version.mlmodel)
    except Refused as refusal:
        return SignatureTable([], sentence=refusal.sentence)
    if signature is None:
        return SignatureTable([])
    carried = _carried(bundle)
    tensors = signature.all_tensors
    if tensors:
        alone = len(tensors) == 1
        rows = [
            Row(
                tensor.name,
                _shaped(tensor.dtype, tensor.shape),
                carried.get(tensor.name) or (next(iter(carried.values()), "") if alone else ""),
                _array(tensor.dtype),
                True,
            )
            for tensor in tensors
        ]
        return SignatureTable(rows, bundle)
    rows = []
    for column in signature.columns:
        java = _java(types.COLUMNS.get(column.type.lower()))
        if not column.required:
            java = BOXED.get(java, java)
        rows.append(
            Row(column.name, column.type, carried.get(column.name, ""), java, column.required)
        )
    return SignatureTable(rows, bundle)


def _shaped(dtype: str, shape: Sequence[int]) -> str:
    """A tensor as numpy would name it, `N` the length that each batch chooses."""
    return f"{dtype}[{', '.join('N' if size == -1 else str(size) for size in shape)}]"


def _array(dtype: str) -> str:
    """What a caller passes in Java for one row of a tensor: one array, row-major."""
    try:
        return f"{types.tensor('', dtype).java}[]"
    except Refused:
        return ""


def _java(carried: types.Type | None) -> str:
    return carried.java if carried else ""


def _carried(bundle: Bundle | None) -> dict[str, str]:
    """Column → `dtype in input`, or `dtype[shape]` of a tensor, from a bundle's manifest."""
    inputs: list[dict[str, Any]] = bundle.manifest.get("inputs", []) if bundle else []
    found: dict[str, str] = {}
    for tensor in inputs:
        kind = tensor["dtype"]
        if tensor.get("shape"):
            kind = _shaped(kind, [-1, *tensor["shape"]])
        for column in tensor.get("columns") or [tensor["name"]]:
            where = "" if tensor["name"] == column else f" in {tensor['name']}"
            found[column] = f"{kind}{where}"
    return found
