"""PyTorch's files as sources: what they hold is told, and damage is refused, not a crash."""

import pytest

from tests.converters import jobs
from tests.real_models import torch_models


def refused(folder, tmp_path):
    job = jobs.make_job(tmp_path / "job", folder, "pytorch", "onnx", rows=100)
    report = jobs.convert(job)
    assert report.state == "refused", report.sentence
    return report


HELD = {
    "state_dict": ("state_dict", "load_state_dict"),
    "not_a_module": ("model_class", "torch.nn.Module"),
    "missing_class": ("module_missing", "crossport_gone"),
    "leaving": ("model_unreadable", "SystemExit"),
}


@pytest.mark.parametrize("name", HELD)
def test_a_file_that_holds_no_module_is_refused_by_what_it_holds(name, tmp_path):
    code, word = HELD[name]
    report = refused(torch_models.copy(name, tmp_path / "model"), tmp_path)
    assert report.code == code
    assert word in report.sentence


DAMAGED = {
    "cut": lambda content: content[: len(content) // 2],
    "head only": lambda content: content[:20],
    "empty": lambda content: b"",
    "text": lambda content: b"this is no model\n" * 20,
    "torn": lambda content: content[:200] + bytes(200) + content[400:],
}


@pytest.mark.parametrize("how", DAMAGED)
@pytest.mark.parametrize(("name", "file"), [("mlp", "model.pth"), ("exported", "model.pt2")])
def test_a_damaged_file_is_refused(name, file, how, tmp_path):
    folder = torch_models.copy(name, tmp_path / "model")
    path = folder / "data" / file
    path.write_bytes(DAMAGED[how](path.read_bytes()))
    assert refused(folder, tmp_path).code in ("model_unreadable", "module_missing")


def test_a_model_without_its_file_is_refused(tmp_path):
    folder = torch_models.copy("mlp", tmp_path / "model")
    (folder / "data" / "model.pth").unlink()
    assert refused(folder, tmp_path).code == "model_file_missing"
