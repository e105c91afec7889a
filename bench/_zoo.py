"""Every estimator that scikit-learn ships, fitted on a small table that suits it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import sklearn.experimental.enable_halving_search_cv
import sklearn.experimental.enable_iterative_imputer  # noqa: F401 - both make estimators known
from sklearn import datasets, ensemble, linear_model, pipeline, preprocessing, tree
from sklearn.base import RegressorMixin
from sklearn.utils import all_estimators

# What answers for new rows in some way; the others only describe the rows they were fitted on.
ANSWERS = ("predict", "transform")
# Fitted on targets, dictionaries, pictures or kernels rather than on a table of features.
NO_TABLE = frozenset(
    {
        *("LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer", "DictVectorizer"),
        *("FeatureHasher", "PatchExtractor", "KernelCenterer"),
    }
)
TEXTS = frozenset({"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"})
WORDS = frozenset({"OneHotEncoder", "OrdinalEncoder", "TargetEncoder"})
SMALL_COUNTS = frozenset(
    {
        *("CategoricalNB", "MultinomialNB", "ComplementNB", "TfidfTransformer", "NMF"),
        *("MiniBatchNMF", "LatentDirichletAllocation", "AdditiveChi2Sampler", "SkewedChi2Sampler"),
    }
)
GAPS = frozenset({"SimpleImputer", "KNNImputer", "IterativeImputer", "MissingIndicator"})
SEVERAL_NUMBERS = frozenset(
    {
        *("MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"),
        *("MultiOutputRegressor", "RegressorChain", "CCA", "PLSCanonical", "PLSRegression"),
        "PLSSVD",
    }
)
SEVERAL_LABELS = frozenset({"MultiOutputClassifier", "ClassifierChain"})
POSITIVE_TARGET = frozenset({"GammaRegressor", "PoissonRegressor", "TweedieRegressor"})
TWO_CLASSES = frozenset({"FixedThresholdClassifier", "TunedThresholdClassifierCV"})


@dataclass(frozen=True)
class Fitted:
    """One fitted estimator and the table that it was fitted on."""

    name: str
    model: Any
    table: Any


def names() -> list[str]:
    """All estimators' names, in their order."""
    return [name for name, _ in all_estimators()]


def fitted(name: str) -> Fitted | None:
    """The estimator of this name, fitted; None where it takes no table or answers no new row."""
    kind = dict(all_estimators())[name]
    if name in NO_TABLE:
        return None
    table, target = _data(name, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _made(name, kind)
        model = model.fit(table, target) if target is not None else model.fit(table)
    return Fitted(name, model, table) if any(hasattr(model, how) for how in ANSWERS) else None


def _wines() -> tuple[pd.DataFrame, Any]:
    table, target = datasets.load_wine(return_X_y=True, as_frame=True)
    return table, target.to_numpy()


def _patients() -> tuple[pd.DataFrame, Any]:
    table, target = datasets.load_diabetes(return_X_y=True, as_frame=True)
    return table[:300], target.to_numpy()[:300]


def _data(name: str, kind: type) -> tuple[Any, Any]:
    if name in TEXTS:
        return _texts(), None
    if name in WORDS:
        return _words()
    wines, classes = _wines()
    if name in SMALL_COUNTS:
        return wines[["alcohol", "malic_acid", "ash", "hue"]].round().astype(int), classes
    if name in GAPS:
        random = np.random.default_rng(5)
        return wines.mask(random.random(wines.shape) < 0.1), None
    if name == "IsotonicRegression":
        patients, target = _patients()
        return patients[["bmi"]], target
    if name in SEVERAL_NUMBERS:
        patients, target = _patients()
        return patients, np.column_stack([target, -target + 5 * patients["bmi"]])
    if name in SEVERAL_LABELS:
        return wines, np.column_stack([classes == 0, wines["ash"] > 2.3]).astype(int)
    if name in TWO_CLASSES:
        return wines, (classes == 1).astype(int)
    regression = issubclass(kind, RegressorMixin) or name == "TransformedTargetRegressor"
    if regression:
        patients, target = _patients()
        return patients, np.abs(target) + 1 if name in POSITIVE_TARGET else target
    return wines, classes


def _texts() -> Any:
    from sklearn.datasets import load_iris

    kinds = load_iris().target_names
    random = np.random.default_rng(6)
    words = [*kinds, "The", "old", "Tree", "fell", "and", "not", "one", "leaf", "2024", "x"]
    return np.array([" ".join(random.choice(words, 9)) for _ in range(120)], dtype=object)


def _words() -> tuple[pd.DataFrame, Any]:
    random = np.random.default_rng(8)
    table = pd.DataFrame(
        {
            "town": random.choice(["Bern", "Genève", "Zürich"], 200),
            "job": random.choice(["clerk", "nurse", "smith", "baker"], 200),
        }
    ).astype(object)
    return table, (random.random(200) < 0.4).astype(int)


def _two() -> list[tuple[str, Any]]:
    return [
        ("line", _scaled_line()),
        ("tree", tree.DecisionTreeClassifier(max_depth=3, random_state=0)),
    ]


def _two_numbers() -> list[tuple[str, Any]]:
    return [
        ("line", linear_model.Ridge()),
        ("tree", tree.DecisionTreeRegressor(max_depth=3, random_state=0)),
    ]


def _scaled_line() -> Any:
    return pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(max_iter=500)
    )


