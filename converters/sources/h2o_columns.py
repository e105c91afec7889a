"""How a signature's columns become what an H2O model reads: numbers, and places of levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from converters import types
from converters.contract import Input, Signature
from converters.errors import Refused
from converters.trees.form import Category, Key

if TYPE_CHECKING:
    from converters.sources.h2o import H2OModel

NOT_WHOLE = 0.5


def check(signature: Signature, known: Mapping[str, list[str] | None]) -> None:
    """See that the signature has every column of the model, as what the model learned.

    Args:
        known: the model's columns → their levels, None for numbers.

    Raises:
        Refused: `tensor_shape`, `category_types`, `column_missing`.
    """
    if signature.all_tensors:
        raise Refused(
            "tensor_shape",
            "H2O models take columns by name and the signature is one array; log the model with "
            "the signature of a DataFrame.",
        )
    for column in signature.columns:
        levels = known.get(column.name)
        if column.name in known and not suits(types.column(column.name, column.type).file, levels):
            kind = "levels" if levels else "numbers"
            raise Refused(
                "category_types",
                f"The model learned {kind} in column {column.name!r}, which is {column.type} in "
                "the signature; log it with the signature of its training data.",
            )
    if lacking := sorted(set(known) - {column.name for column in signature.columns}):
        raise Refused(
            "column_missing",
            f"The model reads a column {lacking[0]!r} that its signature does not have; log it "
            "again with a signature of all columns it was trained on.",
        )


def filled(estimator: H2OModel, inputs: list[Input]) -> list[Input]:
    """The inputs; none may be missing where the model does not tell what it counts then."""
    if not estimator.unfilled:
        return inputs
    return [replace(one, nullable=False) for one in inputs]


def suits(dtype: str, levels: list[str] | None) -> bool:
    """Whether a column of this dtype is what the model learned: its levels, or numbers."""
    if levels is None:
        return dtype not in ("string", "bool")
    if dtype == "bool":
        return set(levels) <= {"True", "False"}
    return dtype not in ("float32", "float64")


def category(levels: list[str], dtype: str, unseen_missing: bool = True) -> Category:
    """The levels as a column of this dtype spells them; one that it cannot spell is never met.

    Whole numbers are the text that Python gives them, so 5 is no level "05"; flags are "True" and
    "False". A value that is no level is mostly missing to H2O.
    """
    if dtype == "string":
        return Category(Key.WORD, words=tuple(levels), unseen_missing=unseen_missing)
    if dtype == "bool":
        spelled = {"False": 0.0, "True": 1.0}
        numbers = tuple(spelled[level] for level in levels)
    else:
        numbers = tuple(_whole(level) for level in levels)
    return Category(Key.NUMBER, numbers=numbers, unseen_missing=unseen_missing)


def _whole(level: str) -> float:
    """The whole number that is written so; for any other text a fraction, which none equals."""
    if level.removeprefix("-").isdecimal() and str(int(level)) == level:
        number = float(int(level))
        return number if abs(number) <= 2**53 else NOT_WHOLE
    return NOT_WHOLE
