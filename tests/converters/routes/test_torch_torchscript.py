"""PyTorch modules as TorchScript, judged by libtorch, which runs no Python of the model's."""

import shutil

import pytest

from tests.converters import jobs
from tests.real_models import torch_models


def job_of(name, tmp_path):
    model = torch_models.copy(name, tmp_path / name)
    return jobs.make_job(tmp_path / "job", model, "pytorch", "torchscript", rows=300)


@pytest.mark.parametrize("make", torch_models.TORCHSCRIPT, ids=lambda make: make.__name__[5:])
def test_a_module_answers_alike_as_torchscript(make, tmp_path):
    job = job_of(make.__name__[5:], tmp_path)
    report = jobs.convert(job)
    assert report.state == "converted", report.sentence
    verdict = jobs.judge(job)
    assert verdict.state == "proven", verdict.sentence
    assert verdict.runtime.startswith("libtorch 2.")


def test_what_is_recorded_was_captured_for_any_data_first(tmp_path):
    assert jobs.convert(job_of("exported", tmp_path)).facts["exporter"] == (
        "torch.jit.trace, from torch.export"
    )


def test_columns_of_several_types_do_not_go_into_a_logged_script(tmp_path):
    report = jobs.convert(job_of("script_of_columns", tmp_path))
    assert (report.state, report.code) == ("refused", "inputs_option")


def test_a_branch_that_only_python_can_take_is_refused(tmp_path):
    report = jobs.convert(job_of("data_dependent", tmp_path))
    assert (report.state, report.code) == ("refused", "data_dependent")


def test_the_judge_opens_no_pickle_in_the_place_of_a_script(tmp_path):
    job = job_of("mlp", tmp_path)
    jobs.convert(job)
    shutil.copyfile(job / "model" / "data" / "model.pth", job / "convert" / "model.pt")
    jobs.forge(job)
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.code) == ("refused", "unloadable")
    assert "no TorchScript archive" in verdict.sentence


def test_another_script_does_not_pass_for_the_model(tmp_path):
    (tmp_path / "other").mkdir()
    other = job_of("script", tmp_path / "other")
    jobs.convert(other)
    job = job_of("mlp", tmp_path)
    jobs.convert(job)
    path = job / "convert" / "model.pt"
    content = (other / "convert" / "model.pt").read_bytes()
    assert content != path.read_bytes()
    path.write_bytes(content)
    jobs.forge(job)
    assert jobs.judge(job).code in ("parity_failed", "")
