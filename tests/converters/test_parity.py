"""The verdict on answers that are right, wrong, tied, missing or none at all."""

import numpy as np
import pytest

from converters import parity
from converters.contract import Output, OutputKind

LABEL = Output("label", OutputKind.LABEL, "int64", 0, [0, 1])
PROBABILITIES = Output("probabilities", OutputKind.PROBABILITIES, "float64", 2, [0, 1])
PREDICTION = Output("prediction", OutputKind.VALUES, "float64")


def probabilities(*of_the_second):
    second = np.array(of_the_second, dtype=np.float64)
    return np.column_stack([1 - second, second])


def judge(output, want, have, exact=True, **others):
    want, have = np.asarray(want), np.asarray(have)
    rows = {"x": np.arange(len(want), dtype=np.float64)}
    expected = {output.name: want, **others}
    outputs = [output, *([PROBABILITIES] if "probabilities" in others else [])]
    got = {output.name: have, **others}
    return parity.judge(rows, expected, got, outputs, exact)[0]


def test_equal_answers_pass():
    verdict = judge(PREDICTION, [1.0, -2.0, 0.0], [1.0, -2.0, 0.0])
    assert (verdict.verdict, verdict.rows, verdict.max_abs) == ("passed", 3, 0.0)
    assert verdict.worst == []


def test_no_rows_are_not_checked_and_never_passed():
    for output, shape in ((LABEL, 0), (PREDICTION, 0), (PROBABILITIES, (0, 2))):
        assert judge(output, np.zeros(shape), np.zeros(shape)).verdict == "not_checked"


def test_an_output_that_nobody_answered_is_not_checked():
    assert parity.judge({}, {}, {}, [LABEL], True)[0].verdict == "not_checked"


@pytest.mark.parametrize(
    ("exact", "off", "verdict"),
    [
        (True, 1e-12, "passed"),
        (True, 2e-9, "failed"),
        (False, 2e-9, "passed"),
        (False, 5e-5, "passed"),
        (False, 2e-4, "failed"),
    ],
)
def test_probabilities_are_judged_by_how_far_they_are_off(exact, off, verdict):
    want = probabilities(1e-8, 0.3, 0.9)
    judged = judge(PROBABILITIES, want, np.add(want, [0, off]), exact)
    assert judged.verdict == verdict
    assert judged.mismatches == (3 if verdict == "failed" else 0)


def test_large_values_are_judged_by_their_size_and_values_near_zero_by_the_spread():
    want = np.array([1e9, -2e9, 1e-9, 5.0, 0.0])
    assert judge(PREDICTION, want, want * (1 + 1e-12)).verdict == "passed"
    assert judge(PREDICTION, want, np.add(want, [0, 0, 1e-12, 0, 1e-12])).verdict == "passed"
    assert judge(PREDICTION, want, np.add(want, [0, 0, 0, 0, 1e-3])).verdict == "failed"


def test_one_extreme_row_does_not_widen_what_is_allowed():
    want = np.append(np.linspace(0, 1, 50), 1e12)
    have = want.copy()
    have[3] += 1.0
    verdict = judge(PREDICTION, want, have, exact=False)
    assert (verdict.verdict, verdict.mismatches) == ("failed", 1)


def test_a_wrong_label_fails_and_the_sentence_says_how_many():
    verdict = judge(LABEL, [0, 1, 1], [0, 1, 0], probabilities=probabilities(0.2, 0.8, 0.8))
    assert (verdict.verdict, verdict.mismatches, verdict.ties) == ("failed", 1, 0)
    assert "label" in verdict.sentence
    assert "1 of 3" in verdict.sentence
    assert [(w.row, w.original, w.converted) for w in verdict.worst] == [(2, "1", "0")]
    assert verdict.worst[0].features == {"x": "2.0"}


def test_a_tie_is_counted_and_shown_but_does_not_fail():
    verdict = judge(LABEL, [0, 1], [1, 1], probabilities=probabilities(0.5, 0.8))
    assert (verdict.verdict, verdict.mismatches, verdict.ties) == ("passed", 0, 1)


@pytest.mark.parametrize(
    ("exact", "margin", "tied"),
    [
        (True, 1e-13, True),
        (True, 1e-9, False),
        (False, 1e-7, True),
        (False, 1e-4, False),
    ],
)
def test_a_tie_is_as_wide_as_the_rounding_of_the_arithmetic(exact, margin, tied):
    answers = probabilities(0.5 - margin / 2)
    verdict = judge(LABEL, [0], [1], exact, probabilities=answers)
    assert verdict.ties == tied


def test_without_scores_of_the_original_no_label_difference_is_a_tie():
    assert judge(LABEL, [0], [1]).verdict == "failed"


def test_a_label_that_the_original_does_not_know_is_never_a_tie():
    verdict = judge(LABEL, [0], [7], probabilities=probabilities(0.5))
    assert (verdict.verdict, verdict.ties) == ("failed", 0)


def test_scores_that_are_no_output_tell_ties_too():
    scores = np.array([1e-14, 3.0])
    verdict = judge(LABEL, [1, 1], [0, 0], **{"margin:decision_function": scores})
    assert (verdict.ties, verdict.mismatches) == (1, 1)


def test_a_missing_answer_must_be_missing_on_both_sides():
    nan = np.nan
    assert judge(PREDICTION, [nan, 1.0], [nan, 1.0]).verdict == "passed"
    for want, have in (([nan, 1.0], [0.0, 1.0]), ([0.0, 1.0], [nan, 1.0])):
        verdict = judge(PREDICTION, want, have, exact=False)
        assert (verdict.verdict, verdict.nan_mismatches) == ("failed", 1)
        assert "missing" in verdict.sentence


