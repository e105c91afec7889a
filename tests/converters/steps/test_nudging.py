"""Rows that hang on the last digits are left out behind computed columns, and nowhere else."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

from converters import parity
from converters.steps import asking, nudging
from tests.converters import jobs
from tests.converters.sampling import mutants
from tests.converters.sampling.test_mutations import table


def made(folder, model, wanted):
    rows, _, _ = table()
    rows = rows[["a", "b", "d"]]
    jobs.save(folder / "model", model.fit(rows, wanted), rows)
    return mutants.judged(folder, "sklearn", "onnx")


@pytest.fixture(scope="module")
def powered(tmp_path_factory):
    forest = RandomForestClassifier(20, random_state=0)
    folder = tmp_path_factory.mktemp("powered")
    return made(folder, make_pipeline(PowerTransformer(), forest), table()[2])


def test_a_forest_behind_powers_is_proven_and_the_rows_left_out_are_counted(powered):
    excluded = powered.report.excluded[asking.LAST_DIGITS]
    judged = len(next(iter(powered.rows.values())))
    assert 0 < excluded <= nudging.MOST * (judged + excluded)


def test_thresholds_behind_powers_that_are_a_float32_step_off_are_still_caught(powered):
    model = onnx.load(powered.folder / "convert" / powered.report.file)
    changed = 0
    for node in model.graph.node:
        for one in node.attribute:
            if one.name == "nodes_splits":
                splits = numpy_helper.to_array(one.t).astype(np.float32)
                moved = np.nextafter(splits, np.float32(np.inf))
                own = numpy_helper.to_array(one.t).dtype
                one.t.CopyFrom(numpy_helper.from_array(moved.astype(own), one.name))
                changed += len(splits)
    assert changed
    onnx.save(model, powered.folder / "wrong.onnx")
    assert powered.verdict(powered.folder / "wrong.onnx") == "caught"


def test_a_comparison_behind_a_scaler_is_exact_and_never_excused(tmp_path):
    model = make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=5))
    subject = made(tmp_path, model, table()[1])
    assert asking.LAST_DIGITS not in subject.report.excluded


def test_where_more_than_a_tenth_of_the_rows_jump_none_is_left_out():
    rows = {"x": np.linspace(0.0, 1.0, 100)}

    def answer(asked):
        return {"y": (asked["x"].view(np.int64) % 2).astype(np.float64)}

    assert not nudging.hanging(answer, rows, np.ones(100, bool), "margin:").any()

    def rare(asked):
        return {"y": (asked["x"] > rows["x"][40]).astype(np.float64), "margin:z": asked["x"]}

    assert nudging.hanging(rare, rows, np.ones(100, bool), "margin:").nonzero()[0].tolist() == [40]
    assert not nudging.hanging(rare, rows, np.arange(100) != 40, "margin:").any()


def test_values_move_by_units_in_the_last_place_and_gaps_stay():
    values = np.array([1.0, np.nan, np.inf, 0.0], np.float32)
    moved = nudging.nudged(values, 4)
    step = np.float32(np.spacing(np.float32(1)))
    assert moved[0] == np.float32(1) + 4 * step
    assert np.isnan(moved[1])
    assert moved[2] == np.inf
    words = np.array(["a", None], object)
    assert nudging.nudged(words, 1) is words


def test_parity_fails_where_it_should(powered):
    expected = {**powered.expected}
    name = powered.report.outputs[0].name
    first, last = np.unique(expected[name])[[0, -1]]
    wrong = np.where(expected[name] == first, last, first)
    verdicts = parity.judge(
        powered.rows, expected, {**powered.usual, name: wrong}, powered.report.outputs, False
    )
    assert verdicts[0].verdict == "failed"
