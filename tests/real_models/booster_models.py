"""Trained XGBoost, LightGBM and CatBoost models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
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
        # MLflow has no type for pandas' categories: such a model goes without a signature.
        signed = not any(str(dtype) == "category" for dtype in getattr(table, "dtypes", ()))
        if type(model).__name__ == "Booster":
            return save(flavor, model, table, folder, signature=signed)
        return save(flavor, model, table, folder, signature=signed, **options)

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


def _own_categories() -> tuple[Any, Any]:
    """Households with text as pandas' categories, which give no signature; in ASCII for XGBoost."""
    table, target = tables.households()
    table = table.replace({"Genève": "Geneva", "Zürich": "Zurich"})
    categories = table.astype({"town": "category", "job": "category"})
    return categories, (target == "yes").astype(int)


def _words() -> tuple[Any, Any]:
    """Households as CatBoost takes them, no missing text; its example has every word."""
    table, target = tables.households()
    table = table.fillna({"job": "none"})
    pairs = zip(sorted(table["town"].unique()), sorted(table["job"].unique()), strict=True)
    first = [table.index[(table["town"] == a) & (table["job"] == b)][0] for a, b in pairs]
    order = [*first, *table.index.difference(first)]
    return table.loc[order].reset_index(drop=True), target[order].reset_index(drop=True)


def _grades() -> tuple[Any, Any]:
    table, target = tables.gapped_patients()
    return table, np.digitize(target, [90, 150, 220])


def _labels() -> tuple[Any, Any]:
    table, target = tables.patients()
    return table, np.column_stack([target > 140, target > 200, target < 90]).astype(int)


def _codes() -> tuple[Any, Any]:
    """Codes of categories among numbers, some of them missing."""
    random = np.random.default_rng(5)
    codes = random.integers(0, 40, 500).astype(float)
    codes[random.random(500) < 0.1] = np.nan
    rest = random.normal(size=(500, 3))
    target = rest[:, 0] + np.nan_to_num(codes, nan=3.0) % 5 + random.normal(0, 0.1, 500)
    return np.column_stack([codes, rest]), target


def _cat(kind: str, **options: Any) -> Callable[[Any, Any], Any]:
    settings = {"iterations": 15, "depth": 4, "verbose": 0, "allow_writing_files": False}
    return _fit(getattr(catboost, kind)(**{**settings, **options}))


def _cat_words(kind: str, **options: Any) -> Callable[[Any, Any], Any]:
    return _cat(kind, cat_features=["town", "job"], **options)


def _cat_ranked(table: Any, target: Any) -> Any:
    grades = np.digitize(target, [80, 150, 220])
    model = catboost.CatBoostRanker(iterations=10, verbose=0, allow_writing_files=False)
    return model.fit(table, grades, group_id=np.arange(len(table)) // 40)


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
    "booster_hinge": (_xgb_train(objective="binary:hinge"), _classes),
    "linear": (_fit(xgboost.XGBRegressor(booster="gblinear")), tables.gapped_patients),
    "quantiles": (
        _xgb("XGBRegressor", objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9]),
        tables.patients,
    ),
    "vector_leaves": (_xgb("XGBRegressor", multi_strategy="multi_output_tree"), _two_targets),
    "labels": (_xgb("XGBClassifier"), _labels),
    "categories": (_xgb("XGBClassifier", enable_categorical=True), _own_categories),
    "codes": (
        _xgb("XGBRegressor", enable_categorical=True, feature_types=["c", "q", "q", "q"]),
        _codes,
    ),
    "survival": (_xgb("XGBRegressor", objective="survival:cox"), tables.patients),
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
    "linear_leaves": (_lgb("LGBMRegressor", linear_tree=True), tables.gapped_patients),
    "cross_entropy_lambda": (_lgb_train(objective="cross_entropy_lambda"), _classes),
    "sqrt": (_lgb("LGBMRegressor", reg_sqrt=True), tables.patients),
    "categories": (_lgb("LGBMClassifier", min_data_per_group=5), _own_categories),
    "codes": (
        lambda table, target: lightgbm.LGBMRegressor(
            n_estimators=15, verbose=-1, min_data_per_group=5
        ).fit(table, target, categorical_feature=[0]),
        _codes,
    ),
}
CATBOOST_MODELS: dict[str, tuple[Callable[[Any, Any], Any], Data]] = {
    "classifier": (_cat("CatBoostClassifier"), _classes),
    "classifier_multi": (_cat("CatBoostClassifier"), tables.wines),
    "classifier_ova": (_cat("CatBoostClassifier", loss_function="MultiClassOneVsAll"), _grades),
    "labels": (_cat("CatBoostClassifier", loss_function="MultiLogloss"), _labels),
    "regressor": (_cat("CatBoostRegressor", nan_mode="Max"), tables.gapped_patients),
    "regressor_poisson": (_cat("CatBoostRegressor", loss_function="Poisson"), _counts),
    "regressor_uncertain": (
        _cat("CatBoostRegressor", loss_function="RMSEWithUncertainty"),
        tables.patients,
    ),
    "regressor_lossguide": (
        _cat("CatBoostRegressor", grow_policy="Lossguide"),
        tables.gapped_patients,
    ),
    "ranker": (_cat_ranked, tables.patients),
    "one_hot": (_cat_words("CatBoostClassifier", one_hot_max_size=20), _words),
    "counters": (_cat_words("CatBoostClassifier", max_ctr_complexity=1), _words),
}

XGBOOST: list[Make] = [
    _maker("xgboost", f"xgboost_{name}", *parts) for name, parts in XGBOOST_MODELS.items()
]
LIGHTGBM: list[Make] = [
    _maker("lightgbm", f"lightgbm_{name}", *parts) for name, parts in LIGHTGBM_MODELS.items()
]
CATBOOST: list[Make] = [
    _maker("catboost", f"catboost_{name}", *parts) for name, parts in CATBOOST_MODELS.items()
]
