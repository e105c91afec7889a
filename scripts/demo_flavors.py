"""The demo's models of further kinds: CatBoost, an ONNX file, a wrapper, texts, own categories."""

from __future__ import annotations

import warnings
from typing import Any

from scripts.demo_tables import Split, complaints, loans, shipped


def _trained(
    flavor: str,
    model: Any,
    rows: Split,
    answers: Any,
    metrics: dict[str, float],
    example: Any = None,
) -> Any:
    from scripts.demo_models import Trained

    shown = rows.x_test[:5] if example is None else example
    return Trained(flavor, model, shown, rows.x_train, answers, metrics)


def loan_catboost(trees: int, depth: int) -> Any:
    """Numbers with gaps and words as they are: CatBoost makes its own of both."""
    import pandas as pd
    from catboost import CatBoostClassifier

    rows = loans()
    words = ["Beschäftigung", "home"]
    x_train, x_test = (x.fillna(dict.fromkeys(words, "?")) for x in (rows.x_train, rows.x_test))
    model = CatBoostClassifier(
        iterations=trees,
        depth=depth,
        cat_features=words,
        one_hot_max_size=10,
        thread_count=1,
        random_seed=0,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(x_train, rows.y_train)
    filled = Split(x_train, x_test, rows.y_train, rows.y_test)
    metrics = {"accuracy": float(model.score(x_test, rows.y_test))}
    # CatBoost's file keeps hashes of words, so the example shows each of them once.
    example = pd.concat([x_train.drop_duplicates(word) for word in words])
    return _trained("catboost", model, filled, model.predict(example), metrics, example)


def loan_categories(iterations: int) -> Any:
    """Histogram boosting that splits on sets of categories and sends gaps where they belong."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    words = ["Beschäftigung", "home"]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    columns = ColumnTransformer([("words", encoder, words)], remainder="passthrough")
    boosting = HistGradientBoostingClassifier(
        max_iter=iterations, categorical_features=[0, 1], random_state=0
    )
    rows = loans()
    model = make_pipeline(columns, boosting).fit(rows.x_train, rows.y_train)
    metrics = {"accuracy": float(model.score(rows.x_test, rows.y_test))}
    return _trained("sklearn", model, rows, model.predict(rows.x_test[:5]), metrics)


def complaint_topic(words: int) -> Any:
    """Words and pairs of words, weighed by how rare they are, before a logistic regression."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(ngram_range=(1, 2), max_features=words)
    columns = ColumnTransformer([("complaint", vectors, "complaint")])
    rows = complaints()
    model = make_pipeline(columns, LogisticRegression()).fit(rows.x_train, rows.y_train)
    metrics = {"accuracy": float(model.score(rows.x_test, rows.y_test))}
    return _trained("sklearn", model, rows, model.predict(rows.x_test[:5]), metrics)


def wine_network(units: int) -> Any:
    """A small network as an ONNX file, in float32 like most of them."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    wines = shipped("wine")
    x_train, x_test = (x.to_numpy("float32") for x in (wines.x_train, wines.x_test))
    rows = Split(x_train, x_test, wines.y_train, wines.y_test)
    fitted = make_pipeline(StandardScaler(), MLPClassifier((units,), max_iter=600, random_state=0))
    fitted.fit(rows.x_train, rows.y_train)
    scaler, network = (step for _, step in fitted.steps)
    (first, second), (shift, last) = network.coefs_, network.intercepts_
    weights = {
        "M": scaler.mean_,
        "S": scaler.scale_,
        "W1": first,
        "b1": shift,
        "W2": second,
        "b2": last,
    }
    steps = [
        ("Sub", "X M", "centred"),
        ("Div", "centred S", "scaled"),
        ("MatMul", "scaled W1", "hidden"),
        ("Add", "hidden b1", "shifted"),
        ("Relu", "shifted", "kept"),
        ("MatMul", "kept W2", "out"),
        ("Add", "out b2", "scores"),
        ("Softmax", "scores", "probabilities"),
    ]
    kind = TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(name, takes.split(), [gives]) for name, takes, gives in steps],
        "wine",
        [helper.make_tensor_value_info("X", kind, ["N", 13])],
        [helper.make_tensor_value_info("probabilities", kind, ["N", 3])],
        [
            numpy_helper.from_array(np.asarray(value, np.float32), name)
            for name, value in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    metrics = {"accuracy": float(fitted.score(rows.x_test, rows.y_test))}
    answers = fitted.predict_proba(rows.x_test[:5]).astype("float32")
    return _trained("onnx", model, rows, answers, metrics)


def risk_service(c: float) -> Any:
    """A pyfunc around a classifier that hands on one of its probabilities."""
    import mlflow
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = shipped("breast_cancer")
    inner = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=500))
    inner.fit(rows.x_train, rows.y_train)
    # MLflow switches its own warning about missing type hints on by itself.
    with warnings.catch_warnings(record=True):

        class RiskService(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
            def __init__(self, model):  # type: ignore[no-untyped-def]
                self.model = model

            def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
                return self.model.predict_proba(model_input)[:, 1]

    service: Any = RiskService(inner)  # type: ignore[no-untyped-call]
    metrics = {"accuracy": float(inner.score(rows.x_test, rows.y_test))}
    return _trained("pyfunc", service, rows, service.predict(None, rows.x_test[:5]), metrics)
