"""PyTorch modules as TorchScript, judged by libtorch, which runs no Python of the model's."""

import shutil

import pytest

from tests.converters import jobs, torch_jobs
from tests.real_models import torch_models


@pytest.fixture(scope="module")
def done():
    return torch_jobs.torchscript()


@pytest.fixture
def job(done, tmp_path):
    return shutil.copytree(done.folders["mlp"], tmp_path / "job")


@pytest.mark.parametrize("name", torch_jobs.names(torch_models.TORCHSCRIPT))
def test_a_module_answers_alike_as_torchscript(name, done):
    report = done.report(name)
    assert report.state == "converted", report.sentence
    verdict = done.verdict(name)
    assert verdict.state == "proven", verdict.sentence
    assert verdict.runtime.startswith("libtorch 2.")


def test_a_module_is_compiled_and_a_graph_is_recorded(done):
    assert done.report("branch").facts["exporter"] == "torch.jit.script"
    assert done.report("exported").facts["exporter"] == "torch.jit.trace, from torch.export"


def test_inputs_are_listed_in_the_order_in_which_forward_takes_them(done):
    assert [item.name for item in done.report("two_inputs").inputs] == ["numbers", "category"]


def test_a_length_that_was_not_proven_is_said(done):
    assert any("[6, 4] only" in note for note in done.report("length_by_example").notes)


def test_columns_of_several_types_do_not_go_into_a_logged_script(done):
    report = done.report("script_of_columns")
    assert (report.state, report.code) == ("refused", "inputs_option")


def test_a_branch_that_only_python_can_take_is_refused(done):
    report = done.report("data_dependent")
    assert (report.state, report.code) == ("refused", "data_dependent")


def test_a_recording_that_is_bound_to_its_batch_is_refused(done):
    report = done.report("exported_tokens")
    assert (report.state, report.code) == ("refused", "not_exportable"), report.sentence


def test_the_judge_opens_no_pickle_in_the_place_of_a_script(job):
    shutil.copyfile(job / "model" / "data" / "model.pth", job / "convert" / "model.pt")
    jobs.forge(job)
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.code) == ("refused", "unloadable")
    assert "no TorchScript archive" in verdict.sentence


def test_another_script_does_not_pass_for_the_model(job, done):
    other = done.folders["on_a_gpu"] / "convert" / "model.pt"
    shutil.copyfile(other, job / "convert" / "model.pt")
    jobs.forge(job)
    assert jobs.judge(job).code == "parity_failed"
