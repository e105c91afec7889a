"""Category columns of boosters: as text or numbers in a signature, as pandas' own to the model.

XGBoost and LightGBM learn categories from pandas' category columns, for which MLflow has no type.
So a signature names them as text or numbers, and the model is fed category columns again.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd

from converters.contract import Column, Signature
from converters.trees.form import Category, Key

_LEARNED: WeakKeyDictionary[Any, dict[int, Category]] = WeakKeyDictionary()


def booster_of(estimator: Any) -> Any | None:
    """The Booster of XGBoost or LightGBM that this is, wraps or ends in; None for anything else."""
    while hasattr(estimator, "steps") or hasattr(estimator, "best_estimator_"):
        steps = getattr(estimator, "steps", None)
        estimator = steps[-1][1] if steps else estimator.best_estimator_
    library = type(estimator).__module__.partition(".")[0]
    if library not in ("xgboost", "lightgbm"):
        return None
    if callable(fitted := getattr(estimator, "__sklearn_is_fitted__", None)) and not fitted():
        return None  # the pattern that a meta-estimator copies
    if hasattr(estimator, "get_booster"):
        return estimator.get_booster()
    return getattr(estimator, "booster_", estimator)


def learned(estimator: Any) -> dict[int, Category]:
    """The categories that a booster knows by name or number, by feature.

    Raises:
        Refused: `category_types`.
    """
    booster = booster_of(estimator)
    if booster is None:
        return {}
    if booster not in _LEARNED:
        if type(booster).__module__.startswith("xgboost"):
            from converters.trees import xgboost as reader
        else:
            from converters.trees import lightgbm as reader  # type: ignore[no-redef]
        _LEARNED[booster] = reader.learned(booster)
    return _LEARNED[booster]


def typed(estimator: Any, frame: Any) -> Any:
    """The frame with pandas' category columns where the booster learned such; others untouched.

    A value that is no category becomes missing, as it does in pandas. Behind other steps a booster
    knows a column by name, which a ColumnTransformer may have put `remainder__` or such before.
    """
    if not hasattr(frame, "columns"):
        return frame
    known_categories = learned(estimator)
    names = _names(estimator, frame) if known_categories else []
    columns = {}
    for place, category in known_categories.items():
        name = names[place] if place < len(names) else None
        if name is None:
            continue
        known = category.words if category.key is Key.WORD else _numbers(category)
        columns[name] = pd.Categorical(frame[name], categories=pd.Index(list(known)))
    return frame.assign(**columns) if columns else frame


def _names(estimator: Any, frame: Any) -> list[Any]:
    """The frame's column for each of the booster's features; None where it is no column."""
    own, booster = list(frame.columns), booster_of(estimator)
    if booster is None or not hasattr(estimator, "steps"):
        return own
    told = getattr(booster, "feature_names", None) or booster.feature_name()
    return [
        next((name for name in own if name in (one, one.partition("__")[2])), None) for one in told
    ]


def signature(estimator: Any, names: list[str]) -> Signature | None:
    """One column a feature: text or numbers for categories, double for all else; None if none."""
    known = learned(estimator)
    if not known or not names:
        return None
    columns = []
    for place, name in enumerate(names):
        text = place in known and known[place].key is Key.WORD
        columns.append(Column(name, "string" if text else "double"))
    return Signature(columns=columns, origin="estimator")


def _numbers(category: Category) -> list[float] | list[int]:
    """Whole numbers as such: boosters ask for the dtype that they were trained with."""
    if all(number.is_integer() for number in category.numbers):
        return [int(number) for number in category.numbers]
    return list(category.numbers)
