"""Whatever columns, values, classes and models are called, the generated Java compiles."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from converters.bundle.build import build
from converters.java import names
from tests.converters.bundle.jobs import named_job
from tests.workers.test_jvm import check, checker_in, judged
from workers import jvm

pytestmark = pytest.mark.skipif(
    shutil.which("mvn") is None, reason="no Maven here, which fetches the runtimes' jars once"
)
# What people write by hand is likelier to clash than what chance makes.
NASTY = [
    *sorted(names.KEYWORDS)[::5],
    *("a b", "a_b", "A b", "aB", "AB", "a__b", "1", "1a", "_", "$", "é", "É", "ß", "SS", "İ", "ĸ"),
    *("toString", "hashCode", "builder", "put", "given", "String", "Input", "label", "row", "*/"),
    *('"', "\\", "\\u0022", "//", "${x}", "%s", "\n", "\t", " ", "日付", "ŉ", "ǰ", "x" * 300),
]
NAMES = st.one_of(
    st.sampled_from(NASTY),
    # ONNX Runtime's Java API carries no NUL and nothing beyond U+FFFF: those are refused by name.
    st.text(st.characters(max_codepoint=0xFFFF, exclude_characters="\0"), min_size=1, max_size=20),
).filter(lambda name: not any(0xD800 <= ord(c) <= 0xDFFF for c in name))
SEVERAL = st.lists(NAMES, unique=True, min_size=2, max_size=12)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jvm.Checker]:
    made = checker_in(tmp_path_factory.mktemp("jvm"), 1000)
    yield made
    made.close()


@settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(columns=SEVERAL, words=SEVERAL, labels=SEVERAL, model=NAMES)
@example(columns=NASTY[:60], words=NASTY, labels=NASTY, model="class")
@example(columns=["日付", "ĸ"], words=["ĸ", "日付"], labels=["日付", "b"], model="ĸ")
@example(columns=["label", "Label"], words=["a", "A"], labels=["b", "B"], model="1 model */")
def test_whatever_things_are_called_the_java_compiles_and_is_right(
    checker: jvm.Checker, columns: list[str], words: list[str], labels: list[str], model: str
) -> None:
    with tempfile.TemporaryDirectory() as place:
        job: Path = named_job(Path(place) / "job", columns, words, labels, model=model)
        build(job)
        (job / "jvm").mkdir()
        ran = check(checker, job)
        assert ran.state == "ran", ran.message
        report = judged(job)
        assert report.state == "proven", report.sentence
