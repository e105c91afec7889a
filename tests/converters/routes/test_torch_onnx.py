"""PyTorch modules as ONNX: converted in the torch environment, judged by ONNX Runtime in ours."""

import onnx
import pytest

from tests.converters import jobs
from tests.real_models import torch_models

ROWS = 300


@pytest.fixture
def convert(tmp_path):
    def convert(name, **over):
        model = torch_models.copy(name, tmp_path / name)
        job = jobs.make_job(tmp_path / "job", model, "pytorch", "onnx", rows=ROWS, **over)
        return jobs.convert(job)

    return convert


def proven(job, report):
    assert report.state == "converted", report.sentence
    verdict = jobs.judge(job)
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 250
    return verdict


def nodes(job):
    model = onnx.load(job / "convert" / "model.onnx")
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("make", torch_models.PYTORCH, ids=lambda make: make.__name__[5:])
def test_a_module_answers_alike_as_onnx(make, tmp_path):
    make(tmp_path / "model")
    job = jobs.make_job(tmp_path / "job", tmp_path / "model", "pytorch", "onnx", rows=ROWS)
    report = jobs.convert(job)
    proven(job, report)
    assert "float32" in report.facts["precision"]


def test_modules_go_through_torch_export_and_scripts_through_their_own(convert):
    assert convert("mlp").facts["exporter"] == "dynamo"


def test_a_script_keeps_its_loop(convert, tmp_path):
    report = convert("branching_script")
    assert report.facts["exporter"] == "legacy, from TorchScript"
    assert "Loop" in nodes(tmp_path / "job")


def test_a_branch_on_the_data_is_kept_and_never_recorded(convert, tmp_path):
    report = convert("branch")
    assert report.facts["exporter"] == "legacy, from torch.jit.script"
    assert "If" in nodes(tmp_path / "job")


def test_a_file_tells_nothing_of_the_machine_that_made_it(convert, tmp_path):
    convert("two_inputs")
    content = (tmp_path / "job" / "convert" / "model.onnx").read_bytes()
    assert b"site-packages" not in content
    assert b"forward" not in content


def test_inputs_and_outputs_keep_their_names(convert):
    report = convert("two_inputs")
    assert [item.name for item in report.inputs] == ["category", "numbers"]
    assert [(o.name, o.dtype) for o in report.outputs] == [
        ("score", "float32"),
        ("first", "float32"),
        ("high", "bool"),
    ]


def test_a_length_that_only_the_example_tells_is_fixed_and_said(convert):
    report = convert("length_by_example")
    assert report.inputs[0].shape == [6, 4]
    assert any("proven for that only" in note for note in report.notes)


REFUSED = {
    "data_dependent": ("data_dependent", "torch.where"),
    "noisy": ("not_deterministic", "differently"),
    "dropping": ("not_deterministic", "differently"),
    "centred": ("row_dependent", "one row at a time"),
    "trained_export": ("training_mode", "model.eval()"),
    "one_row_export": ("original_fails", "input example"),
    "unsigned": ("no_signature", "input_example"),
    "free_length": ("tensor_shape", "input_example"),
    "summed": ("output_shape", "forward"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_is_refused_by_name(name, convert):
    code, word = REFUSED[name]
    report = convert(name)
    assert (report.state, report.code) == ("refused", code), report.sentence
    assert word in report.sentence
