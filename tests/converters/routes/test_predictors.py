"""Predictors and models around others: what is refused, what is left out, what hard rows get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn import (
    calibration,
    cluster,
    compose,
    dummy,
    ensemble,
    gaussian_process,
    isotonic,
    linear_model,
    manifold,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    preprocessing,
    tree,
)

from converters.contract import Identity, OutputKind, Request, Signature, Tensor
from converters.errors import Refused
from converters.onnx_graph import distances, families, refusals
from converters.onnx_graph.registry import PREDICTORS, TRANSFORMERS
from converters.routes import onnx_file
from converters.routes.converted import Converted
from converters.sources import unsettled
from converters.sources.loaded import Loaded
from tests.converters.routes.proof import converted
from tests.real_models import tables


def _loaded(model: Any, width: int) -> Loaded:
    signature = Signature(tensor=Tensor("X", "float64", [-1, width]))
    return Loaded("sklearn", model, {}, Path(), signature)


def _written(model: Any, width: int, folder: Path) -> Converted:
    request = Request("sklearn", "onnx", Identity("test", "model", "1"))
    return onnx_file.write(_loaded(model, width), request, folder)


def _scored(model: Any, rows: Any, folder: Path) -> dict[str, Any]:
    rows = np.asarray(rows, np.float64)
    answer = _written(model, rows.shape[1], folder)
    session = onnxruntime.InferenceSession(str(folder / answer.file))
    names = [output.name for output in answer.outputs]
    return dict(zip(names, session.run(names, {"X": rows}), strict=True))


def _own_distance(x: Any, y: Any) -> float:
    return float(np.abs(x - y).max())


def _own_weights(far: Any) -> Any:
    return np.exp(-far)


# A tree of features is a transformer, a tree of models that are boosted is not written yet.
OTHERS = {"sklearn.FeatureAgglomeration", "sklearn.AdaBoostClassifier", "sklearn.AdaBoostRegressor"}

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "clusters of its own rows": (cluster.DBSCAN, "no_predict"),
    "outliers of its own rows": (neighbors.LocalOutlierFactor, "no_predict"),
    "a map of its own rows": (lambda: manifold.TSNE(perplexity=5.0), "no_predict"),
    "own distance": (lambda: neighbors.KNeighborsClassifier(metric=_own_distance), "own_python"),
    "own weights": (lambda: neighbors.KNeighborsRegressor(weights=_own_weights), "own_python"),
    "unproven metric": (lambda: neighbors.KNeighborsClassifier(metric="hamming"), "metric_unknown"),
    "drawn labels": (lambda: dummy.DummyClassifier(strategy="uniform"), "not_deterministic"),
    "rough kernel": (
        lambda: gaussian_process.GaussianProcessRegressor(
            gaussian_process.kernels.Matern(nu=0.7, length_scale_bounds="fixed")
        ),
        "kernel_unknown",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_carried_is_refused_with_what_to_do(name: str, tmp_path: Path):
    make, code = REFUSED[name]
    table, target = tables.irises()
    with pytest.raises(Refused) as caught:
        _written(make().fit(table.to_numpy()[::3], target[::3]), 4, tmp_path)
    assert caught.value.code == code
    assert len(caught.value.sentence) > 60


def test_a_model_that_keeps_too_many_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(distances, "MOST_ROWS", 100)
    table, target = tables.irises()
    with pytest.raises(Refused) as caught:
        _written(neighbors.KNeighborsClassifier().fit(table.to_numpy(), target), 4, tmp_path)
    assert caught.value.code == "neighbours_size"


def test_neighbours_among_whole_numbers_are_refused(tmp_path: Path):
    table, target = tables.irises()
    model = neighbors.KNeighborsClassifier().fit(table.to_numpy().round(), target)
    with pytest.raises(Refused) as caught:
        _written(model, 4, tmp_path)
    assert caught.value.code == "neighbours_tied"


def test_a_row_that_is_a_training_row_gets_that_rows_answer(tmp_path: Path):
    table, target = tables.patients()
    rows = table.to_numpy()
    model = neighbors.KNeighborsRegressor(5, weights="distance").fit(rows, target)
    assert _scored(model, rows, tmp_path)["prediction"].tolist() == target.tolist()


def test_of_equally_far_neighbours_of_one_class_nothing_is_left_out():
    rows = np.array([[0.0], [1.0], [3.0], [4.0], [10.0], [11.0]])
    model = neighbors.KNeighborsClassifier(1).fit(rows, [0, 0, 1, 1, 1, 1])
    output = [_output("label", OutputKind.LABEL)]
    asked = {"X": np.array([[0.5], [2.0], [7.0], [3.9]])}
    assert unsettled.rows(_loaded(model, 1), asked, output).tolist() == [False, True, False, False]


def _output(name: str, kind: OutputKind) -> Any:
    from converters.contract import Output

    return Output(name, kind, "int64", 0, [0, 1])


def test_rows_on_a_members_own_border_are_left_out_of_a_hard_vote():
    rows = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    vote = ensemble.VotingClassifier([("ridge", linear_model.RidgeClassifier())])
    vote.fit(rows, [0, 0, 1, 1])
    asked = {"X": np.array([[0.0], [0.5], [-1e-15], [1.0]])}
    found = unsettled.rows(_loaded(vote, 1), asked, [_output("label", OutputKind.LABEL)])
    assert found.tolist() == [True, False, True, False]


def test_watching_leaves_the_original_as_it_was():
    before = neighbors.KNeighborsClassifier.predict, vars(neighbors.KNeighborsClassifier).keys()
    rows = np.array([[0.0], [1.0], [3.0]])
    model = neighbors.KNeighborsClassifier(1).fit(rows, [0, 1, 1])
    unsettled.rows(_loaded(model, 1), {"X": rows}, [_output("label", OutputKind.LABEL)])
    after = neighbors.KNeighborsClassifier.predict, vars(neighbors.KNeighborsClassifier).keys()
    assert before == after
    assert len(model.predict(rows)) == 3


def test_a_tie_of_trees_falls_to_the_first_class(tmp_path: Path):
    table, target = tables.irises()
    rows = table.to_numpy()
    inner = tree.DecisionTreeClassifier(max_depth=2, random_state=0)
    model = multiclass.OneVsRestClassifier(inner).fit(rows, target)
    random = np.random.default_rng(0)
    asked = rows[random.integers(0, 150, 400)] + random.normal(0, 0.6, (400, 4)).round(1)
    assert (_scored(model, asked, tmp_path)["label"] == model.predict(asked)).all()


@pytest.mark.parametrize("out_of_bounds", ["clip", "nan"])
def test_isotonic_steps_are_met_exactly(out_of_bounds: str, tmp_path: Path):
    random = np.random.default_rng(1)
    x, y = random.normal(0, 1, 80).round(1), random.normal(0, 1, 80)
    model = isotonic.IsotonicRegression(out_of_bounds=out_of_bounds).fit(x, y + 2 * x)
    steps = model.X_thresholds_
    beside = [np.nextafter(steps, side) for side in (-np.inf, np.inf)]
    rows = np.concatenate([steps, *beside, [-1e308, 1e308, -9.0, 9.0]]).reshape(-1, 1)
    got = _scored(model, rows, tmp_path)["prediction"]
    np.testing.assert_array_equal(got, model.predict(rows))


def test_a_threshold_itself_belongs_to_the_positive_class(tmp_path: Path):
    rows = np.array([[0.0], [0.0], [0.0], [0.0], [1.0]])
    target = ["no", "no", "no", "yes", "no"]
    model = model_selection.FixedThresholdClassifier(
        tree.DecisionTreeClassifier(), threshold=0.25, pos_label="yes"
    ).fit(rows, target)
    assert model.estimator_.predict_proba(rows[:1]).tolist() == [[0.75, 0.25]]
    got = _scored(model, rows, tmp_path)["label"]
    assert got.tolist() == model.predict(rows).tolist() == ["yes"] * 4 + ["no"]


@pytest.mark.parametrize(
    "model",
    [
        tree.DecisionTreeClassifier(max_depth=4, random_state=0),
        ensemble.ExtraTreesClassifier(6, max_depth=4, random_state=0),
        neighbors.RadiusNeighborsClassifier(0.6, outlier_label=["none", "x"]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_one_classifier_of_several_targets_answers_each_with_its_own_classes(model, tmp_path: Path):
    random = np.random.default_rng(4)
    rows = random.normal(size=(200, 2)).astype(np.float32).astype(np.float64)
    first = np.where(rows[:, 0] > 1, "a long word", np.where(rows[:, 1] > 0, "a", "none"))
    labels = np.column_stack([first, np.where(rows[:, 1] > 0.5, "x", "y")])
    model.fit(rows, labels)
    asked = np.concatenate([rows, rows[::-1] / 3, [[9.0, 9.0], [-50.0, 50.0]]])
    got = _scored(model, asked, tmp_path)
    assert got["label"].astype(str).tolist() == model.predict(asked).astype(str).tolist()
    for place, wanted in enumerate(model.predict_proba(asked)):
        np.testing.assert_allclose(got[f"probabilities_{place}"], wanted, atol=1e-12)


@pytest.mark.parametrize("names", [["no", "yes", "é"], [-1, 4, 0], [False, True, True]])
@pytest.mark.parametrize(
    "member",
    [
        linear_model.RidgeClassifier(),
        ensemble.HistGradientBoostingClassifier(max_iter=4),
        naive_bayes.GaussianNB(),
    ],
    ids=lambda member: type(member).__name__,
)
@pytest.mark.parametrize("around", [ensemble.AdaBoostClassifier, ensemble.BaggingClassifier])
def test_members_of_any_kind_vote_like_the_original(around, member, names, tmp_path: Path):
    random = np.random.default_rng(9)
    rows = random.normal(size=(120, 3))
    target = np.array(names)[np.digitize(rows[:, 0] + rows[:, 1] ** 2, [0.5, 1.5])]
    model = around(member, n_estimators=3, random_state=0).fit(rows, target)
    asked = np.concatenate([rows, rows[::-1] * 3])
    got = _scored(model, asked, tmp_path)
    assert got["label"].tolist() == model.predict(asked).tolist()
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(asked), atol=1e-9)


@pytest.mark.parametrize("member", [linear_model.Ridge(), neighbors.KNeighborsRegressor(3)])
def test_the_median_of_boosted_members_of_any_kind_is_the_original_s(member, tmp_path: Path):
    random = np.random.default_rng(9)
    rows = random.normal(size=(90, 3))
    model = ensemble.AdaBoostRegressor(member, n_estimators=4, random_state=0)
    model.fit(rows, rows[:, 0] + rows[:, 1] ** 2)
    asked = np.concatenate([rows, rows[::-1] * 3])
    got = _scored(model, asked, tmp_path)["prediction"]
    np.testing.assert_allclose(got, model.predict(asked), rtol=1e-9)


def test_a_boosted_classifier_of_one_class_answers_it(tmp_path: Path):
    rows = np.arange(20.0).reshape(10, 2)
    model = ensemble.AdaBoostClassifier().fit(rows, ["only"] * 10)
    got = _scored(model, rows, tmp_path)
    assert got["label"].tolist() == ["only"] * 10
    np.testing.assert_array_equal(got["probabilities"], model.predict_proba(rows))


def test_isolation_trees_of_one_row_each_answer_like_the_original(tmp_path: Path):
    rows = np.arange(20.0).reshape(10, 2)
    model = ensemble.IsolationForest(n_estimators=4, max_samples=1, random_state=0).fit(rows)
    got = _scored(model, rows, tmp_path)
    assert got["label"].tolist() == model.predict(rows).tolist()
    np.testing.assert_array_equal(got["scores"], model.decision_function(rows))


def test_a_target_learned_in_float32_is_not_promised_in_double(tmp_path: Path):
    rows = np.arange(40.0).reshape(20, 2)
    target = np.linspace(-1.7, 2.9, 20).astype(np.float32)
    model = compose.TransformedTargetRegressor(
        dummy.DummyRegressor(), transformer=preprocessing.StandardScaler()
    ).fit(rows, target)
    assert not _written(model, 2, tmp_path).exact
    np.testing.assert_allclose(
        _scored(model, rows, tmp_path)["prediction"], model.predict(rows), rtol=1e-6, atol=1e-7
    )


def test_several_targets_keep_their_classes_and_their_order(tmp_path: Path):
    table, target = tables.irises()
    rows = table.to_numpy()
    labels = np.column_stack(
        [np.array(["c", "a", "b"])[target], np.where(rows[:, 0] > 6, "x", "w")]
    )
    model = multioutput.MultiOutputClassifier(naive_bayes.GaussianNB()).fit(rows, labels)
    answer = _written(model, 4, tmp_path)
    assert [(one.name, one.width, one.classes) for one in answer.outputs] == [
        ("label", 2, []),
        ("probabilities_0", 3, ["a", "b", "c"]),
        ("probabilities_1", 2, ["w", "x"]),
    ]
    assert (_scored(model, rows, tmp_path)["label"] == model.predict(rows)).all()


@pytest.mark.parametrize("kind", [bool, np.int32, np.float64, str])
def test_calibrated_labels_keep_their_type(kind: Any, tmp_path: Path):
    table, target = tables.tumours()
    rows = table.to_numpy()[:200, :4]
    inner = calibration.CalibratedClassifierCV(
        naive_bayes.GaussianNB(), method="isotonic", cv=2
    ).fit(rows, target[:200].to_numpy().astype(kind))
    got = _scored(inner, rows, tmp_path)["label"]
    assert got.tolist() == inner.predict(rows).tolist()


def test_models_with_text_columns_can_be_stacked(tmp_path: Path):
    from sklearn import compose, pipeline, preprocessing

    table, target = tables.households()
    table = table[["job", "age"]].assign(job=lambda old: old["job"].fillna("none"))
    steps = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["job"]),
        (preprocessing.StandardScaler(), ["age"]),
    )
    one = pipeline.make_pipeline(steps, linear_model.LogisticRegression())
    stack = ensemble.StackingClassifier([("one", one)], cv=2).fit(table, target)

    def make_stack(folder: Path) -> Path:
        from tests.real_models.folders import save

        return save("sklearn", stack, table, folder, serialization_format="cloudpickle")

    report = converted(make_stack, "sklearn", tmp_path)
    assert report.state == "converted", report.sentence
    assert [item.dtype for item in report.inputs] == ["string", "int64"]


@pytest.mark.parametrize("kind", ["classifier", "regressor", "cluster"])
def test_every_predictor_of_scikit_learn_is_written_here_or_refused_by_name(kind: str):
    from sklearn.utils import all_estimators

    families.load()
    known = {*PREDICTORS, *TRANSFORMERS, *refusals.NO_ANSWERS}
    names = {f"sklearn.{name}" for name, _ in all_estimators(type_filter=kind)}
    assert names - known <= OTHERS


def test_a_table_of_one_column_and_one_row_is_answered(tmp_path: Path):
    table = pd.DataFrame({"x": [1.0, 2.3, 3.1, 4.7]})
    model = neighbors.KNeighborsRegressor(2).fit(table.to_numpy(), [1.0, 2.0, 3.0, 4.0])
    assert _scored(model, [[1.4]], tmp_path)["prediction"].tolist() == [1.5]
