"""Trained text models of scikit-learn, each saved as a real MLflow folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import (
    compose,
    decomposition,
    ensemble,
    feature_selection,
    linear_model,
    model_selection,
    naive_bayes,
    neighbors,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.feature_extraction import text

from tests.real_models.folders import save
from tests.real_models.sklearn_models import Make

GOOD = [
    "good",
    "great",
    "lovely",
    "warm",
    "friendly",
    "excellent",
    "delicious",
    "clean",
    "quick",
    "café",
    "naïve",
]
BAD = ["bad", "awful", "rude", "cold", "slow", "dirty", "terrible", "noisy", "straße", "тарелка"]
PLAIN = [
    "the",
    "a",
    "food",
    "was",
    "service",
    "and",
    "we",
    "it",
    "staff",
    "rooms",
    "place",
    "don't",
    "again",
    "2024",
    "B2B",
    "foo_bar",
    "οδός",
    "東京",
    "한국어",
    "İzmir",
    "ﬁne",
    "😀",
]


def reviews(count: int = 240) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Short texts in two classes, the same every time."""
    random = np.random.default_rng(5)
    texts, target = [], []
    for number in range(count):
        liked = int(random.random() < 0.5)
        tone = random.choice(GOOD if liked else BAD, random.integers(1, 4))
        words = [*tone, *random.choice(PLAIN, random.integers(2, 9))]
        random.shuffle(words)
        line = " ".join(str(word) for word in words)
        texts.append(line.upper() if number % 9 == 0 else line.capitalize() + ".")
        target.append(liked)
    return texts, np.array(target)


