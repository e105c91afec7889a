"""scikit-learn as PMML of our own: JPMML answers new rows as the original does, to 1e-9."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import (
    compose,
    decomposition,
    discriminant_analysis,
    ensemble,
    impute,
    linear_model,
    mixture,
    multioutput,
    neighbors,
    pipeline,
    preprocessing,
    svm,
    tree,
)

from converters.contract import Column, Identity, Request, Signature, Tensor
from converters.errors import Refused
from converters.routes import pmml_file
from converters.sources.loaded import Loaded
from converters.targets import pmml

RANDOM = np.random.default_rng(3)
ROWS = RANDOM.normal(size=(90, 4))
GAPPED = np.where(RANDOM.random(ROWS.shape) < 0.15, np.nan, ROWS)
VALUE = 3 * ROWS[:, 0] + ROWS[:, 1] ** 2
WORDS = np.array(["low", "in between", "höh"])[np.digitize(VALUE, [-1.0, 2.0])]
TWO = VALUE > 0
TABLE = pd.DataFrame(
    {
        "a size": GAPPED[:, 0],
        "home town": RANDOM.choice(["Rome", "Oslo", ' Bern & "co"'], 90).astype(object),
        "rooms": RANDOM.integers(0, 6, 90),
        "vip": RANDOM.random(90) < 0.4,
    }
)
COLUMNS = compose.ColumnTransformer(
    [
        ("n", impute.SimpleImputer(add_indicator=True), ["a size"]),
        ("w", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["home town", "rooms"]),
        ("f", "passthrough", ["vip"]),
    ]
)
MODELS: dict[str, tuple[Any, Any, Any]] = {
    "logistic, three classes": (linear_model.LogisticRegression(), ROWS, WORDS),
    "linear svc, three classes": (svm.LinearSVC(), ROWS, WORDS),
    "svc": (svm.SVC(), ROWS, WORDS),
    "svr": (svm.SVR(), ROWS, VALUE),
    "quadratic": (discriminant_analysis.QuadraticDiscriminantAnalysis(), ROWS, WORDS),
    "mixture": (mixture.GaussianMixture(2, random_state=0), ROWS, None),
    "nearest": (neighbors.KNeighborsClassifier(3), ROWS, WORDS),
    "nearest by distance": (neighbors.KNeighborsRegressor(3, weights="distance"), ROWS, VALUE),
    "outliers": (neighbors.LocalOutlierFactor(n_neighbors=4, novelty=True), ROWS[:40], None),
    "isolation": (ensemble.IsolationForest(n_estimators=8, random_state=0), ROWS, None),
    "forest with gaps": (ensemble.RandomForestClassifier(8, random_state=0), GAPPED, WORDS),
    "histogram with gaps": (ensemble.HistGradientBoostingClassifier(max_iter=5), GAPPED, WORDS),
    "forest of two values": (
        ensemble.ExtraTreesRegressor(5, random_state=0),
        ROWS,
        np.column_stack([VALUE, -VALUE]),
    ),
    "several labels": (
        multioutput.MultiOutputClassifier(tree.DecisionTreeClassifier(max_depth=3)),
        ROWS,
        np.column_stack([TWO, ROWS[:, 1] > 0]).astype(int),
    ),
    "components": (decomposition.PCA(2), ROWS, None),
    "scaled": (preprocessing.StandardScaler(), GAPPED, None),
    "bins": (
        pipeline.make_pipeline(preprocessing.KBinsDiscretizer(4), linear_model.Ridge()),
        ROWS,
        VALUE,
    ),
    "stack": (
        ensemble.StackingClassifier(
            [("l", linear_model.LogisticRegression()), ("t", tree.DecisionTreeClassifier())], cv=2
        ),
        ROWS,
        WORDS,
    ),
    "mixed columns": (
        pipeline.make_pipeline(COLUMNS, linear_model.LogisticRegression()),
        TABLE,
        WORDS,
    ),
    "forest of mixed columns": (
        pipeline.make_pipeline(COLUMNS, ensemble.RandomForestClassifier(5, random_state=0)),
        TABLE,
        TWO,
    ),
}


def signed(table: Any) -> Signature:
    if not isinstance(table, pd.DataFrame):
        return Signature(tensor=Tensor("X", "float64", [-1, table.shape[1]]))
    kinds = {"f": "double", "O": "string", "i": "long", "b": "boolean"}
    return Signature([Column(str(name), kinds[table[name].dtype.kind]) for name in table.columns])


def new_rows(table: Any) -> dict[str, Any]:
    """Rows that were not trained on, the last of them with an unseen and a missing word."""
    random = np.random.default_rng(11)
    if not isinstance(table, pd.DataFrame):
        values = random.normal(size=(200, table.shape[1])) * 1.5
        gaps = random.random(values.shape) < (0.2 if np.isnan(table).any() else 0.0)
        return {"X": np.where(gaps, np.nan, values)}
    taken = table.iloc[random.integers(0, len(table), 200)]
    rows = {str(name): taken[name].to_numpy().copy() for name in table.columns}
    rows["home town"][-5:] = "Ulm"
    rows["home town"][-8:-5] = None
    return rows


@pytest.mark.parametrize("name", MODELS)
def test_new_rows_answer_alike(tmp_path: Path, name: str):
    model, table, wanted = MODELS[name]
    model.fit(table) if wanted is None else model.fit(table, wanted)
    loaded = Loaded("sklearn", model, {}, tmp_path, signed(table))
    request = Request("sklearn", "pmml", Identity("tests", "model", "1"))
    converted = pmml_file.write(loaded, request, tmp_path)
    assert converted.exact
    rows = new_rows(table)
    told = loaded.answer(rows, converted.outputs)
    scorer = pmml.open(tmp_path / converted.file)
    got = scorer.score(rows, converted.inputs, converted.outputs)
    for output in converted.outputs:
        if output.kind == "label":
            assert np.array_equal(got[output.name], told[output.name]), output.name
            assert len(np.unique(told[output.name].astype(str))) > 1
        else:
            np.testing.assert_allclose(
                got[output.name], told[output.name], rtol=1e-9, atol=1e-12, err_msg=output.name
            )


def test_the_same_model_gives_the_same_bytes(tmp_path: Path):
    model = ensemble.RandomForestClassifier(3, random_state=0).fit(ROWS, WORDS)
    written = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        loaded = Loaded("sklearn", model, {}, tmp_path, signed(ROWS))
        request = Request("sklearn", "pmml", Identity("tests", "model", "1"))
        pmml_file.write(loaded, request, tmp_path / place)
        written.append((tmp_path / place / "model.pmml").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(("largest", "held"), [(2**53 + 1, False), (2**53, True)])
def test_labels_that_no_double_holds_are_refused(tmp_path: Path, largest: int, held: bool):
    model = tree.DecisionTreeClassifier(max_depth=3).fit(
        ROWS, np.array([-(2**62), largest])[TWO.astype(int)]
    )
    loaded = Loaded("sklearn", model, {}, tmp_path, signed(ROWS))
    request = Request("sklearn", "pmml", Identity("tests", "model", "1"))
    if held:
        converted = pmml_file.write(loaded, request, tmp_path)
        told = loaded.answer({"X": ROWS}, converted.outputs)
        scorer = pmml.open(tmp_path / converted.file)
        got = scorer.score({"X": ROWS}, converted.inputs, converted.outputs)
        assert np.array_equal(got["label"], told["label"])
        return
    with pytest.raises(Refused) as caught:
        pmml_file.write(loaded, request, tmp_path)
    assert caught.value.code == "not_in_pmml"
    assert str(largest) in caught.value.sentence
