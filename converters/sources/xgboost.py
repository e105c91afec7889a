"""Loads XGBoost models: the native file, into the class that the flavor names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.sources import mlmodel

BOOSTER = "xgboost.core.Booster"
CLASSES = (
    "Booster",
    "XGBClassifier",
    "XGBRegressor",
    "XGBRanker",
    "XGBRFClassifier",
    "XGBRFRegressor",
)


def load(folder: Path, config: dict[str, Any]) -> Any:
    """The Booster or scikit-learn wrapper that `mlflow.xgboost` saved in `folder`.

    Raises:
        Refused: `model_class` for a class that XGBoost does not have, and what
            `converters.sources.load` lists.
    """
    import xgboost

    path = mlmodel.model_file(folder, config.get("data"))
    named = str(config.get("model_class") or BOOSTER)
    short = named.rsplit(".", 1)[-1]
    if not named.startswith("xgboost.") or short not in CLASSES:
        raise Refused(
            "model_class",
            f"The model's class is {named}, none of XGBoost's own; log the Booster inside.",
        )
    model = getattr(xgboost, short)()
    try:
        model.load_model(path)
    except (
        xgboost.core.XGBoostError,
        ValueError,
        TypeError,
        UnicodeDecodeError,
        KeyError,
    ) as error:
        raise mlmodel.unreadable(path, error) from error
    return model
