"""H2O's tree bytes become the form of trees: left below a float, or without a bit."""

import struct

import numpy as np
import pytest

from converters.errors import Refused
from converters.trees import h2o
from converters.trees.form import LEAF, Category, Key, Mode

MISSING_VS_REST, MISSING_LEFT, MISSING_RIGHT = 1, 2, 3
# Both children are leaves: the left one's mask, and the right one's in the upper bits.
LEAVES = 48 | 0xC0


def number_node(threshold, missing, left=-1.0, right=1.0):
    head = struct.pack("<BHB", LEAVES, 0, missing)
    split = b"" if missing == MISSING_VS_REST else struct.pack("<f", threshold)
    return head + split + struct.pack("<ff", left, right)


def set_node(bits, first=0, missing=MISSING_RIGHT):
    content = struct.pack("<HI", first, len(bits)) + np.packbits(bits, bitorder="little").tobytes()
    return struct.pack("<BHB", LEAVES | 12, 0, missing) + content + struct.pack("<ff", -1.0, 1.0)


def answer(tree, value):
    """The leaf of one value of the only feature, as the form's rules say."""
    if np.isnan(value):
        side = tree.missing_true[0]
    elif tree.members:
        side = int(value) in tree.members[0]
    else:
        side = value <= tree.threshold[0]
    return float(tree.values[tree.true[0] if side else tree.false[0], 0])


def test_a_number_goes_left_below_the_float_and_right_from_it_on():
    tree = h2o.read(number_node(0.1, MISSING_LEFT), 0, 1, {}, "<")
    split = float(np.float32(0.1))
    assert tree.mode is Mode.LEQ
    assert answer(tree, np.nextafter(split, -1)) == -1.0
    assert answer(tree, split) == 1.0
    assert answer(tree, np.nan) == -1.0


def test_a_node_may_ask_only_whether_a_value_is_there():
    tree = h2o.read(number_node(0.0, MISSING_VS_REST), 0, 1, {}, "<")
    assert [answer(tree, value) for value in (-1e300, 1e300, np.nan)] == [-1.0, -1.0, 1.0]


@pytest.mark.parametrize(("missing", "outside"), [(MISSING_LEFT, -1.0), (MISSING_RIGHT, 1.0)])
def test_a_level_goes_right_by_its_bit_and_where_missing_goes_without_one(missing, outside):
    tree = h2o.read(set_node([1, 0, 1], first=2, missing=missing), 0, 1, {0: 7}, "<")
    told = [answer(tree, code) for code in range(7)]
    assert told == [outside, outside, 1.0, -1.0, 1.0, outside, outside]


def test_a_small_set_holds_32_levels_without_a_length():
    head = struct.pack("<BHB", LEAVES | 8, 0, MISSING_RIGHT)
    content = head + struct.pack("<I", 0b101) + struct.pack("<ff", -1.0, 1.0)
    tree = h2o.read(content, 0, 1, {0: 4}, "<")
    assert tree.members[0].tolist() == [1, 3]


def test_levels_that_are_asked_by_their_place_become_a_set():
    tree = h2o.read(number_node(2.5, MISSING_LEFT), 0, 1, {0: 5}, "<")
    assert tree.members[0].tolist() == [0, 1, 2]


def test_a_tree_of_one_leaf_adds_it_to_its_class():
    content = struct.pack("<BHf", 0, 0xFFFF, 0.25)
    made = h2o.ensemble({(1, 0): content}, 1, 3, {}, {}, "<")
    assert made.trees[0].feature.tolist() == [LEAF]
    assert made.trees[0].values.tolist() == [[0.0, 0.25, 0.0]]


def test_inner_children_are_found_behind_their_length():
    left, right = number_node(1.0, MISSING_LEFT, 1, 2), number_node(9.0, MISSING_LEFT, 3, 4)
    root = struct.pack("<BHB", 0, 0, MISSING_LEFT) + struct.pack("<f", 5.0) + bytes([len(left)])
    tree = h2o.read(root + left + right, 0, 1, {}, "<")
    assert tree.feature.tolist() == [0, 0, LEAF, LEAF, 0, LEAF, LEAF]
    assert tree.values[:, 0].tolist() == [0, 0, 1, 2, 0, 3, 4]


def test_sets_beyond_measure_are_refused(monkeypatch):
    monkeypatch.setattr(h2o, "MOST_MEMBERS", 3)
    categories = {0: Category(Key.WORD, words=tuple("abcdefg"), unseen_missing=True)}
    with pytest.raises(Refused) as refusal:
        h2o.ensemble({(0, 0): set_node([0] * 7)}, 1, 1, {0: 7}, categories, "<")
    assert refusal.value.code == "trees_size"
