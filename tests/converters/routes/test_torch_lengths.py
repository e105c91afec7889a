"""Free lengths beside the batch are proven by the judge at other lengths too, or not published."""

import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from converters import contract, golden
from converters.bundle.page import page, subject_of_job
from tests.converters import jobs, torch_jobs

LENGTH = 6


@pytest.fixture(scope="module")
def done():
    return torch_jobs.onnx()


@pytest.fixture
def job(done, tmp_path):
    """A copy of the job of a mean over rows of any length, to be tampered with."""
    return shutil.copytree(done.folders["mean_of_any_length"], tmp_path / "job")


def sum_over(divisor):
    """A graph that sums a sequence of any length and divides by what it is given."""
    nodes = [
        helper.make_node("ReduceSum", ["X", "axis"], ["sum"], keepdims=0),
        helper.make_node("Div", ["sum", "length"], ["output"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([1], np.int64), "axis"),
        numpy_helper.from_array(np.array(divisor, np.float32), "length"),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["batch", "length", 3])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 3])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def reshaping():
    """A graph that calls its length free and reshapes to the one that it was traced with."""
    model = sum_over(LENGTH)
    shape = numpy_helper.from_array(np.array([-1, LENGTH, 3], np.int64), "shape")
    model.graph.initializer.append(shape)
    model.graph.node.insert(0, helper.make_node("Reshape", ["X", "shape"], ["traced"]))
    model.graph.node[1].input[0] = "traced"
    return model


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("mean_of_any_length", [[7, 3], [11, 3], [5, 3], [4, 3]]),
        ("length_by_example", [[7, 4], [11, 4], [5, 4], [4, 4]]),
        ("two_free_axes", [[6, 5], [10, 9], [4, 3], [3, 2], [7, 4]]),
    ],
)
def test_other_lengths_are_proven_each_on_a_line_of_its_own(name, shapes, done):
    verdict = done.verdict(name)
    assert verdict.state == "proven", verdict.sentence
    assert [one.shapes["X"] for one in verdict.lengths] == shapes
    assert all(one.rows >= 100 for one in verdict.lengths)
    assert {item.verdict for one in verdict.lengths for item in one.parity} == {"passed"}
    request = contract.read(contract.Request, done.folders[name] / "request.json")
    shown = page(subject_of_job(request, done.report(name)), verdict)
    assert all(f"output, rows of X {shape}" in shown for shape in shapes)


def test_several_inputs_move_together(done):
    verdict = done.verdict("bert_classes")
    assert verdict.lengths
    for one in verdict.lengths:
        assert len(one.shapes) == 3
        assert len({tuple(shape) for shape in one.shapes.values()}) == 1


def test_no_row_of_another_length_is_judged_as_one_of_the_signatures(done):
    verdict = done.verdict("mean_of_any_length")
    rows, _ = golden.read(done.folders["mean_of_any_length"] / "judge" / "golden")
    assert rows["X"].shape[1] == LENGTH * 3
    assert {item.rows for item in verdict.parity} == {verdict.rows}


def test_a_fixed_length_needs_no_other(done):
    assert done.verdict("lstm").state == "proven"
    assert done.verdict("lstm").lengths == []


def forge(job, model):
    onnx.save(model, job / "convert" / "model.onnx")
    jobs.forge(job)
    return jobs.judge(job)


def test_a_graph_that_keeps_the_length_it_was_traced_with_is_refused(job):
    verdict = forge(job, sum_over(LENGTH))
    assert {item.verdict for item in verdict.parity} == {"passed"}  # at its own length it is right
    assert (verdict.state, verdict.code) == ("refused", "lengths_differ")
    assert "At rows of X [7, 3]" in verdict.sentence
    assert "fixed lengths" in verdict.sentence
    assert "failed" in (job / "judge" / "parity.html").read_text()
    assert not (job / "judge" / "golden").exists()


def test_a_graph_that_does_not_run_at_another_length_is_refused(job):
    verdict = forge(job, reshaping())
    assert (verdict.state, verdict.code) == ("refused", "lengths_differ")
    assert "X [7, 3]" in verdict.sentence


def test_a_free_length_without_rows_of_another_one_is_not_published(job):
    jobs.forge(job, lengths=[])
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.code) == ("refused", "lengths_not_proven")


@pytest.mark.parametrize("change", ["same length", "outside", "other output", "gone"])
def test_rows_that_say_nothing_of_another_length_are_refused(job, change):
    raw = json.loads((job / "convert" / "report.json").read_text())
    first = raw["lengths"][0]
    if change == "same length":
        rows, answers = golden.read(job / "convert" / "rows")
        golden.write(job / "convert" / first["folder"], rows, answers)
        first["inputs"] = raw["inputs"]
    elif change == "outside":
        first["folder"] = "../convert/rows-1"
    elif change == "other output":
        first["outputs"][0]["dtype"] = "float64"
    else:
        shutil.rmtree(job / "convert" / first["folder"])
    jobs.forge(job, lengths=raw["lengths"])
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.code) == ("refused", "lengths_not_proven"), verdict.sentence
