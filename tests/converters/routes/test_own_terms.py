"""Refusals speak of the model, in its owner's words, not of addresses and operators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import kernel_ridge, svm
from sklearn.metrics import pairwise

from converters.contract import Column, Identity, Request, Signature
from converters.errors import Refused
from converters.routes import onnx_file, pmml_file
from converters.sources.loaded import Loaded

ROWS = np.random.default_rng(4).normal(size=(40, 2))
THREE = np.digitize(ROWS[:, 0], [-0.5, 0.5])
SIGNATURE = Signature([Column("a", "double"), Column("b", "double")])


def _written(model: Any, target: str, folder: Path) -> Any:
    loaded = Loaded("sklearn", model, {}, folder, SIGNATURE)
    route = {"onnx": onnx_file, "pmml": pmml_file}[target]
    return route.write(loaded, Request("sklearn", target, Identity("t", "m", "1")), folder)


@pytest.mark.parametrize("kind", [svm.SVR, kernel_ridge.KernelRidge])
@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_a_kernel_of_ones_own_is_named_without_an_address(kind: Any, target: str, tmp_path: Path):
    model = kind(kernel=lambda a, b: float(np.dot(a, b)) if a.ndim == 1 else a @ b.T)
    with pytest.raises(Refused) as caught:
        _written(model.fit(ROWS, ROWS[:, 0]), target, tmp_path)
    assert caught.value.code == "own_python"
    assert "your own function `<lambda>`" in caught.value.sentence
    assert "0x" not in caught.value.sentence


def test_a_librarys_function_as_a_kernel_is_not_said_to_be_ones_own(tmp_path: Path):
    model = svm.SVC(kernel=pairwise.chi2_kernel).fit(np.abs(ROWS), THREE)
    with pytest.raises(Refused, match="the function `chi2_kernel` of sklearn; choose one"):
        _written(model, "onnx", tmp_path)


def test_coupled_probabilities_are_told_in_the_models_terms(tmp_path: Path):
    with pytest.warns(FutureWarning):
        model = svm.SVC(probability=True, random_state=0).fit(ROWS, THREE)
    with pytest.raises(Refused) as caught:
        _written(model, "pmml", tmp_path)
    assert caught.value.code == "not_in_pmml"
    assert "probability=True" in caught.value.sentence
    assert "Loop" not in caught.value.sentence
    # What the sentence advises is possible.
    assert _written(svm.SVC().fit(ROWS, THREE), "pmml", tmp_path).file == "model.pmml"
