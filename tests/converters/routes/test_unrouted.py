"""Flavors that have no route: refused by name, with what to do instead, before and at the job."""

import json

import pytest

from converters import contract, flavors
from converters.contract import ConvertReport
from converters.steps import convert, preflight
from tests.converters import jobs

INSTEAD = {
    "prophet": "Forecast in Python",
    "pmdarima": "Forecast in Python",
    "mleap": "mlflow.spark",
}


@pytest.fixture(params=INSTEAD)
def flavor(request):
    return request.param


@pytest.fixture
def model(flavor, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text(
        f"flavors:\n  {flavor}:\n    data: m\n"
        f"  python_function:\n    loader_module: mlflow.{flavor}\n"
    )
    return folder


def test_pre_flight_says_what_to_do_instead(flavor, model):
    verdicts = json.loads(preflight.run(model))["verdicts"]
    assert {one["answer"] for one in verdicts} == {"cannot"}
    assert all(INSTEAD[flavor] in one["sentence"] for one in verdicts)


def test_a_job_says_it_too(flavor, model, tmp_path):
    (tmp_path / "job").mkdir()
    job = jobs.make_job(tmp_path / "job", model, flavor, "onnx")
    assert convert.run(job)
    report = contract.read(ConvertReport, job / "convert" / "report.json")
    assert (report.state, report.code) == ("refused", "no_route")
    assert INSTEAD[flavor] in report.sentence


def test_the_way_out_is_a_flavor_with_a_route(flavor):
    row = flavors.flavor(flavor)
    assert row is not None
    assert row.nearest in ("sklearn", "spark")
