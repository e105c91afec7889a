"""Spark ML's pipelines, trained and saved by MLflow in Spark's own environment.

`spark_builder.py FOLDER [NAME …]`, run by the environment's interpreter: MLflow itself comes from
the standard environment, whose packages are looked at last.
"""

# mypy: disable-error-code="misc,untyped-decorator"
from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Name → what gives the stages, and which columns the pipeline is signed with.
MODELS: dict[str, tuple[Callable[[], list[Any]], list[str]]] = {}
NUMBERS = ["age", "größe in cm", "children"]
GAPS = ["age", "größe in cm", "income"]
MIXED = ["age", "größe in cm", "children", "town", "vip"]
VECTOR = ["features"]


def model(
    columns: Sequence[str],
) -> Callable[[Callable[[], list[Any]]], Callable[[], list[Any]]]:
    """Register what gives a pipeline's stages, under its function's name."""

    def register(function: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
        MODELS[function.__name__] = (function, list(columns))
        return function

    return register


def table(count: int = 300) -> Any:
    """Numbers with and without gaps, text, flags, and targets of several kinds."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(17)
    towns = np.array(["Rome", "Oslo", "Bern", "São Paulo"], dtype=object)
    frame = pd.DataFrame(
        {
            "age": random.uniform(18, 80, count),
            "größe in cm": random.normal(170, 12, count),
            "children": random.integers(0, 5, count),
            "town": towns[random.integers(0, 4, count)],
            "vip": random.random(count) < 0.4,
        }
    )
    frame["income"] = np.where(random.random(count) < 0.1, np.nan, random.normal(3e4, 1e4, count))
    score = (frame["größe in cm"] - 170) / 12 + (frame["town"] == "Rome") + frame["vip"] - 1.0
    score += (frame["age"] - 50) / 30 + 0.3 * random.normal(size=count)
    frame["amount"] = 5.0 + score
    frame["bought"] = (score > 0).astype(float)
    frame["answer"] = np.where(score > 0, "yes", "no").astype(object)
    frame["kind"] = np.select([score < -0.7, score > 0.7], [0.0, 2.0], 1.0)
    frame["visits"] = random.poisson(np.exp(0.3 * score)).astype(float)
    frame["share"] = (random.random(count) < 1 / (1 + np.exp(-score))).astype(float)
    frame["positive"] = np.exp(0.3 * score) * random.gamma(2.0, 0.5, count) + 0.01
    frame["rounded"] = np.round(frame["age"], -1) / 4
    frame["censor"] = (random.random(count) < 0.8).astype(float)
    return frame


def assembled(columns: Sequence[str], **options: Any) -> Any:
    """A VectorAssembler of these columns into `features`."""
    from pyspark.ml.feature import VectorAssembler

    return VectorAssembler(inputCols=list(columns), outputCol="features", **options)


def mixed_features(invalid: str = "keep", one_hot: bool = True) -> list[Any]:
    """Text by its index, or a 1 of its own, beside numbers and a flag."""
    from pyspark.ml.feature import OneHotEncoder, StringIndexer

    stages: list[Any] = [StringIndexer(inputCol="town", outputCol="place", handleInvalid=invalid)]
    if one_hot:
        stages.append(OneHotEncoder(inputCols=["place"], outputCols=["places"]))
    town = "places" if one_hot else "place"
    columns = ["age", "größe in cm", "children", town, "vip"]
    return [*stages, assembled(columns, handleInvalid=invalid)]


@model(MIXED)
def logistic() -> list[Any]:
    """Two classes, encoded text, a threshold."""
    from pyspark.ml.classification import LogisticRegression

    return [*mixed_features(), LogisticRegression(labelCol="bought", threshold=0.4, maxIter=20)]


@model(MIXED)
def logistic_strict() -> list[Any]:
    """Two classes of text, indexed inside and text again at the end; unknown text is an error."""
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import IndexToString, StringIndexer

    return [
        StringIndexer(inputCol="answer", outputCol="indexed", stringOrderType="alphabetAsc"),
        *mixed_features("error"),
        LogisticRegression(labelCol="indexed", maxIter=20, thresholds=[0.3, 0.7]),
        IndexToString(inputCol="prediction", outputCol="answered", labels=["no", "yes"]),
    ]


@model(NUMBERS)
def logistic_several() -> list[Any]:
    """Three classes."""
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import StandardScaler

    return [
        assembled(NUMBERS, handleInvalid="keep"),
        StandardScaler(inputCol="features", outputCol="scaled", withMean=True),
        LogisticRegression(featuresCol="scaled", labelCol="kind", maxIter=20),
    ]


@model(MIXED)
def forest() -> list[Any]:
    """A forest of three classes, splitting by categories too."""
    from pyspark.ml.classification import RandomForestClassifier

    return [
        *mixed_features(one_hot=False),
        RandomForestClassifier(labelCol="kind", numTrees=8, maxDepth=4, seed=3),
    ]


@model(MIXED)
def boosted() -> list[Any]:
    """Boosted trees of two classes."""
    from pyspark.ml.classification import GBTClassifier

    return [*mixed_features(one_hot=False), GBTClassifier(labelCol="bought", maxIter=5, seed=3)]


@model(NUMBERS)
def tree() -> list[Any]:
    """One tree, with thresholds over its probabilities."""
    from pyspark.ml.classification import DecisionTreeClassifier

    grown = DecisionTreeClassifier(labelCol="kind", maxDepth=4)
    grown.set(grown.thresholds, [0.5, 0.2, 0.3])
    return [assembled(NUMBERS), grown]


@model(GAPS)
def forest_amount() -> list[Any]:
    """A forest's mean behind an imputer."""
    from pyspark.ml.feature import Imputer
    from pyspark.ml.regression import RandomForestRegressor

    return [
        Imputer(inputCols=["income"], outputCols=["earned"], strategy="median"),
        assembled(["age", "größe in cm", "earned"]),
        RandomForestRegressor(labelCol="amount", numTrees=7, maxDepth=4, seed=3),
    ]


@model(VECTOR)
def boosted_amount() -> list[Any]:
    """Boosted trees on a vector that the caller assembles."""
    from pyspark.ml.regression import GBTRegressor

    return [GBTRegressor(labelCol="amount", maxIter=5, seed=3)]


@model(NUMBERS)
def tree_amount() -> list[Any]:
    """One tree on buckets and flags."""
    from pyspark.ml.feature import Binarizer, Bucketizer
    from pyspark.ml.regression import DecisionTreeRegressor

    return [
        Bucketizer(
            splits=[float("-inf"), 30.0, 45.5, 60.0, float("inf")],
            inputCol="age",
            outputCol="aged",
            handleInvalid="keep",
        ),
        Binarizer(threshold=171.5, inputCol="größe in cm", outputCol="tall"),
        assembled(["aged", "tall", "children", "größe in cm"]),
        DecisionTreeRegressor(labelCol="amount", maxDepth=4),
    ]


@model(NUMBERS)
def linear() -> list[Any]:
    """A linear model with a sparse solution behind a min-max scaler."""
    from pyspark.ml.feature import MinMaxScaler
    from pyspark.ml.regression import LinearRegression

    return [
        assembled(NUMBERS),
        MinMaxScaler(inputCol="features", outputCol="scaled", min=-1.0, max=2.0),
        LinearRegression(
            featuresCol="scaled", labelCol="amount", elasticNetParam=1.0, regParam=0.2
        ),
    ]


# Name → family, link and target of one generalised linear model.
FAMILIES: dict[str, dict[str, Any]] = {
    "poisson": {"family": "poisson", "labelCol": "visits"},
    "probit": {"family": "binomial", "link": "probit", "labelCol": "share"},
    "cloglog": {"family": "binomial", "link": "cloglog", "labelCol": "share"},
    "logit": {"family": "binomial", "labelCol": "share"},
    "gamma": {"family": "gamma", "link": "log", "labelCol": "positive"},
    "tweedie": {"family": "tweedie", "variancePower": 1.5, "linkPower": 0.0},
    "gaussian": {"family": "gaussian", "link": "log", "labelCol": "positive"},
}


@model(NUMBERS)
def generalized() -> list[Any]:
    """Generalised linear models side by side, each with a column of its own."""
    from pyspark.ml.feature import StandardScaler
    from pyspark.ml.regression import GeneralizedLinearRegression

    return [
        assembled(NUMBERS),
        StandardScaler(inputCol="features", outputCol="scaled"),
        *(
            GeneralizedLinearRegression(
                featuresCol="scaled",
                predictionCol=name,
                maxIter=15,
                **{"labelCol": "positive", "linkPredictionCol": f"{name} eta", **options},
            )
            for name, options in FAMILIES.items()
        ),
    ]


@model(NUMBERS)
def svc() -> list[Any]:
    """A linear support vector machine behind a robust scaler."""
    from pyspark.ml.classification import LinearSVC
    from pyspark.ml.feature import RobustScaler

    return [
        assembled(NUMBERS),
        RobustScaler(inputCol="features", outputCol="scaled", withCentering=True),
        LinearSVC(featuresCol="scaled", labelCol="bought", maxIter=15),
    ]


@model(NUMBERS)
def gaussian_bayes() -> list[Any]:
    """Normal distributions a class."""
    from pyspark.ml.classification import NaiveBayes

    return [assembled(NUMBERS), NaiveBayes(labelCol="kind", modelType="gaussian")]


@model(MIXED)
def bayes() -> list[Any]:
    """Counts, flags and complements side by side, each with columns of its own."""
    from pyspark.ml.classification import NaiveBayes

    return [
        *mixed_features(),
        *(
            NaiveBayes(
                featuresCol="places",
                labelCol="kind",
                modelType=kind,
                predictionCol=kind,
                rawPredictionCol=f"{kind} raw",
                probabilityCol=f"{kind} shares",
            )
            for kind in ("multinomial", "bernoulli", "complement")
        ),
    ]


@model(NUMBERS)
def perceptron() -> list[Any]:
    """A network of one hidden layer."""
    from pyspark.ml.classification import MultilayerPerceptronClassifier
    from pyspark.ml.feature import StandardScaler

    return [
        assembled(NUMBERS),
        StandardScaler(inputCol="features", outputCol="scaled", withMean=True),
        MultilayerPerceptronClassifier(
            featuresCol="scaled", labelCol="kind", layers=[3, 5, 3], maxIter=20, seed=3
        ),
    ]


@model(NUMBERS)
def clusters() -> list[Any]:
    """Clusters by distance, by angle and by density, side by side."""
    from pyspark.ml.clustering import GaussianMixture, KMeans
    from pyspark.ml.feature import MaxAbsScaler

    return [
        assembled(NUMBERS),
        MaxAbsScaler(inputCol="features", outputCol="scaled"),
        KMeans(featuresCol="scaled", k=4, seed=3),
        KMeans(predictionCol="direction", k=3, seed=3, distanceMeasure="cosine"),
        assembled(NUMBERS[:2]).setOutputCol("two"),
        GaussianMixture(featuresCol="two", predictionCol="component", k=3, seed=3, maxIter=10),
    ]


@model(["age"])
def isotonic() -> list[Any]:
    """A line that only rises."""
    from pyspark.ml.regression import IsotonicRegression

    return [IsotonicRegression(featuresCol="age", labelCol="amount")]


@model(NUMBERS)
def rest() -> list[Any]:
    """One linear model a class."""
    from pyspark.ml.classification import LogisticRegression, OneVsRest

    return [
        assembled(NUMBERS),
        OneVsRest(labelCol="kind", classifier=LogisticRegression(maxIter=10)),
    ]


@model(NUMBERS)
def survival() -> list[Any]:
    """Survival times with quantiles."""
    from pyspark.ml.feature import StandardScaler
    from pyspark.ml.regression import AFTSurvivalRegression

    return [
        assembled(NUMBERS),
        StandardScaler(inputCol="features", outputCol="scaled"),
        AFTSurvivalRegression(
            featuresCol="scaled",
            labelCol="positive",
            censorCol="censor",
            quantilesCol="quantiles",
            quantileProbabilities=[0.1, 0.5, 0.9],
            maxIter=20,
        ),
    ]


@model(NUMBERS)
def expanded() -> list[Any]:
    """Products, components and lengths, one behind the other."""
    from pyspark.ml.feature import (
        PCA,
        ElementwiseProduct,
        Normalizer,
        PolynomialExpansion,
        VectorSlicer,
    )
    from pyspark.ml.linalg import Vectors
    from pyspark.ml.regression import LinearRegression

    return [
        assembled(NUMBERS),
        ElementwiseProduct(
            scalingVec=Vectors.dense([0.02, 0.005, 0.3]), inputCol="features", outputCol="weighed"
        ),
        PolynomialExpansion(degree=3, inputCol="weighed", outputCol="products"),
        Normalizer(p=2.0, inputCol="products", outputCol="short"),
        PCA(k=4, inputCol="short", outputCol="components"),
        VectorSlicer(inputCol="components", outputCol="some", indices=[3, 0, 1]),
        LinearRegression(featuresCol="some", labelCol="amount"),
    ]


@model(NUMBERS)
def searched() -> list[Any]:
    """The features that vary and tell most, and the best of a grid, found by cross-validation."""
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.evaluation import BinaryClassificationEvaluator
    from pyspark.ml.feature import UnivariateFeatureSelector, VarianceThresholdSelector
    from pyspark.ml.tuning import CrossValidator, ParamGridBuilder

    selector = UnivariateFeatureSelector(
        featuresCol="varied", outputCol="best", labelCol="bought", selectionMode="numTopFeatures"
    )
    selector.setFeatureType("continuous").setLabelType("categorical").setSelectionThreshold(2)
    inner = LogisticRegression(featuresCol="best", labelCol="bought", maxIter=5)
    grid = ParamGridBuilder().addGrid(inner.regParam, [0.0, 0.1]).build()
    judge = BinaryClassificationEvaluator(labelCol="bought")
    return [
        assembled(NUMBERS),
        VarianceThresholdSelector(
            featuresCol="features", outputCol="varied", varianceThreshold=0.5
        ),
        selector,
        CrossValidator(
            estimator=inner, estimatorParamMaps=grid, evaluator=judge, numFolds=2, seed=3
        ),
    ]


@model(["children", "town", "rounded"])
def indexed() -> list[Any]:
    """Whole numbers, text and doubles, each by its place among what was learned."""
    from pyspark.ml.feature import OneHotEncoder, StringIndexer
    from pyspark.ml.regression import LinearRegression

    columns = ["children", "town", "rounded"]
    places, ones = [f"{one} place" for one in columns], [f"{one} ones" for one in columns]
    return [
        StringIndexer(inputCols=columns, outputCols=places, handleInvalid="keep"),
        OneHotEncoder(inputCols=places, outputCols=ones, handleInvalid="keep", dropLast=False),
        assembled(ones),
        LinearRegression(labelCol="amount", elasticNetParam=0.5, regParam=0.1),
    ]


@model(NUMBERS)
def factorized() -> list[Any]:
    """Places of slots of few values, cosines, and factorization machines of both kinds."""
    from pyspark.ml.classification import FMClassifier
    from pyspark.ml.feature import DCT, VectorIndexer, VectorSizeHint
    from pyspark.ml.regression import FMRegressor

    return [
        assembled(NUMBERS),
        VectorSizeHint(inputCol="features", size=3),
        VectorIndexer(
            inputCol="features", outputCol="placed", maxCategories=6, handleInvalid="keep"
        ),
        DCT(inputCol="placed", outputCol="cosines", inverse=False),
        FMClassifier(featuresCol="placed", labelCol="bought", maxIter=3, seed=3, stepSize=0.01),
        FMRegressor(
            featuresCol="cosines",
            labelCol="amount",
            maxIter=3,
            seed=3,
            stepSize=0.01,
            predictionCol="sum",
        ),
    ]


@model(NUMBERS)
def statement() -> list[Any]:
    """A statement of SQL, which is not written."""
    from pyspark.ml.feature import SQLTransformer
    from pyspark.ml.regression import LinearRegression

    return [
        SQLTransformer(statement="SELECT *, sqrt(age) AS root FROM __THIS__"),
        assembled(["root"]),
        LinearRegression(labelCol="amount"),
    ]


def rows() -> Any:
    """The table as Spark's, with the numbers as a vector too."""
    from converters.sources.spark import table_of

    return assembled(NUMBERS).transform(table_of(table()))


def main(arguments: Sequence[str]) -> None:
    """Train and save the named models, or all, in one session."""
    sys.path.append(os.environ["STANDARD_PACKAGES"])
    warnings.simplefilter("ignore")
    import mlflow.spark
    from mlflow.models import infer_signature
    from pyspark.ml import Pipeline

    from converters.sources import spark_session

    folder, names = Path(arguments[0]), arguments[1:] or list(MODELS)
    # Some stages save themselves by Spark's Python workers, which a converting child never starts.
    spark_session.session().sparkContext.pythonExec = sys.executable
    whole = rows()
    frame = table()
    for name in names:
        stages, columns = MODELS[name]
        training = whole.drop("features") if columns != VECTOR else whole
        fitted = Pipeline(stages=stages()).fit(training)
        plain = columns != VECTOR
        mlflow.spark.save_model(
            fitted,
            str(folder / name),
            signature=infer_signature(frame[columns] if plain else whole.select(columns)),
            pip_requirements=["pyspark"],
        )


if __name__ == "__main__":
    main(sys.argv[1:])