def _columns() -> list[tuple[str, Any, Any]]:
    return [
        ("scaled", preprocessing.StandardScaler(), ["alcohol", "ash"]),
        ("ranged", preprocessing.MinMaxScaler(), ["hue"]),
    ]


# Constructors that need arguments, or whose defaults take minutes or do not fit the table.
MADE: dict[str, Callable[[type], Any]] = {
    **dict.fromkeys(
        (
            *("ClassifierChain", "MultiOutputClassifier", "OneVsOneClassifier"),
            *("OneVsRestClassifier", "OutputCodeClassifier"),
            *("FixedThresholdClassifier", "TunedThresholdClassifierCV"),
        ),
        lambda kind: kind(linear_model.LogisticRegression(solver="liblinear")),
    ),
    **dict.fromkeys(
        ("RFE", "RFECV", "SelectFromModel"),
        lambda kind: kind(tree.DecisionTreeClassifier(max_depth=4, random_state=0)),
    ),
    "LogisticRegressionCV": lambda kind: kind(Cs=2, cv=3, max_iter=300),
    "DictionaryLearning": lambda kind: kind(4, max_iter=20),
    "MiniBatchDictionaryLearning": lambda kind: kind(4, max_iter=20),
    "SelfTrainingClassifier": lambda kind: kind(_scaled_line()),
    "CalibratedClassifierCV": lambda kind: kind(_scaled_line()),
    "SequentialFeatureSelector": lambda kind: kind(
        tree.DecisionTreeClassifier(max_depth=2, random_state=0), n_features_to_select=3
    ),
    **dict.fromkeys(
        ("MultiOutputRegressor", "RegressorChain", "TransformedTargetRegressor"),
        lambda kind: kind(linear_model.Ridge()),
    ),
    "StackingClassifier": lambda kind: kind(_two()),
    "VotingClassifier": lambda kind: kind(_two(), voting="soft"),
    "StackingRegressor": lambda kind: kind(_two_numbers()),
    "VotingRegressor": lambda kind: kind(_two_numbers()),
    "GridSearchCV": lambda kind: kind(
        tree.DecisionTreeClassifier(random_state=0), {"max_depth": [2, 4]}
    ),
    "HalvingGridSearchCV": lambda kind: kind(
        tree.DecisionTreeClassifier(random_state=0), {"max_depth": [2, 4]}
    ),
    "RandomizedSearchCV": lambda kind: kind(
        tree.DecisionTreeClassifier(random_state=0), {"max_depth": [2, 4]}, n_iter=2
    ),
    "HalvingRandomSearchCV": lambda kind: kind(
        tree.DecisionTreeClassifier(random_state=0), {"max_depth": [2, 4]}
    ),
    "ColumnTransformer": lambda kind: kind(_columns(), remainder="passthrough"),
    "FeatureUnion": lambda kind: kind([(name, step) for name, step, _ in _columns()]),
    "Pipeline": lambda kind: kind([("scaled", preprocessing.StandardScaler()), _two()[1]]),
    "FrozenEstimator": lambda kind: kind(
        tree.DecisionTreeClassifier(max_depth=4, random_state=0).fit(*_wines())
    ),
    "SparseCoder": lambda kind: kind(np.eye(13)[:6]),
    "LocalOutlierFactor": lambda kind: kind(novelty=True),
    "RadiusNeighborsClassifier": lambda kind: kind(radius=400.0),
    "RadiusNeighborsRegressor": lambda kind: kind(radius=1.0),
    "QuantileTransformer": lambda kind: kind(n_quantiles=50),
    "PLSSVD": lambda kind: kind(1),
    "SelectKBest": lambda kind: kind(k=4),
    "GaussianRandomProjection": lambda kind: kind(n_components=4),
    "SparseRandomProjection": lambda kind: kind(n_components=4),
    "RandomForestClassifier": lambda kind: kind(30, random_state=0),
    "RandomForestRegressor": lambda kind: kind(30, random_state=0),
    "ExtraTreesClassifier": lambda kind: kind(30, random_state=0),
    "ExtraTreesRegressor": lambda kind: kind(30, random_state=0),
    "RandomTreesEmbedding": lambda kind: kind(8, max_depth=3, random_state=0),
    "BaggingClassifier": lambda kind: kind(ensemble.ExtraTreesClassifier(5, random_state=0), 4),
    "MLPClassifier": lambda kind: kind(hidden_layer_sizes=(16,), max_iter=200, random_state=0),
    "MLPRegressor": lambda kind: kind(hidden_layer_sizes=(16,), max_iter=200, random_state=0),
}


def _made(name: str, kind: type) -> Any:
    return MADE[name](kind) if name in MADE else kind()
