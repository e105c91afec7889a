"""The tables that the demo's models learn from: a seeded table of loans and scikit-learn's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import train_test_split

SEED = 20260101


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to measure on; `x` is a frame or an array, `y` an array [N]."""

    x_train: Any
    x_test: Any
    y_train: npt.NDArray[Any]
    y_test: npt.NDArray[Any]


def split(x: Any, y: npt.NDArray[Any]) -> Split:
    """A quarter of the rows aside, always the same ones."""
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=SEED)
    return Split(x_train, x_test, y_train, y_test)


def shipped(name: str) -> Split:
    """One of scikit-learn's data sets (breast_cancer, diabetes, wine, iris) as doubles."""
    frame = getattr(datasets, f"load_{name}")(as_frame=True)
    return split(frame.data.astype("float64"), frame.target.to_numpy())


def digits() -> Split:
    """Handwritten digits as one float32 array [N, 64], which gives a tensor signature."""
    x, y = datasets.load_digits(return_X_y=True)
    return split(x.astype("float32")[:900], y[:900])


def loans(rows: int = 2000) -> Split:
    """A synthetic table of loans: numbers and words, odd column names, one cell in twelve missing.

    The label says whether a loan was repaid (`good`) or not (`bad`).
    """
    rng = np.random.default_rng(SEED)
    income = rng.lognormal(10.4, 0.5, rows).round(2)
    amount = rng.lognormal(9.3, 0.7, rows).round(2)
    job = rng.choice(
        ["angestellt", "selbständig", "im Ruhestand", "ohne"], rows, p=[0.6, 0.2, 0.1, 0.1]
    )
    home = rng.choice(["rent", "own", "mortgage"], rows)
    age = rng.integers(19, 80, rows)
    late = rng.poisson(0.7, rows)
    risk = (
        1.4 * np.log(amount / income)
        + 0.55 * late
        - 0.015 * age
        + np.select([job == "ohne", job == "selbständig"], [0.9, 0.35], 0.0)
        - 0.4 * (home == "own")
        + rng.logistic(0, 0.6, rows)
    )
    table = pd.DataFrame(
        {
            "age": age.astype("int64"),
            "loan amount": amount,
            "income": _with_gaps(rng, income, np.nan),
            "late_payments": _with_gaps(rng, late.astype("float64"), np.nan),
            "Beschäftigung": pd.Series(_with_gaps(rng, job, None), dtype="object"),
            "home": pd.Series(home, dtype="object"),
        }
    )
    return split(table, np.where(risk > np.quantile(risk, 0.7), "bad", "good").astype(object))


def complaints(rows: int = 600) -> Split:
    """Short complaints about cards, transfers and loans, composed of seeded words."""
    rng = np.random.default_rng(SEED)
    topics = {
        "card": ["card", "declined", "PIN", "blocked", "terminal", "stolen"],
        "transfer": ["transfer", "IBAN", "late", "account", "missing", "euros"],
        "loan": ["loan", "interest", "rate", "mortgage", "instalment", "early"],
    }
    plain = ["my", "the", "was", "again", "since", "Monday", "why", "you", "it's", "naïve", "50"]
    names = rng.choice(list(topics), rows)
    texts = []
    for name in names:
        told = rng.choice(topics[name], rng.integers(1, 4))
        words = [*told, *rng.choice(plain, rng.integers(2, 7))]
        rng.shuffle(words)
        texts.append(" ".join(words).capitalize() + rng.choice([".", "?", " …"]))
    table = pd.DataFrame({"complaint": pd.Series(texts, dtype="object")})
    return split(table, names.astype(object))


def _with_gaps(rng: np.random.Generator, values: npt.NDArray[Any], gap: object) -> Any:
    holed = values.astype("float64" if isinstance(gap, float) else "object")
    holed[rng.random(len(values)) < 1 / 12] = gap
    return holed
