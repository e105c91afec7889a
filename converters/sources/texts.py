"""Models that read one text a row: fed a list or a Series, since a table they would not see whole.

A vectoriser that is given a DataFrame reads its column names. MLflow writes the same signature for
a Series as for a DataFrame of one column, and an array of texts as a tensor of rank one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import Column, Signature
from converters.errors import Refused
from converters.sources.loaded import Rows

VECTORISERS = ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")
# What the one input is called where nobody named it.
NAME = "text"


def reads_texts(estimator: Any) -> bool:
    """Whether what a model is given goes to a vectoriser first, and to nothing else."""
    if any(kind.__name__ in VECTORISERS for kind in type(estimator).__mro__):
        return True
    if getattr(estimator, "steps", None):
        first = (step for _, step in estimator.steps if step not in (None, "passthrough"))
        return reads_texts(next(first, None))
    if getattr(estimator, "transformer_list", None):
        parts = [part for _, part in estimator.transformer_list if not isinstance(part, str)]
        return bool(parts) and all(reads_texts(part) for part in parts)
    for name in ("best_estimator_", "estimator_", "regressor_", "estimators_"):
        inner = getattr(estimator, name, None)
        if isinstance(inner, list | tuple | np.ndarray):
            inner = next(iter(inner), None) if len(inner) else None
        if inner is not None and not isinstance(inner, str):
            return reads_texts(inner)
    return _calibrated(estimator)


def _calibrated(estimator: Any) -> bool:
    inner = getattr(estimator, "calibrated_classifiers_", None)
    return reads_texts(getattr(inner[0], "estimator", None)) if inner else False


def signed(found: Signature | None, estimator: Any) -> Signature | None:
    """The signature of a model that reads texts: one column of text. Others keep theirs.

    Raises:
        Refused: `text_input` where the signature declares something else.
    """
    if not reads_texts(estimator):
        return found
    if found is None:
        return Signature(columns=[Column(NAME, "string")], origin="estimator")
    tensor = found.tensor
    if tensor is not None and holds_texts(found):
        return Signature(columns=[Column(tensor.name or NAME, "string")], origin=found.origin)
    if len(found.columns) != 1 or found.columns[0].type != "string":
        told = [f"{column.name!r} ({column.type})" for column in found.columns]
        raise Refused(
            "text_input",
            "The model reads one text a row, but its signature declares "
            f"{', '.join(told[:6]) or 'something else'}; log it with a signature inferred from a "
            "Series of texts, or put the vectoriser into a ColumnTransformer over the columns.",
        )
    return found


def holds_texts(signature: Signature) -> bool:
    """Whether it declares one tensor with a text a row."""
    tensor = signature.tensor
    if tensor is None or np.dtype(tensor.dtype).kind not in "OUS":
        return False
    return len(tensor.shape) == 1 or list(tensor.shape[1:]) == [1]


def example(raw: Any, signature: Signature) -> Rows | None:
    """A logged array of texts as rows; None where it is something else."""
    columns = signature.columns
    if not isinstance(raw, np.ndarray) or len(columns) != 1 or columns[0].type != "string":
        return None
    texts = raw.ravel().tolist()
    if len(texts) != len(raw) or not all(isinstance(text, str) for text in texts):
        return None
    return {columns[0].name: np.array(texts, dtype=object)}
