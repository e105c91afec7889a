"""H2O's models, trained and saved by MLflow in H2O's own environment.

`h2o_builder.py FOLDER [NAME …]`, run by the environment's interpreter: MLflow itself comes from the
standard environment, whose packages are looked at last.
"""

# mypy: disable-error-code="misc,untyped-decorator"
from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MODELS: dict[str, Callable[[Any], Any]] = {}
# The columns of a model's signature, where they are not COLUMNS.
SIGNED: dict[str, list[str]] = {}
COLUMNS = ["age", "größe", "children", "town", "code", "vip"]
TYPES = {
    **{"age": "real", "größe": "real", "children": "real", "town": "enum", "code": "enum"},
    **{"vip": "enum", "place": "enum"},
    **{"count": "real", "grade": "enum"},
    **{"weight": "real", "bought": "enum", "kind": "enum", "amount": "real"},
}


def model(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Register what gives a trained model, under its function's name."""
    MODELS[function.__name__] = function
    return function


def table(count: int = 400) -> Any:
    """Numbers with gaps, text, whole numbers that stand for levels, and targets of each kind."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(3)
    towns = np.array(["Rome", "Oslo", "Bern", "São Paulo"], dtype=object)
    frame = pd.DataFrame(
        {
            "age": np.where(random.random(count) < 0.1, np.nan, random.uniform(18, 80, count)),
            "größe": random.normal(170, 12, count),
            "children": random.integers(0, 5, count),
            "town": towns[random.integers(0, 4, count)],
            "code": random.integers(1, 9, count),
            "vip": random.random(count) < 0.4,
        }
    )
    score = (
        (frame["größe"] - 170) / 12 + (frame["town"] == "Rome") - (frame["code"] > 5) + frame["vip"]
    )
    frame["weight"] = random.uniform(0.5, 2.0, count)
    frame["amount"] = score + frame["age"].fillna(50) / 20 + 0.1 * random.normal(size=count)
    frame["bought"] = np.where(score > 0, "yes", "no")
    # More levels than a small bit set holds, some of them as text that begins alike.
    frame["place"] = np.array([f"p{i:02d}" for i in range(60)], object)[
        random.integers(0, 60, count)
    ]
    frame["mood"] = np.where(random.random(count) < 0.3, None, frame["town"])
    frame["count"] = random.poisson(np.exp(0.3 * score)).astype(float)
    frame["grade"] = np.select([score < -1, score < 0, score < 1], ["1", "2", "3"], "4")
    frame["kind"] = np.select([score < -0.7, score > 0.7], ["low", "high"], "mid")
    return frame


def _trained(
    name: str, estimator: str, target: str, columns: Sequence[str] = COLUMNS, **options: Any
) -> None:
    def make(rows: Any) -> Any:
        import h2o.estimators

        made = getattr(h2o.estimators, estimator)(seed=1, **options)
        made.train(x=list(columns), y=target, training_frame=rows)
        return made

    MODELS[name] = make
    SIGNED[name] = list(columns)


TREES: dict[str, Any] = {"ntrees": 8, "max_depth": 4}
_trained("gbm", "H2OGradientBoostingEstimator", "bought", **TREES)
_trained("gbm_kinds", "H2OGradientBoostingEstimator", "kind", **TREES)
_trained("gbm_amount", "H2OGradientBoostingEstimator", "amount", **TREES)
_trained("forest", "H2ORandomForestEstimator", "kind", **TREES)
_trained("forest_amount", "H2ORandomForestEstimator", "amount", **TREES)
_trained("linear", "H2OGeneralizedLinearEstimator", "amount", family="gaussian")
_trained("logistic", "H2OGeneralizedLinearEstimator", "bought", family="binomial", lambda_=0.01)
_trained("several", "H2OGeneralizedLinearEstimator", "kind", family="multinomial")
_trained("network", "H2ODeepLearningEstimator", "bought", hidden=[8], epochs=3, reproducible=True)
BOOSTING, LINEAR = "H2OGradientBoostingEstimator", "H2OGeneralizedLinearEstimator"
for _family in ("poisson", "tweedie", "laplace", "quantile", "huber"):
    _trained(f"gbm_{_family}", BOOSTING, "count", distribution=_family, **TREES)
_trained("gbm_gamma", BOOSTING, "weight", distribution="gamma", **TREES)
_trained("gbm_balanced", BOOSTING, "kind", balance_classes=True, **TREES)
_trained("gbm_places", BOOSTING, "bought", ["place", "town", "age"], ntrees=20, max_depth=8)
_trained("gbm_gaps", BOOSTING, "bought", ["mood", "age"], **TREES)
_trained("gbm_ranges", BOOSTING, "bought", ["place", "town"], nbins_cats=4, ntrees=9)
_trained("gbm_narrow", BOOSTING, "amount", ["age"], ntrees=30, max_depth=9, min_rows=1)
_trained("gbm_encoded", BOOSTING, "bought", categorical_encoding="one_hot_explicit", **TREES)
_trained("forest_two", "H2ORandomForestEstimator", "bought", **TREES)
_trained("forest_double", "H2ORandomForestEstimator", "bought", binomial_double_trees=True, **TREES)
_trained("forest_extreme", "H2ORandomForestEstimator", "bought", histogram_type="Random", **TREES)
_trained("forest_balanced", "H2ORandomForestEstimator", "bought", balance_classes=True, **TREES)
_trained("counted", LINEAR, "count", family="poisson")
_trained("counted_more", LINEAR, "count", family="negativebinomial", theta=0.5, link="log")
_trained("gamma", LINEAR, "weight", family="gamma", link="inverse")
_trained("tweedie", LINEAR, "count", family="tweedie", tweedie_variance_power=1.5)
_trained("ordered", LINEAR, "grade", family="ordinal")
_trained("skipping", LINEAR, "amount", missing_values_handling="Skip")
_trained("based", LINEAR, "bought", family="binomial", lambda_=0, remove_collinear_columns=True)
_trained("numbers", LINEAR, "amount", ["age", "größe"], standardize=False)
_trained("paired", LINEAR, "amount", interactions=["town", "age"])
_trained(
    "network_kinds",
    "H2ODeepLearningEstimator",
    "kind",
    hidden=[6, 5],
    epochs=3,
    activation="Tanh",
    reproducible=True,
)
_trained(
    "network_amount",
    "H2ODeepLearningEstimator",
    "amount",
    hidden=[5],
    epochs=3,
    activation="Maxout",
    reproducible=True,
)
_trained("weighted", "H2OGradientBoostingEstimator", "amount", weights_column="weight", **TREES)
_trained("offset", "H2OGeneralizedLinearEstimator", "amount", offset_column="weight")
_trained("bayes", "H2ONaiveBayesEstimator", "bought")


@model
def clusters(rows: Any) -> Any:
    """Clusters of numbers."""
    from h2o.estimators import H2OKMeansEstimator

    made = H2OKMeansEstimator(k=3, seed=1)
    made.train(x=["age", "größe", "children"], training_frame=rows)
    return made


@model
def clusters_plain(rows: Any) -> Any:
    """Clusters of numbers as they are, whose means the model does not keep."""
    from h2o.estimators import H2OKMeansEstimator

    made = H2OKMeansEstimator(k=3, seed=1, standardize=False)
    made.train(x=["age", "größe", "children"], training_frame=rows)
    return made


@model
def clusters_levels(rows: Any) -> Any:
    """Clusters of levels beside numbers, as they are."""
    from h2o.estimators import H2OKMeansEstimator

    made = H2OKMeansEstimator(k=4, seed=1, standardize=False)
    made.train(x=["age", "größe", "town", "vip"], training_frame=rows)
    return made


@model
def clusters_scaled(rows: Any) -> Any:
    """Clusters of levels beside numbers that are brought to one scale."""
    from h2o.estimators import H2OKMeansEstimator

    made = H2OKMeansEstimator(k=3, seed=1)
    made.train(x=["age", "größe", "town", "code"], training_frame=rows)
    return made


@model
def anomalies(rows: Any) -> Any:
    """Rows that are few and different."""
    from h2o.estimators import H2OIsolationForestEstimator

    made = H2OIsolationForestEstimator(ntrees=9, sample_size=64, seed=1)
    made.train(x=COLUMNS, training_frame=rows)
    return made


def main(arguments: Sequence[str]) -> None:
    """Train and save the named models, or all, in one server."""
    sys.path.append(os.environ["STANDARD_PACKAGES"])
    warnings.simplefilter("ignore")
    import mlflow.h2o
    from mlflow.models import infer_signature

    from converters.sources import h2o_server

    folder, names = Path(arguments[0]), arguments[1:] or list(MODELS)
    h2o = h2o_server.connected()
    frame = table()
    rows = h2o.H2OFrame(frame, column_types=TYPES)
    for name in names:
        mlflow.h2o.save_model(
            MODELS[name](rows),
            str(folder / name),
            signature=infer_signature(frame[SIGNED.get(name, COLUMNS)]),
            input_example=frame[SIGNED.get(name, COLUMNS)][:5],
            pip_requirements=["h2o"],
        )


if __name__ == "__main__":
    main(sys.argv[1:])
