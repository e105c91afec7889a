"""Networks of PyTorch and Hugging Face as ONNX, judged by the pinned runtime."""

import numpy as np
import onnx
import pytest

from converters import preflight
from converters.targets import onnx as target
from tests.converters import torch_jobs
from tests.real_models import torch_models

CARRIED = [*torch_models.PYTORCH, *torch_models.TRANSFORMERS, *torch_models.SENTENCES]


@pytest.fixture(scope="module")
def done():
    return torch_jobs.onnx()


def nodes(done, name):
    model = onnx.load(done.folders[name] / "convert" / "model.onnx")
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("name", torch_jobs.names(CARRIED))
def test_a_network_answers_alike_as_onnx(name, done):
    report = done.report(name)
    assert report.state == "converted", report.sentence
    verdict = done.verdict(name)
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 200
    assert verdict.batches[-1] == 1


def test_modules_go_through_torch_export_and_scripts_through_their_own(done):
    assert done.report("mlp").facts["exporter"] == "dynamo"
    assert done.report("exported").facts["exporter"] == "dynamo"
    assert done.report("script").facts["exporter"] == "legacy, from TorchScript"


def test_a_script_keeps_its_loop(done):
    assert "Loop" in nodes(done, "branching_script")


def test_a_branch_on_the_data_is_kept_and_never_recorded(done):
    assert done.report("branch").facts["exporter"] == "legacy, from torch.jit.script"
    assert "If" in nodes(done, "branch")


def test_whole_quotients_and_remainders_of_floats_are_pytorchs_own(done):
    verdict = done.verdict("quotients")
    assert verdict.state == "proven", verdict.sentence
    report = done.report("quotients")
    rows = {"X": (np.arange(-200, 400).reshape(150, 4) * np.float32(0.3)).astype("float32")}
    scorer = target.open(done.folders["quotients"] / "convert" / report.file)
    got = scorer.score(rows, report.inputs, report.outputs)
    # As PyTorch: by fmod, which is exact.
    x, step = rows["X"], np.float32(0.3)
    left = np.fmod(x, step)
    left = np.where((left != 0) & (left < 0), left + step, left)
    np.testing.assert_array_equal(got[report.outputs[1].name].reshape(x.shape), left)


def test_a_script_that_divides_so_is_refused(done):
    report = done.report("quotients_script")
    assert (report.state, report.code) == ("refused", "not_exportable")
    assert "Log the module itself" in report.sentence


def test_a_file_tells_nothing_of_the_machine_that_made_it(done):
    for name in ("two_inputs", "bert_classes", "script"):
        content = (done.folders[name] / "convert" / "model.onnx").read_bytes()
        assert b"site-packages" not in content
        assert b".py" not in content


def test_inputs_and_outputs_keep_their_names(done):
    report = done.report("two_inputs")
    assert [item.name for item in report.inputs] == ["category", "numbers"]
    assert [(one.name, one.dtype) for one in report.outputs] == [
        ("score", "float32"),
        ("first", "float32"),
        ("high", "bool"),
    ]
    shapes = [(one.name, one.width, one.shape) for one in done.report("several_outputs").outputs]
    assert shapes == [("output", 6, []), ("output_1", 0, []), ("output_2", 6, [2, 3])]


def test_numbers_of_an_embedding_stay_below_its_size(done):
    from converters import golden

    rows, _ = golden.read(done.folders["encoder"] / "convert" / "rows")
    assert rows["X"].min() == 0
    assert rows["X"].max() == 49


def test_free_lengths_are_free_in_the_file_and_said_to_be(done):
    for name in ("length_by_example", "bert_classes", "embedder"):
        assert any("other lengths are free" in note for note in done.report(name).notes), name
    model = onnx.load(done.folders["bert_classes"] / "convert" / "model.onnx")
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    assert all(one.dim_param for one in dimensions)


def test_the_tokenizer_is_said_to_stay_outside(done):
    report = done.report("bert_classes")
    assert [item.name for item in report.inputs] == [
        "input_ids",
        "attention_mask",
        "token_type_ids",
    ]
    assert any("tokenizer stays outside" in note for note in report.notes)
    assert done.report("vit_classes").inputs[0].shape == [3, 16, 16]


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
    "state_dict": ("state_dict", "load_state_dict"),
    "not_a_module": ("model_class", "torch.nn.Module"),
    "missing_class": ("module_missing", "crossport_gone"),
    "leaving": ("model_unreadable", "SystemExit"),
    "generator": ("pipeline_task", "text-generation"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_is_refused_by_name(name, done):
    code, word = REFUSED[name]
    report = done.report(name)
    assert (report.state, report.code) == ("refused", code), report.sentence
    assert word in report.sentence


def test_every_model_that_must_not_convert_is_named_here():
    assert set(torch_models.REFUSED) <= set(REFUSED)


def test_preflight_tells_what_stays_outside_and_which_task_never_goes(done):
    from converters.sources import mlmodel

    said = {
        name: preflight.preflight(mlmodel.read(done.folders[name] / "model"))[0]
        for name in ("bert_classes", "embedder", "generator", "mlp")
    }
    assert {name: verdict.code for name, verdict in said.items()} == {
        "bert_classes": "tokens",
        "embedder": "tokens",
        "generator": "pipeline_task",
        "mlp": "",
    }
