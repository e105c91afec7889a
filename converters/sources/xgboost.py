"""Loads XGBoost models: the native file, into the class that the flavor names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.sources import mlmodel
from converters.sources.loaded import Loaded

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


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """A wrapper's method, or a bare Booster's prediction.

    A Booster that stopped early remembers its best round, which the wrapper classes then use; a
    bare one, asked as MLflow's pyfunc asks it, answers with every tree.
    """
    import xgboost

    if type(model.estimator).__name__ != "Booster":
        return getattr(model.estimator, source)(frame)
    names = model.estimator.feature_names if hasattr(frame, "columns") else None
    values = frame.to_numpy() if hasattr(frame, "columns") and names is None else frame
    return model.estimator.predict(xgboost.DMatrix(values))
