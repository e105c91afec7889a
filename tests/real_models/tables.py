"""The tables that the real models are trained on; the same every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

Table = tuple[Any, Any]


def tumours() -> Table:
    """Thirty doubles, two classes."""
    table, target = load_breast_cancer(return_X_y=True, as_frame=True)
    return table, target


def irises() -> Table:
    """Four doubles, three classes."""
    table, target = load_iris(return_X_y=True, as_frame=True)
    return table, target


def wines() -> Table:
    """Thirteen doubles, three classes."""
    table, target = load_wine(return_X_y=True, as_frame=True)
    return table, target


def patients() -> Table:
    """Ten doubles, a number to predict."""
    table, target = load_diabetes(return_X_y=True, as_frame=True)
    return table, target


def digits() -> Table:
    """Sixty-four small whole numbers as doubles, ten classes."""
    table, target = load_digits(return_X_y=True, as_frame=True)
    return table[:600], target[:600]


def gapped_patients() -> Table:
    """The patients with a tenth of the values missing, and many zeros."""
    table, target = patients()
    random = np.random.default_rng(3)
    values = table.to_numpy().copy()
    values[random.random(values.shape) < 0.1] = np.nan
    values[random.random(values.shape) < 0.1] = 0.0
    return pd.DataFrame(values, columns=table.columns), target


def households() -> Table:
    """Mixed columns with odd names: text and numbers with missing values, ints, booleans."""
    random = np.random.default_rng(7)
    count = 400
    age = random.integers(18, 90, count)
    income = np.round(random.lognormal(10, 0.6, count), 2)
    years = random.normal(9.0, 6.0, count)
    town = random.choice(["Bern", "Genève", "Zürich", "Chur"], count, p=[0.4, 0.3, 0.27, 0.03])
    job = random.choice(["clerk", "nurse", "smith"], count).astype(object)
    owns = random.random(count) < 0.4
    score = 0.03 * age + income / 30000 - 0.05 * years + (town == "Bern") + 0.7 * owns
    table = pd.DataFrame(
        {
            "age": age,
            "income in CHF": income,
            "yrs married": years,
            "town": town.astype(object),
            "job": job,
            "owns": owns,
        }
    )
    table.loc[random.random(count) < 0.1, "yrs married"] = np.nan
    table.loc[random.random(count) < 0.1, "job"] = np.nan
    noise = random.normal(0, 0.5, count)
    return table, pd.Series(np.where(score + noise > 3.2, "yes", "no"))
