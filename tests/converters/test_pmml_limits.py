"""What the PMML route refuses before the program runs, because it is known to come out wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import linear_model, neural_network, pipeline, preprocessing, svm

from converters import pmml_limits
from converters.errors import Refused

ROWS = np.random.default_rng(3).normal(size=(60, 2))
THREE = np.digitize(ROWS[:, 0], [-0.5, 0.5])


@pytest.mark.parametrize(
    "model",
    [svm.LinearSVC(), linear_model.RidgeClassifier(), linear_model.SGDClassifier()],
    ids=lambda model: type(model).__name__,
)
def test_scores_of_several_classes_are_refused_and_those_of_two_are_not(model: Any):
    steps = pipeline.make_pipeline(preprocessing.StandardScaler(), model)
    with pytest.raises(Refused, match="where several scores are large"):
        pmml_limits.check(steps.fit(ROWS, THREE))
    pmml_limits.check(steps.fit(ROWS, THREE > 1))


def test_a_network_of_several_classes_has_one_output_all_the_same():
    network = neural_network.MLPClassifier((3,), max_iter=1000, tol=0.1).fit(ROWS, THREE)
    assert network.n_outputs_ == 3
    pmml_limits.check(network)


def test_the_step_that_nothing_writes_is_named_rather_than_one_beside_it():
    ours = Refused("no_converter", "Isomap searches paths, which ONNX cannot do; use KernelPCA.")
    theirs = Refused("not_in_pmml", "KNNImputer does not go into PMML; replace it.")
    said = pmml_limits.neither(ours, theirs)
    assert said.code == "not_in_pmml"
    assert said.sentence == "Isomap searches paths, which PMML cannot do; use KernelPCA."
    unknown = Refused("no_converter", "Own converts to no ONNX today (no shape); replace it.")
    assert pmml_limits.neither(unknown, theirs) is theirs
    text = Refused("not_in_pmml", "PMML's formulas do not express words; export to ONNX.")
    assert pmml_limits.neither(text, theirs).sentence.endswith("replace it. Or export to ONNX.")
