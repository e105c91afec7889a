"""convert and preflight, with no server and no database: real models, real children."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from cli.origins import fetch
from tests.cli.conftest import Run

SEEDS = Path(__file__).parents[1] / "fuzz" / "seeds"


def test_a_converted_model_leaves_its_bundle_and_a_report(
    crossport: Run, model: Path, tmp_path: Path
):
    out = tmp_path / "deep" / "out"
    done = crossport(
        "convert", "--json", "--model-uri", model, "--target", "onnx", "--output-dir", out
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["state"] == "proven"
    assert shown["rows"] >= 1000
    assert {one["verdict"] for one in shown["parity"]} == {"passed"}
    for line in (out / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    report = json.loads((out / "report.json").read_text())
    assert (report["schema"], report["state"], report["code"]) == (1, "proven", "")
    assert {path.name for path in out.parent.iterdir()} == {"out"}


def test_the_options_reach_the_conversion(crossport: Run, model: Path, tmp_path: Path):
    out = tmp_path / "out"
    options = ["--inputs", "columns", "--opset", "18"]
    done = crossport(
        "convert", "--model-uri", model, "--target", "onnx", "--output-dir", out, *options
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["options"] == {"inputs": "columns", "opset": 18, "tolerance": 0.0}
    assert [column["name"] for column in manifest["inputs"]] == ["a", "b", "c"]


def test_a_model_that_cannot_be_converted_is_refused_and_leaves_the_report_alone(
    crossport: Run, foreign: Path, tmp_path: Path
):
    out = tmp_path / "out"
    done = crossport(
        "convert", "--json", "--model-uri", foreign, "--target", "onnx", "--output-dir", out
    )
    assert done.returncode == 1
    assert "paddle" in done.stderr.lower()
    assert json.loads(done.stdout)["code"] == "no_route"
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert json.loads((out / "report.json").read_text())["state"] == "refused"


def test_a_model_file_cut_short_is_refused_by_the_child_and_leaves_the_report_alone(
    crossport: Run, model: Path, tmp_path: Path
):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    (pickle,) = broken.glob("model.*")
    pickle.write_bytes(pickle.read_bytes()[:100])
    out = tmp_path / "out"
    done = crossport("convert", "--model-uri", broken, "--target", "onnx", "--output-dir", out)
    assert (done.returncode, "model_unreadable" in done.stderr) == (1, True), done.stderr
    assert [path.name for path in out.iterdir()] == ["report.json"]


def test_nothing_that_is_there_is_overwritten(crossport: Run, model: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    precious = tmp_path / "out" / "precious.txt"
    precious.write_text("mine")
    done = crossport(
        "convert", "--model-uri", model, "--target", "onnx", "--output-dir", tmp_path / "out"
    )
    assert done.returncode == 1
    assert "output_not_empty" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["precious.txt"]


def test_an_empty_output_folder_is_used(crossport: Run, model: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    done = crossport(
        "convert", "--model-uri", model, "--target", "onnx", "--output-dir", tmp_path / "out"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.onnx").is_file()


@pytest.mark.parametrize("command", ["preflight", "convert"])
def test_a_folder_without_an_mlmodel_says_what_to_name(
    crossport: Run, tmp_path: Path, command: str
):
    more = ["--target", "onnx", "--output-dir", tmp_path / "out"] if command == "convert" else []
    done = crossport(command, "--model-uri", tmp_path, *more)
    assert done.returncode == 1
    assert "MLmodel" in done.stderr
    assert "Traceback" not in done.stderr


def test_preflight_tells_every_target(crossport: Run, model: Path, foreign: Path):
    done = crossport("preflight", "--json", "--model-uri", model)
    assert done.returncode == 0, done.stderr
    answers = {row["target"]: row["answer"] for row in json.loads(done.stdout)}
    assert {target for target, answer in answers.items() if answer == "can"} == {"onnx", "pmml"}
    assert {row["depth"] for row in json.loads(done.stdout)} == {"files"}
    done = crossport("preflight", "--model-uri", foreign)
    assert done.returncode == 0
    assert "○ cannot" in done.stdout
    assert "Told from the MLmodel" in done.stdout


def test_preflight_of_an_mlmodel_alone_says_that_it_saw_no_files(
    crossport: Run, model: Path, tmp_path: Path
):
    (tmp_path / "MLmodel").write_bytes((model / "MLmodel").read_bytes())
    done = crossport("preflight", "--json", "--model-uri", tmp_path)
    assert {row["depth"] for row in json.loads(done.stdout)} == {"mlmodel"}
    done = crossport("preflight", "--model-uri", tmp_path)
    assert "Told from the MLmodel file alone" in done.stdout


def test_an_mlmodel_that_is_no_yaml_is_refused_with_a_sentence(crossport: Run, tmp_path: Path):
    (tmp_path / "MLmodel").write_text("flavors: [unclosed")
    done = crossport("preflight", "--model-uri", tmp_path)
    assert (done.returncode, "mlmodel_unreadable" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("uri", "words"), [("models:/churn/1", "MLFLOW_TRACKING_URI"), ("ftp://x/y", "models:/name/3")]
)
def test_a_uri_that_cannot_be_used_is_wrong_usage(crossport: Run, uri: str, words: str):
    done = crossport("preflight", "--model-uri", uri)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_a_server_that_is_not_there_could_not_be_reached(crossport: Run):
    nowhere = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    done = crossport("preflight", "--model-uri", "models:/churn/1", env=nowhere)
    assert (done.returncode, "not_answering" in done.stderr) == (4, True), done.stderr


@pytest.mark.parametrize("uri", ["models:/credit-risk/1", "models:/credit-risk@champion"])
def test_a_registered_model_comes_from_its_server(
    crossport: Run, mlflow_url: str, tmp_path: Path, uri: str
):
    out = tmp_path / "out"
    done = crossport(
        *("convert", "--model-uri", uri, "--target", "onnx", "--output-dir", out),
        env={"MLFLOW_TRACKING_URI": mlflow_url},
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["model"] == "credit-risk"


def test_a_version_that_the_server_does_not_have_is_refused(crossport: Run, mlflow_url: str):
    env = {"MLFLOW_TRACKING_URI": mlflow_url}
    done = crossport("preflight", "--model-uri", "models:/credit-risk/999", env=env)
    assert (done.returncode, "not_found" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["convert"], ["convert", "--model-uri", "x", "--target", "gold"]]
)
def test_a_command_line_that_makes_no_sense_is_wrong_usage(crossport: Run, arguments: list[str]):
    done = crossport(*arguments)
    assert done.returncode == 2
    assert "usage: crossport" in done.stderr


COMMANDS = [
    *("convert", "preflight", "verify", "login", "logout", "whoami"),
    *("models", "versions", "show", "export"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_is_in_the_docs(crossport: Run, command: str):
    done = crossport(command, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout
    docs = Path(__file__).parents[2] / "docs" / "cli.md"
    assert f"crossport {command}" in docs.read_text()


def test_the_list_of_commands_names_those_that_are_built_and_no_others(crossport: Run):
    listed = crossport("--help").stdout
    assert [word for word in COMMANDS if word not in listed] == []
    assert [word for word in ("jobs", "queues", "cancel") if f"  {word}" in listed] == []


def test_the_command_line_loads_no_django_and_no_model_library():
    import subprocess

    code = (
        "import sys, cli.main; "
        "print([n for n in ('django', 'numpy', 'onnx', 'sklearn') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_tolerance_of_ones_own_is_said_in_the_bundle(crossport: Run, model: Path, tmp_path: Path):
    out = tmp_path / "out"
    call = ["convert", "--model-uri", model, "--target", "onnx", "--output-dir", out]
    done = crossport(*call, "--tolerance", "0.01")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["options"]["tolerance"] == 0.01
    assert any("off by 0.01" in note for note in manifest["notes"])
    assert "was set to 0.01" in (out / "parity.html").read_text()
    wrong = crossport(*call[:-1], tmp_path / "no", "--tolerance", "0.5")
    assert wrong.returncode == 2
    assert "from 0 to 0.1" in wrong.stderr


def test_a_folder_of_a_plain_model_file_is_taken_whole(crossport: Run, tmp_path: Path):
    folder = tmp_path / "booster"
    folder.mkdir()
    (folder / "booster.txt").write_bytes((SEEDS / "booster.txt").read_bytes())
    (folder / ".cache").mkdir()
    (folder / ".cache" / "other.pkl").write_bytes(b"not looked at")
    done = crossport("preflight", "--json", "--model-uri", folder)
    assert done.returncode == 0, done.stderr
    assert {row["flavor"] for row in json.loads(done.stdout)} == {"lightgbm"}


def test_weights_named_alone_bring_the_python_beside_them(tmp_path: Path):
    for name in ("net.pt", "net.py", "input_example.json", "other.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / "to").mkdir()
    files = fetch(str(tmp_path / "net.pt"), tmp_path / "to").sums
    assert sorted(files) == ["input_example.json", "net.pt", "net.py"]
    assert files["net.py"] == hashlib.sha256(b"net.py").hexdigest()
