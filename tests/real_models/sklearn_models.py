"""Trained scikit-learn models, each saved as a real MLflow folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn import (
    calibration,
    cluster,
    compose,
    decomposition,
    ensemble,
    feature_selection,
    impute,
    linear_model,
    model_selection,
    naive_bayes,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

from tests.real_models import tables
from tests.real_models.folders import save

Make = Callable[[Path], Path]


def _fitted(model: Any, table: Any, target: Any = None) -> Any:
    return model.fit(table, target) if target is not None else model.fit(table)


def _maker(name: str, model: Callable[[], Any], data: Callable[[], tuple[Any, Any]]) -> Make:
    def make(folder: Path) -> Path:
        table, target = data()
        fitted = _fitted(model(), table, target)
        return save("sklearn", fitted, table, folder, serialization_format="cloudpickle")

    make.__name__ = f"make_{name}"
    return make


def _floats32() -> tuple[Any, Any]:
    table, target = tables.tumours()
    return table.astype(np.float32), target


def _booleans() -> tuple[Any, Any]:
    table, target = tables.tumours()
    return table, target.astype(bool)


def _integers() -> tuple[Any, Any]:
    table, target = tables.tumours()
    return (table * 10).astype(np.int64), target.map({0: "bad", 1: "good"})


def _two_targets() -> tuple[Any, Any]:
    table, target = tables.patients()
    return table, np.column_stack([target, target**0.5])


def _array() -> tuple[Any, Any]:
    table, target = tables.irises()
    return table.to_numpy(), target.to_numpy()


def _gapped_classes() -> tuple[Any, Any]:
    table, target = tables.gapped_patients()
    return table, (target > 140).astype(int)


def _spending() -> tuple[Any, Any]:
    table, _ = tables.households()
    return table, np.log(table["income in CHF"])


def _one_feature() -> tuple[Any, Any]:
    table, target = tables.tumours()
    return table[["worst area"]], target


def _zero_gaps() -> tuple[Any, Any]:
    table, target = _gapped_classes()
    return table.fillna(-1.0), target


def _scaled(model: Any) -> Any:
    return pipeline.make_pipeline(preprocessing.StandardScaler(), model)


def _columns(encoder: Any, last: Any) -> Any:
    numbers = pipeline.make_pipeline(
        impute.SimpleImputer(add_indicator=True), preprocessing.StandardScaler()
    )
    texts = pipeline.make_pipeline(impute.SimpleImputer(strategy="most_frequent"), encoder)
    steps = compose.ColumnTransformer(
        [
            ("numbers", numbers, ["age", "income in CHF", "yrs married"]),
            ("texts", texts, ["town", "job"]),
        ],
        remainder="passthrough",
    )
    return pipeline.make_pipeline(steps, last)


def _missing_category(last: Any) -> Any:
    steps = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["town", "job"]),
        (preprocessing.OrdinalEncoder(), slice("owns", None)),
        (impute.SimpleImputer(strategy="constant", fill_value=-1.0), [2]),
        remainder="drop",
    )
    return pipeline.make_pipeline(steps, last)


def _logistic(**options: Any) -> Any:
    return linear_model.LogisticRegression(max_iter=5000, **options)


RARE = {"handle_unknown": "infrequent_if_exist", "min_frequency": 0.05, "sparse_output": False}
ORDINAL = {"handle_unknown": "use_encoded_value", "unknown_value": -1}

# name → (untrained model, what it is trained on)
MODELS: dict[str, tuple[Callable[[], Any], Callable[[], tuple[Any, Any]]]] = {
    "logistic": (lambda: _scaled(_logistic()), tables.tumours),
    "logistic_multinomial": (_logistic, tables.irises),
    "logistic_float32": (lambda: _scaled(_logistic()), _floats32),
    "logistic_booleans": (lambda: _scaled(_logistic()), _booleans),
    "logistic_integers": (lambda: _scaled(_logistic()), _integers),
    "logistic_array": (_logistic, _array),
    "logistic_search": (
        lambda: model_selection.GridSearchCV(_scaled(_logistic()), {}, cv=2),
        tables.wines,
    ),
    "linear": (linear_model.LinearRegression, tables.patients),
    "linear_two_targets": (linear_model.LinearRegression, _two_targets),
    "ridge": (lambda: _scaled(linear_model.Ridge()), tables.patients),
    "poisson": (lambda: _scaled(linear_model.PoissonRegressor()), tables.patients),
    "sgd": (lambda: _scaled(linear_model.SGDClassifier(random_state=0)), tables.wines),
    "sgd_log_loss": (
        lambda: _scaled(linear_model.SGDClassifier(loss="log_loss", random_state=0)),
        tables.wines,
    ),
    "linear_svc": (lambda: _scaled(svm.LinearSVC(random_state=0)), tables.tumours),
    "ridge_classifier": (lambda: _scaled(linear_model.RidgeClassifier()), tables.wines),
    "svc": (lambda: _scaled(svm.SVC()), tables.tumours),
    "svc_multi": (lambda: _scaled(svm.SVC(kernel="poly")), tables.wines),
    "svc_ten_classes": (lambda: svm.SVC(C=5.0), tables.digits),
    "svc_linear_ovo": (
        lambda: _scaled(svm.SVC(kernel="linear", decision_function_shape="ovo")),
        tables.wines,
    ),
    "nu_svc": (lambda: _scaled(svm.NuSVC(kernel="sigmoid", nu=0.2)), tables.irises),
    "svr": (lambda: _scaled(svm.SVR(C=50.0)), tables.patients),
    "one_class": (lambda: _scaled(svm.OneClassSVM(nu=0.1)), lambda: (tables.wines()[0], None)),
    "tree": (lambda: tree.DecisionTreeClassifier(random_state=0), tables.tumours),
    "tree_stump": (lambda: tree.DecisionTreeRegressor(max_depth=1), tables.patients),
    "forest": (
        lambda: ensemble.RandomForestClassifier(20, random_state=0),
        tables.tumours,
    ),
    "forest_multi": (
        lambda: ensemble.RandomForestClassifier(12, max_depth=4, random_state=0),
        tables.wines,
    ),
    "forest_scaled": (
        lambda: _scaled(ensemble.RandomForestClassifier(20, random_state=0)),
        tables.tumours,
    ),
    "forest_scaled_float32": (
        lambda: _scaled(ensemble.RandomForestClassifier(20, random_state=0)),
        _floats32,
    ),
    "forest_gapped": (
        lambda: ensemble.RandomForestClassifier(20, max_depth=6, random_state=0),
        _gapped_classes,
    ),
    "forest_regressor": (
        lambda: ensemble.RandomForestRegressor(15, random_state=0),
        tables.patients,
    ),
    "forest_two_targets": (
        lambda: ensemble.RandomForestRegressor(10, max_depth=5, random_state=0),
        _two_targets,
    ),
    "extra_trees": (lambda: ensemble.ExtraTreesClassifier(15, random_state=0), tables.wines),
    "boosting": (
        lambda: ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0),
        tables.tumours,
    ),
    "boosting_multi": (
        lambda: ensemble.GradientBoostingClassifier(n_estimators=10, random_state=0),
        tables.irises,
    ),
    "boosting_exponential": (
        lambda: ensemble.GradientBoostingClassifier(
            n_estimators=10, loss="exponential", random_state=0
        ),
        tables.tumours,
    ),
    "boosting_regressor": (
        lambda: ensemble.GradientBoostingRegressor(n_estimators=30, random_state=0),
        tables.patients,
    ),
    "hist_boosting": (
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=20, random_state=0),
        tables.tumours,
    ),
    "hist_boosting_multi": (
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=10, random_state=0),
        tables.wines,
    ),
    "hist_boosting_gapped": (
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=30, random_state=0),
        tables.gapped_patients,
    ),
    "hist_boosting_poisson": (
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=20, loss="poisson"),
        tables.patients,
    ),
    "isolation": (
        lambda: ensemble.IsolationForest(n_estimators=20, random_state=0),
        lambda: (tables.wines()[0], None),
    ),
    "bayes": (naive_bayes.GaussianNB, tables.irises),
    "perceptrons": (
        lambda: _scaled(neural_network.MLPClassifier((20,), max_iter=300, random_state=0)),
        tables.wines,
    ),
    "perceptrons_binary": (
        lambda: _scaled(
            neural_network.MLPClassifier((8, 8), activation="tanh", max_iter=200, random_state=0)
        ),
        tables.tumours,
    ),
    "perceptrons_regressor": (
        lambda: _scaled(
            neural_network.MLPRegressor(hidden_layer_sizes=(10,), max_iter=300, random_state=0)
        ),
        tables.patients,
    ),
    "k_means": (
        lambda: cluster.KMeans(4, n_init=2, random_state=0),
        lambda: (tables.wines()[0], None),
    ),
    "scalers": (
        lambda: pipeline.make_pipeline(
            preprocessing.RobustScaler(),
            preprocessing.MinMaxScaler(clip=True),
            preprocessing.MaxAbsScaler(),
            preprocessing.Normalizer(),
            _logistic(),
        ),
        tables.tumours,
    ),
    "projected": (
        lambda: _scaled(pipeline.make_pipeline(decomposition.PCA(5, whiten=True), _logistic())),
        tables.tumours,
    ),
    "projection_alone": (lambda: _scaled(decomposition.PCA(3)), tables.wines),
    "polynomial": (
        lambda: pipeline.make_pipeline(
            preprocessing.PolynomialFeatures(2),
            feature_selection.VarianceThreshold(1e-9),
            linear_model.Ridge(),
        ),
        tables.patients,
    ),
    "power": (
        lambda: pipeline.make_pipeline(preprocessing.PowerTransformer(), _logistic()),
        tables.tumours,
    ),
    "union": (
        lambda: pipeline.make_pipeline(
            pipeline.make_union(
                preprocessing.StandardScaler(),
                feature_selection.SelectKBest(k=3),
                "passthrough",
            ),
            _logistic(),
        ),
        tables.irises,
    ),
    "columns": (
        lambda: _columns(preprocessing.OneHotEncoder(handle_unknown="ignore"), _logistic()),
        tables.households,
    ),
    "columns_rare": (
        lambda: _columns(preprocessing.OneHotEncoder(drop="first", **RARE), _logistic()),
        tables.households,
    ),
    "columns_ordinal": (
        lambda: _columns(
            preprocessing.OrdinalEncoder(**ORDINAL),
            ensemble.RandomForestClassifier(10, max_depth=6, random_state=0),
        ),
        tables.households,
    ),
    "columns_target": (
        lambda: _columns(
            preprocessing.TargetEncoder(random_state=0),
            ensemble.HistGradientBoostingClassifier(max_iter=10),
        ),
        tables.households,
    ),
    "columns_missing": (lambda: _missing_category(_logistic()), tables.households),
    "columns_strict": (
        lambda: _columns(preprocessing.OneHotEncoder(), svm.LinearSVC()),
        tables.households,
    ),
    "columns_xgboost": (
        lambda: _columns(
            preprocessing.OrdinalEncoder(**ORDINAL), xgboost.XGBRegressor(n_estimators=10)
        ),
        _spending,
    ),
    "columns_lightgbm": (
        lambda: _columns(
            preprocessing.OneHotEncoder(**RARE),
            lightgbm.LGBMClassifier(n_estimators=10, verbose=-1),
        ),
        tables.households,
    ),
    "one_feature": (lambda: _scaled(_logistic()), _one_feature),
    "missing_code": (
        lambda: pipeline.make_pipeline(
            impute.SimpleImputer(missing_values=0.0, strategy="median"),
            xgboost.XGBClassifier(n_estimators=10, missing=-1.0),
        ),
        _zero_gaps,
    ),
    "voting": (
        lambda: ensemble.VotingClassifier(
            [
                ("linear", _scaled(_logistic())),
                ("forest", ensemble.RandomForestClassifier(10, random_state=0)),
            ],
            voting="soft",
            weights=[2, 1],
        ),
        tables.wines,
    ),
    "voting_regressor": (
        lambda: ensemble.VotingRegressor(
            [("ridge", linear_model.Ridge()), ("tree", tree.DecisionTreeRegressor(max_depth=4))]
        ),
        tables.patients,
    ),
    "calibrated": (
        lambda: calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2),
        tables.irises,
    ),
    "stacked": (
        lambda: ensemble.StackingRegressor(
            [("ridge", linear_model.Ridge()), ("linear", linear_model.LinearRegression())], cv=2
        ),
        tables.patients,
    ),
    "bagged": (
        lambda: ensemble.BaggingClassifier(
            naive_bayes.GaussianNB(), n_estimators=4, random_state=0
        ),
        tables.irises,
    ),
    "ada_boost": (
        lambda: ensemble.AdaBoostClassifier(n_estimators=10, random_state=0),
        tables.irises,
    ),
}

MAKERS: list[Make] = [_maker(name, *parts) for name, parts in MODELS.items()]
