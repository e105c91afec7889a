"""What a failed comparison says about the rows that differ."""

import json

import numpy as np

from converters import explaining, parity
from converters.contract import Output, OutputKind
from converters.explaining import Hints

LABEL = Output("label", OutputKind.LABEL, "string", 0, ["no", "yes"])
PREDICTION = Output("prediction", OutputKind.VALUES, "float64")


def judged(output, rows, want, have, hints=None):
    return parity.judge(
        rows, {output.name: want}, {output.name: have}, [output], True, hints=hints
    )[0]


def test_rows_without_a_value_are_named_as_what_the_differing_rows_have_in_common():
    age = np.linspace(20, 60, 200)
    age[::10] = np.nan
    want = np.arange(200.0)
    have = np.where(np.isnan(age), want + 5, want)
    verdict = judged(PREDICTION, {"age": age, "pay": np.ones(200)}, want, have)
    assert verdict.causes == ["All 20 differing rows have no value in `age` and no other."]


def test_a_category_and_an_empty_text_are_named():
    town = np.array(["Oslo", "Rome", "", None] * 50, dtype=object)
    want = np.array(["no"] * 200, dtype=object)
    wrong = np.array(["yes" if name == "Rome" else "no" for name in town], dtype=object)
    verdict = judged(LABEL, {"town": town}, want, wrong)
    assert verdict.causes[0].startswith("All 50 differing rows have 'Rome' in `town`")
    assert [(flip.original, flip.converted, flip.rows) for flip in verdict.flips] == [
        ("no", "yes", 50)
    ]
    empty = np.array(["yes" if name == "" else "no" for name in town], dtype=object)
    assert "an empty text in `town`" in judged(LABEL, {"town": town}, want, empty).causes[0]


def test_a_value_beside_a_split_point_is_named_with_the_point():
    split = 37.5
    x = np.linspace(0, 100, 300)
    x[:30] = np.nextafter(split, 100)
    want = np.zeros(300)
    have = np.where(x == np.nextafter(split, 100), 1.0, 0.0)
    hints = Hints(["random"] * 300, {"x": np.array([10.0, split])})
    verdict = judged(PREDICTION, {"x": x}, want, have, hints)
    assert "on a split point of the model" in verdict.causes[0]
    assert verdict.worst[0].near == "x is just above the split point 37.5"


def test_the_third_feature_of_a_tensor_is_called_by_its_place():
    x = np.random.default_rng(1).normal(size=(100, 4))
    x[:10, 3] = np.inf
    want = np.zeros(100)
    have = np.where(np.isinf(x[:, 3]), 1.0, 0.0)
    assert "infinite `X[3]`" in judged(PREDICTION, {"X": x}, want, have).causes[0]


def test_rows_with_nothing_in_common_get_no_invented_cause():
    random = np.random.default_rng(2)
    x = random.normal(size=400)
    want = np.zeros(400)
    have = (random.random(400) < 0.2).astype(float)
    assert judged(PREDICTION, {"x": x}, want, have).causes == []


def test_when_every_row_differs_that_is_said():
    verdict = judged(PREDICTION, {"x": np.arange(9.0)}, np.zeros(9), np.ones(9))
    assert verdict.causes == ["Every row differs."]


def test_the_picture_keeps_the_worst_pairs_and_no_more_than_fit():
    want = np.arange(10_000.0)
    have = want.copy()
    have[1234] = -7
    pairs = judged(PREDICTION, {"x": want}, want, have).scatter
    assert [1234.0, -7.0] in pairs
    assert len(pairs) <= explaining.MOST_POINTS


def test_forged_hints_are_passed_over(tmp_path):
    for content in ("[]", "{", '{"x": ["a"]}', "[" * 100_000, json.dumps({"x": [[1], [2, 3]]})):
        (tmp_path / explaining.SPLITS_FILE).write_text(content)
        assert explaining.splits(tmp_path) == {}
    (tmp_path / explaining.SPLITS_FILE).unlink()
    (tmp_path / explaining.SPLITS_FILE).symlink_to("/etc/hostname")
    assert explaining.splits(tmp_path) == {}


def test_a_tolerance_of_ones_own_widens_numbers_and_never_labels():
    rows = {"x": np.arange(50.0)}
    want = np.linspace(1, 2, 50)
    have = want + 0.01

    def verdict(output, a, b):
        return parity.judge(rows, {output.name: a}, {output.name: b}, [output], True, allowed=0.05)[
            0
        ]

    assert verdict(PREDICTION, want, have).verdict == "passed"
    assert verdict(PREDICTION, want, have).tolerance_rel == 0.05
    no, yes = np.array(["no"] * 50, object), np.array(["no"] * 49 + ["yes"], object)
    assert verdict(LABEL, no, yes).verdict == "failed"
