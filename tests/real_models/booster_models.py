"""Trained XGBoost and LightGBM models, alone and inside scikit-learn Pipelines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import xgboost

from tests.real_models import tables
from tests.real_models.folders import save
from tests.real_models.sklearn_models import Make

Data = Callable[[], tuple[Any, Any]]


def _maker(flavor: str, name: str, train: Callable[[Any, Any], Any], data: Data) -> Make:
    options: dict[str, Any] = {}
    if flavor == "lightgbm":
        options["serialization_format"] = "cloudpickle"

    def make(folder: Path) -> Path:
        table, target = data()
        model = train(table, target)
        if type(model).__name__ == "Booster":
            return save(flavor, model, table, folder)
        return save(flavor, model, table, folder, **options)

    make.__name__ = f"make_{name}"
    return make


def _classes() -> tuple[Any, Any]:
    table, target = tables.gapped_patients()
    return table, (target > 140).astype(int)


def _counts() -> tuple[Any, Any]:
    table, target = tables.gapped_patients()
    return table, np.round(target / 20)


def _two_targets() -> tuple[Any, Any]:
    table, target = tables.patients()
    return table, np.column_stack([target, target**0.5])


def _fit(model: Any) -> Callable[[Any, Any], Any]:
    return lambda table, target: model.fit(table, target)


def _fit_early(model: Any, **options: Any) -> Callable[[Any, Any], Any]:
    def train(table: Any, target: Any) -> Any:
        return model.fit(
            table[100:], target[100:], eval_set=[(table[:100], target[:100])], **options
        )

    return train


def _ranked(model: Any) -> Callable[[Any, Any], Any]:
    def train(table: Any, target: Any) -> Any:
        grades = np.digitize(target, [80, 150, 220])
        return model.fit(table, grades, group=[len(table) // 2, len(table) - len(table) // 2])

    return train


def _xgb_train(**parameters: Any) -> Callable[[Any, Any], Any]:
    def train(table: Any, target: Any) -> Any:
        return xgboost.train({"max_depth": 3, **parameters}, xgboost.DMatrix(table, target), 12)

    return train


def _lgb_train(**parameters: Any) -> Callable[[Any, Any], Any]:
    def train(table: Any, target: Any) -> Any:
        settings = {"verbose": -1, "num_leaves": 7, **parameters}
        return lightgbm.train(settings, lightgbm.Dataset(table, target), 12)

    return train


def _xgb(kind: str, **options: Any) -> Callable[[Any, Any], Any]:
    return _fit(getattr(xgboost, kind)(n_estimators=15, max_depth=4, **options))


def _lgb(kind: str, **options: Any) -> Callable[[Any, Any], Any]:
    return _fit(getattr(lightgbm, kind)(n_estimators=15, verbose=-1, **options))


XGBOOST_MODELS: dict[str, tuple[Callable[[Any, Any], Any], Data]] = {
    "classifier": (_xgb("XGBClassifier"), _classes),
    "classifier_multi": (_xgb("XGBClassifier"), tables.wines),
    "classifier_early": (
        _fit_early(xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=3), verbose=False),
        _classes,
    ),
    "regressor": (_xgb("XGBRegressor"), tables.gapped_patients),
    "regressor_poisson": (_xgb("XGBRegressor", objective="count:poisson"), _counts),
    "regressor_base_score": (_xgb("XGBRegressor", base_score=0.5), tables.patients),
    "regressor_two_targets": (_xgb("XGBRegressor"), _two_targets),
    "random_forest": (_xgb("XGBRFClassifier"), _classes),
    "ranker": (_ranked(xgboost.XGBRanker(n_estimators=10)), tables.patients),
    "dart": (_xgb("XGBClassifier", booster="dart", rate_drop=0.3), _classes),
    "booster": (_xgb_train(objective="binary:logistic"), _classes),
    "booster_softmax": (_xgb_train(objective="multi:softmax", num_class=3), tables.wines),
    "booster_softprob": (_xgb_train(objective="multi:softprob", num_class=3), tables.wines),
    "booster_tweedie": (_xgb_train(objective="reg:tweedie"), _counts),
}
LIGHTGBM_MODELS: dict[str, tuple[Callable[[Any, Any], Any], Data]] = {
    "classifier": (_lgb("LGBMClassifier"), _classes),
    "classifier_multi": (_lgb("LGBMClassifier"), tables.wines),
    "classifier_zero_missing": (_lgb("LGBMClassifier", zero_as_missing=True), _classes),
    "classifier_no_missing": (_lgb("LGBMClassifier", use_missing=False), _classes),
    "classifier_early": (
        _fit_early(
            lightgbm.LGBMClassifier(n_estimators=60, verbose=-1),
            callbacks=[lightgbm.early_stopping(3, verbose=False)],
        ),
        _classes,
    ),
    "regressor": (_lgb("LGBMRegressor"), tables.gapped_patients),
    "regressor_quantile": (_lgb("LGBMRegressor", objective="quantile"), tables.patients),
    "regressor_poisson": (_lgb("LGBMRegressor", objective="poisson"), _counts),
    "regressor_dart": (_lgb("LGBMRegressor", boosting_type="dart"), tables.patients),
    "random_forest": (
        _lgb("LGBMClassifier", boosting_type="rf", subsample=0.7, subsample_freq=1),
        _classes,
    ),
    "ranker": (_ranked(lightgbm.LGBMRanker(n_estimators=10, verbose=-1)), tables.patients),
    "booster": (_lgb_train(objective="binary"), _classes),
    "booster_ova": (_lgb_train(objective="multiclassova", num_class=3), tables.wines),
    "booster_sigmoid": (_lgb_train(objective="binary", sigmoid=2.5), _classes),
}

XGBOOST: list[Make] = [
    _maker("xgboost", f"xgboost_{name}", *parts) for name, parts in XGBOOST_MODELS.items()
]
LIGHTGBM: list[Make] = [
    _maker("lightgbm", f"lightgbm_{name}", *parts) for name, parts in LIGHTGBM_MODELS.items()
]
