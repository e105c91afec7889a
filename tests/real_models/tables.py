"""The tables that the real models are trained on; the same every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine


def tumours() -> tuple[pd.DataFrame, pd.Series]:
    """Thirty doubles, two classes."""
    return load_breast_cancer(return_X_y=True, as_frame=True)


def irises() -> tuple[pd.DataFrame, pd.Series]:
    """Four doubles, three classes."""
    return load_iris(return_X_y=True, as_frame=True)


def wines() -> tuple[pd.DataFrame, pd.Series]:
    """Thirteen doubles, three classes."""
    return load_wine(return_X_y=True, as_frame=True)


def patients() -> tuple[pd.DataFrame, pd.Series]:
    """Ten doubles, a number to predict."""
    return load_diabetes(return_X_y=True, as_frame=True)


def gapped_patients() -> tuple[pd.DataFrame, pd.Series]:
    """The patients with a tenth of the values missing, and many zeros."""
    table, target = patients()
    random = np.random.default_rng(3)
    values = table.to_numpy().copy()
    values[random.random(values.shape) < 0.1] = np.nan
    values[random.random(values.shape) < 0.1] = 0.0
    return pd.DataFrame(values, columns=table.columns), target


def households() -> tuple[pd.DataFrame, pd.Series]:
    """Mixed columns with odd names: text and numbers, both with missing values, ints and booleans."""
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
