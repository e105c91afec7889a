"""Whatever a column is called, Java gets a different, legal name for each."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from converters.java import names

IDENTIFIER = re.compile(r"[^\W\d]\w*")


@given(st.lists(st.text(), unique=True, max_size=30))
@example(["İ", "ŉ", "ǰ", "ß", "ﬁ"])
def test_every_column_has_a_legal_name_of_its_own(columns: list[str]):
    chosen = names.fields(columns)
    assert set(chosen) == set(columns)
    assert len(set(chosen.values())) == len(columns)
    for name in chosen.values():
        assert IDENTIFIER.fullmatch(name), name
        assert name not in names.KEYWORDS


@given(st.lists(st.text(), unique=True, max_size=30))
@example(["İ", "ŉ", "ǰ", "ß", "ﬁ", "new york", "New York"])
def test_every_label_has_a_legal_constant_of_its_own(labels: list[str]):
    chosen = names.constants(labels)
    assert set(chosen) == set(labels)
    assert len(set(chosen.values())) == len(labels)
    for name in chosen.values():
        assert IDENTIFIER.fullmatch(name), name
        assert name not in names.KEYWORDS


def test_names_read_as_java_programmers_write_them():
    wanted = {
        "mean radius": "meanRadius",
        "class": "classValue",
        "3d": "value3d",
        "loan.amount": "loanAmount",
        "Größe (cm)": "größeCm",
        "toString": "toStringValue",
    }
    assert {name: names.field(name) for name in wanted} == wanted


def test_columns_that_differ_by_case_alone_stay_apart():
    assert len(set(names.fields(["age", "Age", "AGE"]).values())) == 3
