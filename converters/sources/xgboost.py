"""Loads XGBoost models: the native file, into the class that the flavor names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.sources import categories, mlmodel, sklearn
from converters.sources.loaded import Loaded
from converters.static import boosters
from converters.trees import xgboost as trees

BOOSTER = "xgboost.core.Booster"
CLASSES = (
    "Booster",
    "XGBClassifier",
    "XGBRegressor",
    "XGBRanker",
    "XGBRFClassifier",
    "XGBRFRegressor",
)
# What a damaged file makes of the library, and of our own reading of its trees.
DAMAGE = (ValueError, TypeError, UnicodeDecodeError, KeyError)


def load(folder: Path, config: dict[str, Any]) -> Any:
    """The Booster or scikit-learn wrapper that `mlflow.xgboost` saved in `folder`.

    Raises:
        Refused: `model_class` for a class that XGBoost does not have, `model_newer`, and what
            `converters.sources.load` lists.
    """
    import xgboost

    if sklearn.PICKLED in config:
        return _pickled(folder, config)
    path = mlmodel.model_file(folder, config.get("data"))
    named = str(config.get("model_class") or BOOSTER)
    short = named.rsplit(".", 1)[-1]
    if not named.startswith("xgboost.") or short not in CLASSES:
        raise Refused(
            "model_class",
            f"The model's class is {named}, none of XGBoost's own; log the Booster inside.",
        )
    if why := boosters.newer(path.read_bytes(), "xgboost"):
        raise Refused("model_newer", why)
    model = getattr(xgboost, short)()
    try:
        model.load_model(path)
        trees.check(model if short == "Booster" else model.get_booster())
    except (xgboost.core.XGBoostError, *DAMAGE) as error:
        raise mlmodel.unreadable(path, error) from error
    return model


def _pickled(folder: Path, config: dict[str, Any]) -> Any:
    """A Booster or a wrapper out of a plain pickle.

    Raises:
        Refused: `model_class` for another of XGBoost's objects, `not_fitted`.
    """
    import xgboost
    from sklearn.exceptions import NotFittedError

    model = sklearn.load(folder, config)
    if not isinstance(model, xgboost.Booster | xgboost.XGBModel):
        raise sklearn.no_model(model)
    try:
        trees.check(model if isinstance(model, xgboost.Booster) else model.get_booster())
    except NotFittedError:
        return model  # its caller says so
    except (xgboost.core.XGBoostError, *DAMAGE) as error:
        raise mlmodel.unreadable(folder / str(config[sklearn.PICKLED]), error) from error
    return model


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """A wrapper's method, or a bare Booster's prediction.

    A Booster that stopped early remembers its best round, which the wrapper classes then use; a
    bare one, asked as MLflow's pyfunc asks it, answers with every tree.
    """
    import xgboost

    estimator = model.estimator
    fed = categories.typed(estimator, frame)
    if type(estimator).__name__ != "Booster":
        return getattr(estimator, source)(fed)
    if hasattr(fed, "columns") and estimator.feature_names is None:
        fed = fed.to_numpy()
    # Codes are no category columns of pandas; the Booster knows which features they are.
    plain = estimator.feature_types is not None and not categories.learned(estimator)
    types = estimator.feature_types if plain and "c" in estimator.feature_types else None
    return estimator.predict(xgboost.DMatrix(fed, feature_types=types, enable_categorical=True))
