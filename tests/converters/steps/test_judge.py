"""The judge: what it proves, what it refuses, and that nothing a model does reaches it."""

import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from converters import contract, golden
from converters.contract import ConvertReport
from converters.steps.judge import _complete
from tests.converters import jobs


@pytest.fixture(scope="module")
def converted(tmp_path_factory, scaled_forest):
    """A job whose convert step has run."""
    job = jobs.make_job(tmp_path_factory.mktemp("job"), scaled_forest)
    assert jobs.convert(job).state == "converted"
    return job


@pytest.fixture
def job(converted, tmp_path):
    """A copy of that job, to be tampered with."""
    return shutil.copytree(converted, tmp_path / "job")


def nudge_threshold(path, by, place=0):
    """Move the threshold at the root of one tree, wherever it stands, by `by`, relatively."""
    model = onnx.load(path)
    for node in model.graph.node:
        if node.op_type == "TreeEnsemble":
            attributes = {attribute.name: attribute for attribute in node.attribute}
            root = attributes["tree_roots"].ints[place]
            tensor = attributes["nodes_splits"].t
            splits = numpy_helper.to_array(tensor).copy()
            splits[splits == splits[root]] += by * max(abs(splits[root]), 1.0)
            tensor.CopyFrom(numpy_helper.from_array(splits, tensor.name))
            onnx.save(model, path)
            return
    raise AssertionError("no tree ensemble in the file")


def test_a_forest_whose_labels_flip_in_float32_is_proven_when_done_right(job):
    report = jobs.judge(job)
    assert (report.state, report.sentence) == ("proven", "")
    assert report.rows >= 1000
    assert {item.verdict for item in report.parity} == {"passed"}
    assert report.runtime.startswith("onnxruntime 1.29.")
    assert report.batches == [report.rows, 1]


def test_the_same_forest_is_refused_when_converted_in_float32(job):
    import cloudpickle
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    model = cloudpickle.loads((job / "model" / "model.pkl").read_bytes())
    graph = to_onnx(
        model,
        initial_types=[("X", FloatTensorType([None, 13]))],
        options={id(model): {"zipmap": False}},
        target_opset={"": 18, "ai.onnx.ml": 3},
    )
    onnx.save(graph, job / "convert" / "model.onnx")
    jobs.cast_answers(job, "probabilities", np.float32)
    report = json.loads((job / "convert" / "report.json").read_text())
    report["inputs"][0]["dtype"] = "float32"
    report["outputs"][1]["dtype"] = "float32"
    jobs.forge(job, exact=False, inputs=report["inputs"], outputs=report["outputs"])
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.code) == ("refused", "parity_failed")
    assert "probabilities differs" in verdict.sentence
    assert "PMML" in verdict.sentence
    assert not (job / "judge" / "golden").exists()


@pytest.mark.parametrize(("by", "place"), [(1e-6, 0), (-1e-6, 9), (1e-5, 12), (-1e-3, 14)])
def test_one_nudged_threshold_is_refused_with_the_rows_that_show_it(job, by, place):
    nudge_threshold(job / "convert" / "model.onnx", by, place)
    jobs.forge(job)
    report = jobs.judge(job)
    assert (report.state, report.code) == ("refused", "parity_failed")
    worst = next(item for item in report.parity if item.name == "probabilities").worst
    assert worst
    assert set(worst[0].features) == {column.name for column in signature_of(job).columns}


def signature_of(job):
    return contract.read(ConvertReport, job / "convert" / "report.json").signature


def test_a_file_that_changed_after_it_was_reported_is_refused(job):
    nudge_threshold(job / "convert" / "model.onnx", 1e-6)
    report = jobs.judge(job)
    assert (report.state, report.code) == ("refused", "unloadable")
    assert "changed" in report.sentence


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"<html></html>"], ids=["0", "nul", "html"]
)
def test_a_file_that_is_no_onnx_is_refused(job, content):
    (job / "convert" / "model.onnx").write_bytes(content)
    jobs.forge(job)
    assert jobs.judge(job).code == "unloadable"


def test_a_file_with_tensors_outside_of_itself_is_refused(job):
    path = job / "convert" / "model.onnx"
    model = onnx.load(path)
    tensor = numpy_helper.from_array(np.zeros(4), "outside")
    onnx.external_data_helper.set_external_data(tensor, "/etc/hostname", length=32)
    tensor.ClearField("raw_data")
    model.graph.initializer.append(tensor)
    path.write_bytes(model.SerializeToString())
    jobs.forge(job)
    report = jobs.judge(job)
    assert report.code == "unloadable"


def test_outputs_other_than_the_promised_ones_are_refused(job):
    report = json.loads((job / "convert" / "report.json").read_text())
    report["outputs"][0]["dtype"] = "int32"
    jobs.cast_answers(job, "label", np.int32)
    jobs.forge(job, outputs=report["outputs"])
    assert jobs.judge(job).code == "unloadable"


@pytest.mark.parametrize("name", ["../model/MLmodel", "/etc/hostname", "rows", ""])
def test_a_file_elsewhere_is_never_taken_for_the_converted_one(job, name):
    path = job / "convert" / "report.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "file": name}))
    assert jobs.judge(job).code == "unloadable"


def test_a_link_is_never_taken_for_the_converted_file(job, tmp_path):
    path = job / "convert" / "model.onnx"
    path.rename(tmp_path / "elsewhere.onnx")
    path.symlink_to(tmp_path / "elsewhere.onnx")
    assert jobs.judge(job).code == "unloadable"


