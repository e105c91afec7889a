"""The `params` of a signature (MLflow 2.6 and later), and what their defaults do to answers."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

from converters.errors import Refused
from converters.preflight import HOW_TO_SIGN

# What a model may be told without another answer: where it computes, and how many rows at once.
HARMLESS = frozenset(
    {
        *("device", "batch_size", "chunk_size", "pool", "show_progress_bar"),
        *("convert_to_numpy", "convert_to_tensor"),
    }
)


def notes(document: dict[str, Any], flavor: str, estimator: Any) -> list[str]:
    """What to know about the signature's params, one sentence at most.

    MLflow hands them to `predict` of XGBoost models, to the forward of PyTorch modules, to encode
    of sentence embedders, and to python_function models, whose own answer is the original here; all
    other flavors pass them over. A converted file has no such inputs, so it answers as with their
    defaults.

    Raises:
        Refused: `signature_params` where a default changes what the model answers.
    """
    given = _defaults(document)
    if not given:
        return []
    if asked := _asked(flavor, estimator):
        _check_no_effect(asked, given)
    names = ", ".join(given)
    return [f"The signature's params ({names}) are no inputs of the file: their defaults hold."]


def _defaults(document: dict[str, Any]) -> dict[str, Any]:
    signed = document.get("signature")
    raw = signed.get("params") if isinstance(signed, dict) else None
    try:
        told = json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError):
        raise Refused(
            "signature_unreadable",
            f"The model's signature cannot be read: its params are not JSON. {HOW_TO_SIGN}",
        ) from None
    if not isinstance(told, list | None):
        raise Refused(
            "signature_unreadable",
            f"The model's signature cannot be read: its params are no list. {HOW_TO_SIGN}",
        )
    return {
        str(one["name"]): one.get("default")
        for one in told or []
        if isinstance(one, dict) and "name" in one
    }


def _asked(flavor: str, estimator: Any) -> Callable[..., Any] | None:
    """The function that MLflow hands the params to; None where it passes them over."""
    if flavor == "xgboost":
        predict: Callable[..., Any] = estimator.predict
        return predict
    if flavor == "pytorch":
        forward: Callable[..., Any] = estimator.module.forward
        return forward
    if flavor == "sentence_transformers":
        from sentence_transformers import SentenceTransformer

        encode: Callable[..., Any] = SentenceTransformer.encode
        return encode
    return None


def _check_no_effect(asked: Callable[..., Any], given: dict[str, Any]) -> None:
    known, any_name = _arguments(asked)
    for name, value in given.items():
        if name in HARMLESS:
            continue
        if (name in known and value != known[name]) or (name not in known and any_name):
            raise Refused(
                "signature_params",
                f"The signature's param {name}={value!r} changes what the model answers, and a "
                "converted file takes no params; log the model with a signature without it, and "
                "with that value as the model's own default.",
            )


def _arguments(asked: Callable[..., Any]) -> tuple[dict[str, Any], bool]:
    """The defaults of a function's arguments by name, and whether it takes any other name."""
    if schema := getattr(asked, "schema", None):  # of TorchScript
        return {one.name: one.default_value for one in schema.arguments}, False
    found = inspect.signature(asked).parameters.values()
    return (
        {one.name: one.default for one in found},
        any(one.kind is inspect.Parameter.VAR_KEYWORD for one in found),
    )
