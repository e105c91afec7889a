"""The verbs as they are called: exit codes, and what each one loads."""

import json
import subprocess
import sys

from converters import contract
from tests.converters import jobs


def test_preflight_answers_every_target_as_json(logistic):
    done = jobs.call("preflight", logistic)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["flavor"]) == (0, "sklearn")
    can = {item["target"] for item in answer["verdicts"] if item["answer"] == "can"}
    assert can == {"onnx", "pmml"}


def test_preflight_of_a_folder_that_is_no_model_says_so(tmp_path):
    answer = json.loads(jobs.call("preflight", tmp_path).stdout)
    assert answer["code"] == "mlmodel_missing"
    assert answer["sentence"].endswith(".")


def test_preflight_of_an_mlmodel_that_is_not_yaml_says_so(tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: [")
    assert json.loads(jobs.call("preflight", tmp_path).stdout)["code"] == "mlmodel_unreadable"


def test_a_bundle_that_cannot_be_is_a_refusal_and_no_crash(tmp_path):
    contract.write(
        contract.Request("sklearn", "onnx", contract.Identity("prod", "fraud", "3"), build=1),
        tmp_path / contract.REQUEST_FILE,
    )
    done = jobs.call("bundle", tmp_path)
    report = contract.read(contract.BundleReport, tmp_path / "bundle" / contract.REPORT_FILE)
    assert (done.returncode, report.state, report.code) == (0, "refused", "not_proven")
    assert report.sentence.endswith(".")


def test_wrong_usage_is_exit_code_two(tmp_path):
    assert jobs.call("explode", tmp_path).returncode == 2
    assert jobs.call("convert", tmp_path / "nowhere").returncode == 2


def test_importing_the_verbs_loads_nothing_heavy():
    code = "import sys, converters.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "pandas", "sklearn", "onnx", "onnxruntime", "jpype", "yaml"}