def test_infinities_must_be_the_same():
    inf = np.inf
    assert judge(PREDICTION, [inf, -inf], [inf, -inf]).verdict == "passed"
    assert judge(PREDICTION, [inf, 1.0], [-inf, 1.0]).verdict == "failed"
    assert judge(PREDICTION, [inf, 1.0], [1e308, 1.0]).verdict == "failed"


def test_rows_in_another_order_fail():
    want = np.linspace(0, 1, 20)
    assert judge(PREDICTION, want, want[::-1], exact=False).verdict == "failed"


def test_another_shape_fails_with_both_shapes():
    verdict = judge(PROBABILITIES, np.zeros((3, 2)), np.zeros((3, 3)))
    assert verdict.verdict == "failed"
    assert "[3, 3]" in verdict.sentence


def test_string_labels_are_compared_as_they_are():
    label = Output("label", OutputKind.LABEL, "string", 0, ["a", "b"])
    want, have = np.array(["a", "b"], object), np.array(["a", None], object)
    assert judge(label, want, want).verdict == "passed"
    assert judge(label, want, have).mismatches == 1


def test_the_histogram_counts_errors_by_decade():
    half = np.full((4, 2), 0.5)
    verdict = judge(PROBABILITIES, half, np.add(half, [0, 3e-7]), exact=False)
    assert sum(verdict.histogram) == 4
    assert verdict.histogram[-7 + 18] == 4


def test_the_ten_worst_rows_are_kept_worst_first():
    want = np.zeros((40, 2)) + 0.5
    have = want + np.arange(40)[:, None] * 1e-3
    worst = judge(PROBABILITIES, want, have).worst
    assert [item.row for item in worst] == list(range(39, 29, -1))


def test_a_model_that_does_not_choose_by_its_scores_has_no_ties():
    """It names the second class from 0.2 on; a file that names the likelier one is wrong."""
    verdict = judge(LABEL, [1, 1, 0], [0, 1, 0], probabilities=probabilities(0.4, 0.8, 0.1))
    assert (verdict.verdict, verdict.mismatches, verdict.ties) == ("failed", 1, 0)


def test_a_tie_of_large_scores_is_as_wide_as_their_rounding():
    """1e-9 is what double arithmetic leaves of terms of a million, and nothing of terms of one."""
    for size, tied in ((1e6, 1), (1.0, 0)):
        scores = np.array([1e-9, size, -size, 2 * size, -2 * size])
        want, have = [1, 1, 0, 1, 0], [0, 1, 0, 1, 0]
        verdict = judge(LABEL, want, have, **{"margin:decision_function": scores})
        assert verdict.ties == tied


def test_scores_tell_ties_that_probabilities_do_not():
    scores = {"margin:decision_function": np.array([1e-9, 1e6, -1e6, 2e6, -2e6])}
    answers = probabilities(0.5 + 1e-9, 1.0, 0.0, 1.0, 0.0)
    verdict = judge(LABEL, [1, 1, 0, 1, 0], [0, 1, 0, 1, 0], probabilities=answers, **scores)
    assert (verdict.verdict, verdict.ties) == ("passed", 1)


def test_scores_far_below_one_do_not_make_every_label_a_tie():
    scores = {"margin:decision_function": np.linspace(-1e-8, 1e-8, 40)}
    want = (np.linspace(-1, 1, 40) > 0).astype(int)
    verdict = judge(LABEL, want, 1 - want, exact=False, **scores)
    assert (verdict.verdict, verdict.mismatches) == ("failed", 40)


def test_a_class_of_large_scores_does_not_widen_the_ties_of_two_others():
    label = Output("label", OutputKind.LABEL, "int64", 0, [0, 1, 2])
    scores = np.column_stack([np.full(9, 0.9), np.full(9, 0.5), np.linspace(-9e6, -1e6, 9)])
    want, have = np.zeros(9, np.int64), np.ones(9, np.int64)
    verdict = judge(label, want, have, exact=False, **{"margin:decision_function": scores})
    assert (verdict.verdict, verdict.mismatches) == ("failed", 9)


def test_another_rule_for_equal_votes_is_no_tie():
    """Scores that came out the same to the bit are not told apart by rounding."""
    votes = probabilities(*[0.5] * 8, 0.2, 0.9)
    want = [0] * 8 + [0, 1]
    verdict = judge(LABEL, want, [1] * 8 + [0, 1], probabilities=votes)
    assert (verdict.verdict, verdict.mismatches, verdict.ties) == ("failed", 8, 0)


def test_more_than_a_fifth_of_the_rows_are_no_ties():
    margins = {"margin:decision_function": np.array([*[1e-14] * 30, *[3.0] * 70])}
    want = np.ones(100, np.int64)
    flipped = np.where(np.arange(100) < 30, 0, 1)
    assert judge(LABEL, want, flipped, **margins).verdict == "failed"
    few = np.where(np.arange(100) < 15, 0, 1)
    assert judge(LABEL, want, few, **margins).ties == 15


def test_small_answers_of_an_exponential_are_judged_by_their_own_size():
    want = np.exp(np.linspace(-7, 12, 60))
    assert judge(PREDICTION, want, want * (1 + 3e-5), exact=False).verdict == "passed"
    assert judge(PREDICTION, want, np.maximum(want, 0.05), exact=False).verdict == "failed"


def test_probabilities_that_are_equal_by_rounding_do_not_make_a_rule():
    """The labels are the sign of a score that the probabilities no longer show."""
    halves = probabilities(*[0.5] * 8, 0.2, 0.9)
    want, have = [0, 1] * 5, [1, 0, 1, 0, 1, 0, 1, 0, 0, 1]
    assert judge(LABEL, want, have, probabilities=halves).ties == 8
