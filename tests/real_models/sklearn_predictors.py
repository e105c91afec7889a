"""Trained predictors and meta-estimators of scikit-learn, each saved as a real MLflow folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import (
    calibration,
    cluster,
    covariance,
    cross_decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    gaussian_process,
    isotonic,
    kernel_ridge,
    linear_model,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    semi_supervised,
    svm,
    tree,
)
from sklearn.gaussian_process import kernels

from tests.real_models import tables
from tests.real_models.sklearn_models import Make, _maker

Data = Callable[[], tuple[Any, Any]]


def _scaled(model: Any) -> Any:
    return pipeline.make_pipeline(preprocessing.StandardScaler(), model)


def _logistic(**options: Any) -> Any:
    return linear_model.LogisticRegression(max_iter=5000, **options)


def _few() -> tuple[Any, Any]:
    """Six of the tumours' columns, labels that are text."""
    table, target = tables.tumours()
    return table.iloc[:200, :6], target[:200].map({0: "malin", 1: "bénin"})


def _named() -> tuple[Any, Any]:
    table, target = tables.irises()
    return table, np.array(["setosa", "versicolor", "virginica"])[target]


def _alone() -> tuple[Any, Any]:
    return tables.wines()[0], None


def _numbers() -> tuple[Any, Any]:
    table, target = tables.patients()
    return table.iloc[:150], target[:150]


def _two_numbers() -> tuple[Any, Any]:
    table, target = _numbers()
    return table, np.column_stack([target, np.sqrt(target)])


def _one_column() -> tuple[Any, Any]:
    table, target = tables.patients()
    return table[["bmi"]], target


def _two_labels() -> tuple[Any, Any]:
    table, target = tables.irises()
    wide = np.where(table.iloc[:, 0] > 5.8, "wide", "slim")
    return table, np.column_stack([np.array(["a", "b", "c"])[target], wide])


def _flags() -> tuple[Any, Any]:
    table, target = tables.irises()
    return table, np.column_stack([target == 0, target > 0, table.iloc[:, 0] > 5.8]).astype(int)


def _half_known() -> tuple[Any, Any]:
    table, target = tables.irises()
    return table, np.where(np.arange(len(target)) % 2, target, -1)


def _counts() -> tuple[Any, Any]:
    table, target = tables.irises()
    return (table * 3).round(), target


def _pair() -> list[tuple[str, Any]]:
    return [("linear", _scaled(_logistic())), ("bayes", naive_bayes.GaussianNB())]


def _three() -> list[tuple[str, Any]]:
    return [*_pair(), ("margin", svm.LinearSVC())]


def _calibrated(method: str, inner: Any, **options: Any) -> Any:
    return calibration.CalibratedClassifierCV(inner, method=method, cv=2, **options)


