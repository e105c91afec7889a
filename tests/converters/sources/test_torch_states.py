"""Weights without a module (state dicts) are built into one by the Python that goes with them."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from converters import golden
from converters.static.verdicts import findings
from converters.steps import preflight
from tests.converters import jobs
from tests.real_models import elsewhere, torch_models

CARRIED = (
    *("beside", "called_model", "legacy_named", "builder", "checkpoint"),
    *("code_paths", "extra_files"),
)
REFUSED = {
    "no_code": ("state_dict", "build_model()"),
    "other_keys": ("state_dict_keys", "missing: tail.weight, tail.bias; unexpected: head.weight"),
    "other_shapes": ("state_dict_keys", "body.0.weight [12, 8] for [13, 8]"),
    "wants_arguments": ("module_code", "Net cannot be made without arguments"),
    "two_that_fit": ("module_code", "Net() of model.py, Other() of model.py"),
    "drawn": ("module_random", "mask"),
    "raising": ("module_code", "SystemExit"),
    "no_python": ("module_code", "model.py is no Python"),
    "missing_import": ("module_missing", "no_such_library"),
    "two_states": ("state_dict", "several (model, averaged)"),
    "beside_settings": ("state_dict", "more than tensors"),
    "no_example": ("no_signature", "input_example.json"),
}
# What only running the code tells is no business of pre-flight.
SEEN_BEFOREHAND = {
    **{"no_code": "state_dict", "wants_arguments": "module_code", "no_python": "module_code"},
    "no_example": "no_signature",
}
# What the network of `beside` answers, from the numbers in its file alone.
BY_HAND = """
import sys, pathlib, torch
place = pathlib.Path(sys.argv[1])
def read(name, width):
    content = bytearray((place / name).read_bytes())
    return torch.frombuffer(content, dtype=torch.float32).reshape(-1, width).double()
w = {k: v.double() for k, v in torch.load(sys.argv[2]).items()}
h = read("rows", 8) @ w["body.0.weight"].T + w["body.0.bias"]
h = (h - w["body.1.running_mean"]) / (w["body.1.running_var"] + 1e-5).sqrt()
h = h * w["body.1.weight"] + w["body.1.bias"]
y, want = h.tanh() @ w["head.weight"].T + w["head.bias"], read("answers", 3)
assert torch.allclose(y, want, rtol=1e-4, atol=1e-4, equal_nan=True), (y - want).abs().max()
"""


@pytest.fixture(scope="module")
def done():
    """Every model of the builder, converted to ONNX and judged: name → job directory."""
    with tempfile.TemporaryDirectory(prefix="crossport-states-") as holder:
        folders = {}
        for name in (*CARRIED, *REFUSED):
            model = torch_models.state(name, Path(holder) / name / "source")
            job = Path(holder) / name
            folders[name] = jobs.make_job(job, model, "pytorch", "onnx", rows=300)
        elsewhere.run("convert", list(folders.values()), torch_models.ENVIRONMENT)
        elsewhere.run("judge", [folders[name] for name in CARRIED])
        yield folders


@pytest.mark.parametrize("name", CARRIED)
def test_weights_with_their_code_answer_as_the_module_that_was_trained(name, done):
    made = jobs.converted(done[name])
    assert made.state == "converted", made.sentence
    assert made.facts["source"] == "state dict"
    verdict = jobs.judged(done[name])
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 200
    assert any("without arguments" in note for note in made.notes)


def test_the_answers_are_those_of_the_trained_weights(done, tmp_path):
    """The golden answers, computed by hand from the weights that the file holds."""
    rows, answers = golden.read(done["beside"] / "convert" / "rows")
    (tmp_path / "rows").write_bytes(rows["X"].tobytes())
    (tmp_path / "answers").write_bytes(answers["output"].tobytes())
    python = str(elsewhere.python(torch_models.ENVIRONMENT))
    weights = str(done["beside"] / "model" / "weights.pt")
    ran = subprocess.run(
        [python, "-c", BY_HAND, str(tmp_path), weights],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", REFUSED)
def test_weights_whose_module_is_not_certain_are_refused_with_what_to_do(name, done):
    code, words = REFUSED[name]
    made = jobs.converted(done[name])
    assert (made.state, made.code) == ("refused", code), made.sentence
    assert words in made.sentence


def test_a_checkpoints_own_weights_are_taken_and_said_to_be(done):
    notes = jobs.converted(done["checkpoint"]).notes
    assert any("'model_state_dict'" in note for note in notes)


@pytest.mark.parametrize("name", [*CARRIED, *REFUSED])
def test_preflight_says_so_without_running_the_code(name, done):
    told = json.loads(preflight.run(done[name] / "model"))
    verdict = next(one for one in told["verdicts"] if one["target"] == "onnx")
    wanted = SEEN_BEFOREHAND.get(name, "")
    assert (verdict["answer"], verdict["code"]) == ("cannot" if wanted else "can", wanted)


def test_code_that_was_changed_after_it_was_fetched_is_refused(done, tmp_path):
    job = shutil.copytree(done["beside"], tmp_path / "job")
    (job / "model" / "weights.py").write_text("def build_model():\n    return None\n")
    assert jobs.convert(job).code == "model_changed"


def test_python_outside_of_the_models_folder_is_not_read(tmp_path, done):
    folder = shutil.copytree(done["no_code"] / "model", tmp_path / "model")
    (tmp_path / "model.py").write_text("def build_model(): pass\n")
    (folder / "model.py").symlink_to(tmp_path / "model.py")
    config = {"model_file": "weights.pt", "code": ".."}
    (finding,) = findings(folder, {"flavors": {"pytorch": config}}, "pytorch")
    assert finding.code == "state_dict"