def test_too_few_rows_prove_nothing(job):
    rows, answers = golden.read(job / "convert" / "rows")
    few = [{name: values[:99] for name, values in part.items()} for part in (rows, answers)]
    golden.write(job / "convert" / "rows", *few)
    report = jobs.judge(job)
    assert (report.state, report.code, report.rows) == ("refused", "not_proven", 99)
    assert "at least 100" in report.sentence


def test_a_few_booleans_have_few_different_rows_and_these_are_enough():
    flags = np.array([[i & 1, i & 2, i & 4] for i in range(8)], dtype=bool)
    columns = {f"f{i}": flags[:, i] for i in range(3)}
    assert _complete(columns)
    assert not _complete({name: values[:7] for name, values in columns.items()})


def test_a_tensor_of_a_few_booleans_is_all_there_with_every_combination():
    every = np.array([[bool(row >> bit & 1) for bit in range(4)] for row in range(16)])
    assert _complete({"X": every})
    assert not _complete({"X": every[1:]})
    assert not _complete({"X": every[every[:, 0]]})


def test_real_numbers_and_tensors_of_numbers_are_never_all_there():
    assert not _complete({"x": np.array([1.0, 2.0])})
    assert not _complete({"X": np.zeros((4, 2), dtype=np.int64)})


def test_rows_that_lack_an_answer_are_refused(job):
    rows, answers = golden.read(job / "convert" / "rows")
    golden.write(job / "convert" / "rows", rows, {"label": answers["label"]})
    assert jobs.judge(job).code == "not_proven"


@pytest.mark.parametrize("name", ["golden.json", "in-000.bin", "out-001.bin"])
def test_hostile_rows_are_refused_not_crashed_on(job, name):
    (job / "convert" / "rows" / name).write_bytes(b"[[[[")
    report = jobs.judge(job)
    assert (report.state, report.code) == ("refused", "not_proven")


def test_hostile_hints_change_nothing_but_the_choice_of_golden_rows(job):
    (job / "convert" / "kinds.json").write_text("[" * 200_000)
    assert jobs.judge(job).state == "proven"


def test_a_refused_conversion_stays_refused_for_the_same_reason(job):
    path = job / "convert" / "report.json"
    path.write_text('{"state": "refused", "code": "no_signature", "sentence": "Add one."}')
    report = jobs.judge(job)
    assert (report.state, report.code, report.sentence) == ("refused", "no_signature", "Add one.")


def test_a_conversion_that_left_nothing_is_refused(job):
    shutil.rmtree(job / "convert")
    assert jobs.judge(job).code == "not_converted"


def test_golden_rows_are_few_start_with_the_example_and_hold_the_original_answers(job):
    assert jobs.judge(job).state == "proven"
    rows, answers = golden.read(job / "judge" / "golden")
    every, _ = golden.read(job / "convert" / "rows")
    assert 150 <= len(answers["label"]) <= 200
    assert list(answers) == ["label", "probabilities"]
    for name, values in rows.items():
        assert (values[:5] == every[name][:5]).all()
    assert any(np.isnan(values).any() for values in rows.values())


def test_the_judge_clears_what_it_finds_in_its_folder(job):
    (job / "judge" / "golden").mkdir(parents=True)
    (job / "judge" / "golden" / "planted").write_text("x")
    assert jobs.judge(job).state == "proven"
    assert not (job / "judge" / "golden" / "planted").exists()


def test_a_link_in_place_of_its_folder_is_not_followed(job, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (job / "judge").symlink_to(tmp_path / "precious")
    assert jobs.judge(job).state == "proven"
    assert (tmp_path / "precious" / "file").exists()


class Evil:
    """A model that, when unpickled, rewrites its process and plants a verdict."""

    def __init__(self, model):
        self.model = model

    def __reduce__(self):
        return (take_over, (self.model,))


def take_over(model):
    import sys
    from pathlib import Path

    import numpy

    def agree(a, *rest, **options):
        return numpy.full(numpy.shape(a), True)

    for name in ("allclose", "isclose"):
        setattr(numpy, name, agree)
    verdict = Path(sys.argv[2]) / "judge"
    verdict.mkdir(exist_ok=True)
    (verdict / "report.json").write_text('{"state": "proven", "rows": 1000}')
    return model


def test_what_a_model_does_to_its_own_process_never_reaches_the_verdict(tmp_path, logistic):
    import cloudpickle

    from tests.converters.steps import test_judge

    cloudpickle.register_pickle_by_value(test_judge)
    evil = shutil.copytree(logistic, tmp_path / "evil")
    model = cloudpickle.loads((evil / "model.pkl").read_bytes())
    (evil / "model.pkl").write_bytes(cloudpickle.dumps(Evil(model)))
    job = jobs.make_job(tmp_path / "job", evil)
    jobs.convert(job)
    assert (job / "judge" / "report.json").exists(), "the attack itself must have worked"
    model = onnx.load(job / "convert" / "model.onnx")
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float64 and values.size > 3:
            tensor.CopyFrom(numpy_helper.from_array(values * 1.5, tensor.name))
    onnx.save(model, job / "convert" / "model.onnx")
    jobs.forge(job)
    report = jobs.judge(job)
    assert (report.state, report.code) == ("refused", "parity_failed")