# name → (untrained model, what it is trained on)
MODELS: dict[str, tuple[Callable[[], Any], Data]] = {
    "nearest": (neighbors.KNeighborsClassifier, _named),
    "nearest_weighted": (lambda: neighbors.KNeighborsClassifier(7, weights="distance"), _few),
    "nearest_brute": (lambda: _scaled(neighbors.KNeighborsClassifier()), tables.tumours),
    "nearest_two_labels": (lambda: neighbors.KNeighborsClassifier(3), _two_labels),
    "nearest_manhattan": (
        lambda: neighbors.KNeighborsRegressor(4, metric="manhattan", weights="distance"),
        _numbers,
    ),
    "nearest_cosine": (lambda: neighbors.KNeighborsRegressor(metric="cosine"), _two_numbers),
    "radius": (
        lambda: neighbors.RadiusNeighborsClassifier(1.0, outlier_label="none"),
        _named,
    ),
    "radius_regressor": (
        lambda: neighbors.RadiusNeighborsRegressor(0.15, weights="distance"),
        _numbers,
    ),
    "centroid": (lambda: neighbors.NearestCentroid(shrink_threshold=0.1), _named),
    "outlier_factor": (lambda: neighbors.LocalOutlierFactor(novelty=True), _alone),
    "stack": (lambda: ensemble.StackingClassifier(_three(), cv=2), _named),
    "stack_passing": (
        lambda: ensemble.StackingClassifier(_pair(), passthrough=True, cv=2),
        _few,
    ),
    "stack_labels": (
        lambda: ensemble.StackingClassifier(_three(), stack_method="predict", cv=2),
        _named,
    ),
    "vote_hard": (lambda: ensemble.VotingClassifier(_three(), weights=[1, 2, 1.5]), _named),
    "calibrated_isotonic": (lambda: _calibrated("isotonic", svm.LinearSVC()), _named),
    "calibrated_isotonic_two": (
        lambda: _calibrated("isotonic", naive_bayes.GaussianNB(), ensemble=False),
        _few,
    ),
    "calibrated_temperature": (lambda: _calibrated("temperature", svm.LinearSVC()), _named),
    "isotonic": (lambda: isotonic.IsotonicRegression(out_of_bounds="clip"), _one_column),
    "isotonic_nan": (isotonic.IsotonicRegression, _one_column),
    "threshold": (
        lambda: model_selection.FixedThresholdClassifier(
            _scaled(_logistic()), threshold=0.3, pos_label="malin"
        ),
        _few,
    ),
    "threshold_tuned": (
        lambda: model_selection.TunedThresholdClassifierCV(_scaled(_logistic()), cv=2),
        tables.tumours,
    ),
    "rest": (lambda: multiclass.OneVsRestClassifier(_logistic()), _named),
    "rest_flags": (lambda: multiclass.OneVsRestClassifier(_logistic()), _flags),
    "pairs": (lambda: multiclass.OneVsOneClassifier(svm.LinearSVC()), _named),
    "codes": (
        lambda: multiclass.OutputCodeClassifier(_logistic(), code_size=3, random_state=0),
        _named,
    ),
    "several": (lambda: multioutput.MultiOutputClassifier(_logistic()), _two_labels),
    "several_numbers": (
        lambda: multioutput.MultiOutputRegressor(linear_model.Ridge()),
        _two_numbers,
    ),
    "chain": (
        lambda: multioutput.ClassifierChain(
            _logistic(), order=[2, 0, 1], chain_method="predict_proba"
        ),
        _flags,
    ),
    "chain_numbers": (
        lambda: multioutput.RegressorChain(linear_model.Ridge(), order=[1, 0]),
        _two_numbers,
    ),
    "dummy": (dummy.DummyClassifier, _named),
    "dummy_median": (lambda: dummy.DummyRegressor(strategy="median"), _two_numbers),
    "process": (
        lambda: gaussian_process.GaussianProcessRegressor(
            1.0 * kernels.Matern(nu=1.5) + kernels.WhiteKernel(), normalize_y=True
        ),
        _numbers,
    ),
    "process_classifier": (
        lambda: _scaled(gaussian_process.GaussianProcessClassifier(1.0 * kernels.RBF())),
        _few,
    ),
    "process_three": (
        lambda: gaussian_process.GaussianProcessClassifier(1.0 * kernels.RBF()),
        _named,
    ),
    "kernel_ridge": (
        lambda: kernel_ridge.KernelRidge(kernel="laplacian", alpha=0.5),
        _two_numbers,
    ),
    "propagation": (semi_supervised.LabelPropagation, _half_known),
    "spreading": (lambda: semi_supervised.LabelSpreading(kernel="knn"), _half_known),
    "self_training": (
        lambda: semi_supervised.SelfTrainingClassifier(_logistic()),
        _half_known,
    ),
    "quadratic": (discriminant_analysis.QuadraticDiscriminantAnalysis, _named),
    "linear_discriminant": (
        lambda: discriminant_analysis.LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1),
        _named,
    ),
    "mixture": (lambda: mixture.GaussianMixture(3, random_state=0), _alone),
    "mixture_bayesian": (
        lambda: mixture.BayesianGaussianMixture(
            n_components=3, covariance_type="diag", random_state=0
        ),
        _alone,
    ),
    "envelope": (lambda: covariance.EllipticEnvelope(random_state=0), _alone),
    "one_class_linear": (
        lambda: _scaled(linear_model.SGDOneClassSVM(random_state=0)),
        _alone,
    ),
    "birch": (lambda: cluster.Birch(n_clusters=3), _alone),
    "bisecting": (lambda: cluster.BisectingKMeans(4, random_state=0), _alone),
    "affinity": (lambda: cluster.AffinityPropagation(random_state=0), _alone),
    "shift": (cluster.MeanShift, _alone),
    "least_squares": (lambda: cross_decomposition.PLSRegression(2), _two_numbers),
    "consensus": (lambda: linear_model.RANSACRegressor(random_state=0), _numbers),
    "huber_loss": (
        lambda: _scaled(linear_model.SGDClassifier(loss="modified_huber", random_state=0)),
        _named,
    ),
    "ridge_flags": (linear_model.RidgeClassifier, _flags),
    "tasks": (linear_model.MultiTaskLassoCV, _two_numbers),
    "perceptrons_flags": (
        lambda: _scaled(neural_network.MLPClassifier((6,), max_iter=200, random_state=0)),
        _flags,
    ),
    "categories_counted": (lambda: naive_bayes.CategoricalNB(min_categories=40), _counts),
    "complement": (naive_bayes.ComplementNB, _counts),
    "trees_against_rest": (
        lambda: multiclass.OneVsRestClassifier(tree.DecisionTreeClassifier(max_depth=4)),
        _named,
    ),
}

PREDICTORS: list[Make] = [_maker(name, *parts) for name, parts in MODELS.items()]
