"""Encoders of text inside models inside models: what they learned is known wherever they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import (
    calibration,
    compose,
    ensemble,
    linear_model,
    multioutput,
    pipeline,
    preprocessing,
    tree,
)
from sklearn.preprocessing import OneHotEncoder

from converters.contract import Column, Identity, Request, Signature
from converters.routes import onnx_file
from converters.sources import signatures
from converters.sources.loaded import Loaded
from converters.targets import onnx
from tests.converters.routes import proof

WORDS = np.array(["", "Rome", "Oslo", "Bern"] * 15, dtype=object)
NUMBERS = np.random.default_rng(8).normal(size=60)
LABELS = ((NUMBERS > 0) | (WORDS == "")).astype(int)
SIGNATURE = Signature([Column("town", "string"), Column("n", "double")])


def table(words: Any) -> pd.DataFrame:
    return pd.DataFrame({"town": pd.Series(words, dtype=object), "n": NUMBERS})


def replaced(missing: Any) -> pd.DataFrame:
    return table([missing if word == "" else word for word in WORDS])


def inner() -> Any:
    encoded = compose.make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["town"]), remainder="passthrough"
    )
    return pipeline.make_pipeline(encoded, linear_model.LogisticRegression())


OUTER = {
    "calibrated": lambda: calibration.CalibratedClassifierCV(inner(), cv=2),
    "hard vote": lambda: ensemble.VotingClassifier([("a", inner()), ("b", inner())]),
    "stacked": lambda: ensemble.StackingClassifier([("a", inner())], cv=2),
}


@pytest.mark.parametrize("name", OUTER)
def test_empty_text_learned_deep_inside_is_no_missing_text(name: str, tmp_path: Path):
    model = OUTER[name]().fit(table(WORDS), LABELS)
    loaded = Loaded("sklearn", model, {}, tmp_path, SIGNATURE)
    request = Request("sklearn", "onnx", Identity("tests", "model", "1"))
    converted = onnx_file.write(loaded, request, tmp_path)
    assert {one.name: one.nullable for one in converted.inputs} == {"town": False, "n": False}
    asked = {"town": np.array(["", "Rome", "unseen"], object), "n": np.array([-0.4, -0.3, -0.2])}
    told = loaded.answer(asked, converted.outputs)
    got = onnx.open(tmp_path / converted.file).score(asked, converted.inputs, converted.outputs)
    proof.answer_alike(told, got, converted.outputs, rtol=1e-12)
    loaded.estimator = OUTER[name]().fit(replaced("Ulm"), LABELS)
    converted = onnx_file.write(loaded, request, tmp_path)
    assert {one.name: one.nullable for one in converted.inputs} == {"town": True, "n": False}


@pytest.mark.parametrize("name", OUTER)
def test_a_null_learned_deep_inside_is_what_missing_text_means(name: str):
    model = OUTER[name]().fit(replaced(None), LABELS)
    assert signatures.missing_text(model) is None
    model = OUTER[name]().fit(replaced(np.nan), LABELS)
    assert np.isnan(signatures.missing_text(model) or 0.0)


def test_a_model_of_several_models_learned_text_where_one_of_them_did(tmp_path: Path):
    model = multioutput.MultiOutputClassifier(inner())
    model.fit(table(WORDS), np.column_stack([LABELS, 1 - LABELS]))
    loaded = Loaded("sklearn", model, {}, tmp_path, SIGNATURE)
    request = Request("sklearn", "onnx", Identity("tests", "model", "1"))
    converted = onnx_file.write(loaded, request, tmp_path)
    assert {one.name: one.nullable for one in converted.inputs} == {"town": False, "n": False}


@pytest.mark.parametrize("encoder", ["one hot", "ordinal", "target"])
def test_empty_text_of_one_column_leaves_null_of_another_what_it_is(encoder: str, tmp_path: Path):
    random = np.random.default_rng(2)
    rows = pd.DataFrame(
        {
            "nick": random.choice(["a", "b", ""], 300).astype(object),
            "town": random.choice(np.array(["Ulm", "Bern", None], object), 300),
        }
    )
    target = (rows["nick"] == "") * 2.0 + rows["town"].isna() + random.normal(0, 0.1, 300)
    encoders = {
        "one hot": preprocessing.OneHotEncoder(handle_unknown="ignore"),
        "ordinal": preprocessing.OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1
        ),
        "target": preprocessing.TargetEncoder(),
    }
    model = pipeline.make_pipeline(encoders[encoder], tree.DecisionTreeRegressor(max_depth=4))
    model.fit(rows, target)
    signature = Signature([Column("nick", "string"), Column("town", "string")])
    missing = signatures.missing_text(model)
    loaded = Loaded("sklearn", model, {}, tmp_path, signature, missing_text=missing)
    request = Request("sklearn", "onnx", Identity("tests", "model", "1"))
    converted = onnx_file.write(loaded, request, tmp_path)
    assert {one.name: one.nullable for one in converted.inputs} == {"nick": False, "town": True}
    nicks = ["", "a", "", "unseen"]
    asked = {
        "nick": np.array(nicks * 3, object),
        "town": np.array(["Ulm"] * 4 + [None] * 4 + ["unseen"] * 4, object),
    }
    told = loaded.answer(asked, converted.outputs)
    got = onnx.open(tmp_path / converted.file).score(asked, converted.inputs, converted.outputs)
    proof.answer_alike(told, got, converted.outputs, rtol=1e-12)