def table() -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Reviews beside a number and a second text column."""
    texts, target = reviews()
    random = np.random.default_rng(6)
    columns = {
        "title": [one.split()[0] for one in texts],
        "review": texts,
        "stars": np.round(random.normal(3 + target, 1.0), 3),
    }
    return pd.DataFrame(columns), target


def _series(name: str, model: Callable[[], Any], classes: int = 2) -> Make:
    def make(folder: Path) -> Path:
        texts, target = reviews()
        wanted = target if classes == 2 else np.arange(len(texts)) % classes
        fitted = model().fit(texts, wanted)
        series = pd.Series(texts, name="review")
        return save(
            "sklearn", fitted, series, folder, example=False, serialization_format="cloudpickle"
        )

    make.__name__ = f"make_text_{name}"
    return make


def _table(name: str, model: Callable[[], Any]) -> Make:
    def make(folder: Path) -> Path:
        rows, target = table()
        fitted = model().fit(rows, target)
        return save("sklearn", fitted, rows, folder, serialization_format="cloudpickle")

    make.__name__ = f"make_text_{name}"
    return make


def _logistic(vectoriser: Any) -> Callable[[], Any]:
    return lambda: pipeline.make_pipeline(vectoriser, linear_model.LogisticRegression())


def _beside(step: Any) -> Callable[[], Any]:
    columns = [
        ("review", text.TfidfVectorizer(ngram_range=(1, 2)), "review"),
        ("title", text.CountVectorizer(analyzer="char", ngram_range=(1, 2)), "title"),
        ("stars", preprocessing.StandardScaler(), ["stars"]),
    ]
    return lambda: pipeline.make_pipeline(compose.ColumnTransformer(columns), step)


TEXTS: tuple[Make, ...] = (
    _series("counts", _logistic(text.CountVectorizer())),
    _series("tfidf", _logistic(text.TfidfVectorizer())),
    _series(
        "tfidf_grams",
        _logistic(text.TfidfVectorizer(ngram_range=(1, 3), stop_words="english", max_features=500)),
    ),
    _series(
        "tfidf_letters", _logistic(text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)))
    ),
    _series("letters", _logistic(text.CountVectorizer(analyzer="char", ngram_range=(1, 3)))),
    _series("accents", _logistic(text.TfidfVectorizer(strip_accents="unicode", sublinear_tf=True))),
    _series("ascii", _logistic(text.TfidfVectorizer(strip_accents="ascii", norm="l1"))),
    _series("cased", _logistic(text.CountVectorizer(lowercase=False, binary=True))),
    _series("tokens", _logistic(text.CountVectorizer(token_pattern=r"[^\W\d_]{2,}"))),
    _series(
        "three_classes",
        lambda: pipeline.make_pipeline(text.TfidfVectorizer(), linear_model.LogisticRegression()),
        classes=3,
    ),
    _series(
        "multinomial_bayes",
        lambda: pipeline.make_pipeline(
            text.CountVectorizer(), text.TfidfTransformer(), naive_bayes.MultinomialNB()
        ),
    ),
    _series(
        "complement_bayes",
        lambda: pipeline.make_pipeline(text.CountVectorizer(), naive_bayes.ComplementNB()),
    ),
    _series(
        "bernoulli_bayes",
        lambda: pipeline.make_pipeline(
            text.CountVectorizer(binary=True), naive_bayes.BernoulliNB()
        ),
    ),
    _series("linear_svc", lambda: pipeline.make_pipeline(text.TfidfVectorizer(), svm.LinearSVC())),
    _series(
        "stochastic",
        lambda: pipeline.make_pipeline(
            text.TfidfVectorizer(), linear_model.SGDClassifier(random_state=0)
        ),
    ),
    _series(
        "forest",
        lambda: pipeline.make_pipeline(
            text.TfidfVectorizer(max_features=200),
            ensemble.RandomForestClassifier(20, random_state=0),
        ),
    ),
    _series(
        "tree",
        lambda: pipeline.make_pipeline(
            text.CountVectorizer(), tree.DecisionTreeClassifier(random_state=0)
        ),
    ),
    _series(
        "chosen",
        lambda: pipeline.make_pipeline(
            text.TfidfVectorizer(ngram_range=(1, 2)),
            feature_selection.SelectKBest(feature_selection.chi2, k=40),
            linear_model.LogisticRegression(),
        ),
    ),
    _series(
        "semantic",
        lambda: pipeline.make_pipeline(
            text.TfidfVectorizer(),
            decomposition.TruncatedSVD(8, random_state=0),
            linear_model.LogisticRegression(),
        ),
    ),
    _series(
        "union",
        lambda: pipeline.make_pipeline(
            pipeline.make_union(
                text.TfidfVectorizer(), text.CountVectorizer(analyzer="char", ngram_range=(2, 2))
            ),
            linear_model.RidgeClassifier(),
        ),
    ),
    _series(
        "searched",
        lambda: model_selection.GridSearchCV(
            pipeline.make_pipeline(text.TfidfVectorizer(), linear_model.LogisticRegression()),
            {"logisticregression__C": [0.1, 1.0]},
            cv=2,
        ),
    ),
    _series(
        "neighbours",
        lambda: pipeline.make_pipeline(text.TfidfVectorizer(), neighbors.KNeighborsClassifier(3)),
    ),
    _series(
        "support_vectors",
        lambda: pipeline.make_pipeline(text.TfidfVectorizer(), svm.SVC(kernel="linear")),
    ),
    _series(
        "support_vectors_regressor",
        lambda: pipeline.make_pipeline(text.TfidfVectorizer(), svm.SVR()),
    ),
    _series(
        "hashed",
        lambda: pipeline.make_pipeline(
            text.HashingVectorizer(ngram_range=(1, 2), stop_words="english"),
            linear_model.SGDClassifier(random_state=0, loss="log_loss"),
        ),
    ),
    _series(
        "hashed_forest",
        lambda: pipeline.make_pipeline(
            text.HashingVectorizer(n_features=128, strip_accents="unicode"),
            ensemble.RandomForestClassifier(20, random_state=0),
        ),
    ),
    _series("vectoriser", lambda: text.TfidfVectorizer()),
    _series(
        "narrow",
        lambda: pipeline.make_pipeline(text.TfidfVectorizer(dtype=np.float32), svm.LinearSVC()),
    ),
    _table("text_columns", _beside(linear_model.LogisticRegression())),
    _table("text_columns_forest", _beside(ensemble.RandomForestClassifier(10, random_state=0))),
)
