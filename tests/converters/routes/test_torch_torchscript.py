"""PyTorch modules as TorchScript, judged by libtorch, which runs no Python of the model's."""

import shutil
import subprocess

import pytest

from tests.converters import jobs, torch_jobs
from tests.real_models import elsewhere, torch_models


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


def test_a_script_that_cannot_be_saved_gives_way_to_a_recorded_graph(done):
    assert done.report("optional").facts["exporter"] == "torch.jit.trace, from torch.export"


def test_inputs_are_listed_in_the_order_in_which_forward_takes_them(done):
    assert [item.name for item in done.report("two_inputs").inputs] == ["numbers", "category"]


@pytest.mark.parametrize("name", ["length_by_example", "mean_of_any_length", "two_free_axes"])
def test_a_script_of_any_length_is_proven_at_other_lengths_by_libtorch(name, done):
    verdict = done.verdict(name)
    assert verdict.state == "proven", verdict.sentence
    assert len(verdict.lengths) >= 4
    assert {item.verdict for one in verdict.lengths for item in one.parity} == {"passed"}
    assert any("other lengths are free" in note for note in done.report(name).notes)


def test_a_script_that_keeps_the_length_it_was_recorded_with_is_refused(done, tmp_path):
    """The file in place of the right one divides by six, whatever the length."""
    job = shutil.copytree(done.folders["mean_of_any_length"], tmp_path / "job")
    code = (
        "import sys, torch\n"
        "made = torch.jit.trace(lambda x: x.sum(1) / 6, torch.rand(2, 6, 3))\n"
        "torch.jit.save(made, sys.argv[1])\n"
    )
    python = elsewhere.python(torch_models.ENVIRONMENT)
    subprocess.run([python, "-c", code, job / "convert" / "model.pt"], check=True, timeout=100)
    jobs.forge(job)
    verdict = jobs.judge(job)
    assert {item.verdict for item in verdict.parity} == {"passed"}
    assert (verdict.state, verdict.code) == ("refused", "lengths_differ")


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
