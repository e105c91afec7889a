"""PMML documents, checked and scored."""

import pytest

from converters.targets import pmml, pmml_fields
from converters.targets.scorer import FormatError

GOOD = '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/><TreeModel/></PMML>'


def test_a_document_tells_its_version_and_model(tmp_path):
    (tmp_path / "m.pmml").write_text(GOOD)
    assert pmml.check(tmp_path / "m.pmml") == {"pmml": "4.4", "model": "TreeModel"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        GOOD[:-3],
        GOOD.replace("PMML-4_4", "PMML-9_9"),
        GOOD.replace("<TreeModel/>", ""),
        GOOD.replace("<TreeModel/>", "<TreeModel/><TreeModel/>"),
        "<html/>",
        '<!DOCTYPE PMML [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + GOOD,
    ],
    ids=["empty", "text", "cut", "version", "none", "two", "html", "doctype"],
)
def test_what_is_no_pmml_document_is_refused(tmp_path, text):
    (tmp_path / "m.pmml").write_text(text)
    with pytest.raises(FormatError):
        pmml.check(tmp_path / "m.pmml")


def test_the_evaluator_is_of_the_version_that_maven_has():
    assert pmml.evaluator_version() == "1.7.7"


def test_classes_are_spelt_as_the_document_spells_them():
    spelt = [pmml_fields.probability_field(value) for value in ("yes", 1, 1.0, True)]
    assert spelt == ["probability(yes)", "probability(1)", "probability(1.0)", "probability(true)"]
