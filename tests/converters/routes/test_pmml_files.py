"""PMML documents that exist already: published as they are, once JPMML answers them steadily."""

import pytest

from converters.contract import OutputKind
from tests.converters import jobs

DOCUMENT = """<?xml version="1.0"?>
<PMML version="{version}" xmlns="http://www.dmg.org/PMML-{space}"><Header/><DataDictionary>
<DataField name="income k" optype="continuous" dataType="double">
<Interval closure="closedClosed" leftMargin="0" rightMargin="10"/></DataField>
<DataField name="town" optype="categorical" dataType="string">
<Value value="Oslo"/><Value value="Rome"/></DataField>
<DataField name="t" optype="categorical" dataType="string">
<Value value="A"/><Value value="B"/></DataField></DataDictionary>
<TreeModel functionName="classification" splitCharacteristic="binarySplit">
<MiningSchema><MiningField name="income k"/><MiningField name="town"/>
<MiningField name="t" usageType="predicted"/></MiningSchema>
<Output><OutputField name="probability(A)" feature="probability" value="A" dataType="double"
 optype="continuous"/><OutputField name="probability(B)" feature="probability" value="B"
 dataType="double" optype="continuous"/></Output>
<Node score="A"><True/>
<Node score="A"><SimplePredicate field="income k" operator="lessThan" value="2.5"/>
<ScoreDistribution value="A" recordCount="3"/><ScoreDistribution value="B" recordCount="1"/></Node>
<Node score="B"><SimplePredicate field="income k" operator="greaterOrEqual" value="2.5"/>
<ScoreDistribution value="A" recordCount="1"/><ScoreDistribution value="B" recordCount="5"/></Node>
</Node></TreeModel></PMML>"""


def save(folder, text):
    model = folder / "saved"
    model.mkdir()
    (model / "model.pmml").write_text(text)
    (model / "MLmodel").write_text("flavors:\n  pmml:\n    data: model.pmml\n")
    return jobs.make_job(folder / "job", model, flavor="pmml", target="pmml")


@pytest.mark.parametrize("version", ["3.2", "4.4"])
def test_a_document_of_any_version_that_jpmml_takes_is_published_as_it_is(tmp_path, version):
    job = save(tmp_path, DOCUMENT.format(version=version, space=version.replace(".", "_")))
    report = jobs.convert(job)
    assert report.state == "converted", report.sentence
    assert jobs.judge(job).state == "proven"
    assert [(one.name, one.kind, one.classes) for one in report.outputs] == [
        ("t", OutputKind.LABEL, []),
        ("probabilities", OutputKind.PROBABILITIES, ["A", "B"]),
    ]
    assert not any("schema" in note for note in report.notes)
    same = (job / "convert" / "model.pmml").read_bytes()
    assert same == (job / "model" / "model.pmml").read_bytes()


def test_a_document_that_breaks_the_schema_says_where(tmp_path):
    text = DOCUMENT.format(version="4.4", space="4_4")
    text = text.replace('<Node score="A"><True/>', '<Node score="A" colour="red"><True/>')
    report = jobs.convert(save(tmp_path, text))
    assert report.state == "converted", report.sentence
    (note,) = [note for note in report.notes if "schema" in note]
    assert "line 15" in note
    assert "colour" in note


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html/>",
        DOCUMENT.format(version="2.0", space="2_0"),
        DOCUMENT.format(version="4.4", space="4_4")[:900],
        '<!DOCTYPE x [<!ENTITY a "b">]>' + DOCUMENT.format(version="4.4", space="4_4")[22:],
        DOCUMENT.format(version="4.4", space="4_4").replace("TreeModel", "NoModel"),
    ],
    ids=["empty", "html", "version 2", "cut", "doctype", "no model"],
)
def test_what_is_no_pmml_that_can_be_scored_is_refused(tmp_path, text):
    report = jobs.convert(save(tmp_path, text))
    assert (report.state, report.code) == ("refused", "model_unreadable")
    assert report.sentence.endswith(".")
