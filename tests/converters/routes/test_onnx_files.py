"""ONNX files that exist already: brought to the profile, and proven against the original file."""

import shutil
from dataclasses import replace

import numpy as np
import onnx
import pandas as pd
import pytest
from mlflow.models import infer_signature

from converters import contract, golden
from converters.bundle import build, verify
from converters.bundle.sums import write_sums
from converters.contract import OutputKind, Signature
from converters.errors import Refused
from tests.converters import jobs
from tests.real_models import onnx_models


def save(folder, model, table=None, **options):
    import mlflow

    signature = None if table is None else infer_signature(table)
    mlflow.onnx.save_model(
        model,
        str(folder / "saved"),
        signature=signature,
        input_example=None if table is None else table[:5],
        pip_requirements=["onnx"],
        save_as_external_data=options.pop("save_as_external_data", False),
        **options,
    )
    return jobs.make_job(folder / "job", folder / "saved", flavor="onnx")


def proven(job):
    report = jobs.convert(job)
    assert report.state == "converted", report.sentence
    verdict = jobs.judge(job)
    assert verdict.state == "proven", verdict.sentence
    return report


@pytest.mark.parametrize(("opset", "ir", "written"), [(9, 4, "18"), (18, 8, "18"), (25, 12, "22")])
def test_an_old_or_new_opset_is_brought_to_the_profile(tmp_path, opset, ir, written):
    report = proven(save(tmp_path, onnx_models.network(opset, ir)))
    assert report.facts["opset"] == written
    assert int(report.facts["ir"]) <= 10
    assert not report.exact


def test_a_file_of_ml_operators_alone_gets_the_default_ones_that_are_put_in(tmp_path):
    """CatBoost's own export imports ai.onnx.ml and nothing else, and its ZipMap is cut away."""
    import catboost

    rows = np.random.default_rng(4).normal(size=(100, 3))
    options = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}
    model = catboost.CatBoostClassifier(iterations=3, **options).fit(
        rows, (rows[:, 0] > 0).astype(int)
    )
    (tmp_path / "saved").mkdir()
    path = tmp_path / "saved" / "model.onnx"
    model.save_model(str(path), format="onnx")
    assert [one.domain for one in onnx.load(path).opset_import] == ["ai.onnx.ml"]
    report = proven(jobs.make_job(tmp_path / "job", tmp_path / "saved", flavor="onnx"))
    assert report.facts["opset"] == "18"
    onnx.checker.check_model(onnx.load(tmp_path / "job" / "convert" / "model.onnx"))


def test_a_double_network_is_held_to_the_tight_tolerance(tmp_path):
    report = proven(save(tmp_path, onnx_models.network(kind=onnx.TensorProto.DOUBLE)))
    assert report.exact
    assert report.inputs[0].dtype == "float64"


def test_a_file_fixed_at_three_rows_takes_any_number_afterwards(tmp_path):
    job = save(tmp_path, onnx_models.network(rows=3))
    proven(job)
    written = onnx.load(job / "convert" / "model.onnx")
    assert written.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"


def test_a_file_that_cannot_take_more_rows_is_refused_with_what_to_do(tmp_path):
    report = jobs.convert(save(tmp_path, onnx_models.reshaped_for_one()))
    assert (report.state, report.code) == ("refused", "onnx_batch")
    assert "dynamic" in report.sentence


def test_columns_feed_the_one_input_side_by_side(tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).random((5, 4)), columns=list("dcba"))
    report = proven(save(tmp_path, onnx_models.network(), table))
    assert report.inputs[0].columns == list("dcba")


def test_inputs_of_one_number_a_row_are_fed_as_columns(tmp_path):
    table = pd.DataFrame({"b": [1.0, 2.0], "a": [3.0, 4.0]})
    report = proven(save(tmp_path, onnx_models.sums(), table))
    assert [item.columns for item in report.inputs] == [["a"], ["b"]]


def test_several_inputs_and_outputs_of_several_axes_keep_their_names_and_shapes(tmp_path):
    report = proven(save(tmp_path, onnx_models.tokens()))
    assert isinstance(report.signature, Signature)
    assert [(one.name, one.shape) for one in report.signature.tensors] == [
        ("words", [-1, 8]),
        ("bias", [-1, 8]),
    ]
    assert [(one.name, one.width, one.shape) for one in report.outputs] == [
        ("out", 8, []),
        ("each", 64, [8, 8]),
    ]
    assert any("length 8" in note for note in report.notes)


def test_free_axes_of_a_file_are_proven_at_other_lengths_too(tmp_path):
    job = save(tmp_path, onnx_models.tokens())
    proven(job)
    verdict = jobs.judge(job)
    assert [one.shapes["words"] for one in verdict.lengths] == [[9], [13], [7]]
    outputs = [{item.name for item in one.parity} for one in verdict.lengths]
    assert outputs == [{"out", "each"}] * 3
    assert {item.verdict for one in verdict.lengths for item in one.parity} == {"passed"}


def test_a_bundle_carries_rows_of_other_lengths_and_whoever_has_it_can_check_them(tmp_path):
    job = save(tmp_path, onnx_models.tokens())
    proven(job)
    request = contract.read(contract.Request, job / "request.json")
    contract.write(replace(request, build=1), job / "request.json")
    build.build(job)
    parity = verify.verify(job / "bundle")["parity"]
    assert "each, rows of words [13], bias [8]" in {one["name"] for one in parity}
    rows, answers = golden.read(job / "bundle" / "golden-2")
    assert (rows["words"].shape[1], answers["each"].shape[1]) == (13, 13 * 8)
    answers["out"][0] += 1.0
    golden.write(job / "bundle" / "golden-2", rows, answers)
    (job / "bundle" / "SHA256SUMS").unlink()
    write_sums(job / "bundle")
    with pytest.raises(Refused) as told:
        verify.verify(job / "bundle")
    assert told.value.code == "golden_differs"


def test_bytes_are_fed_in_a_type_that_java_has_and_the_best_class_is_exact(tmp_path):
    report = proven(save(tmp_path, onnx_models.picture()))
    assert (report.inputs[0].dtype, report.inputs[0].shape) == ("int32", [3, 8, 8])
    assert [one.kind for one in report.outputs] == [OutputKind.VALUES, OutputKind.LABEL]


def test_a_zipmap_becomes_probabilities_with_its_classes(tmp_path):
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng(0).random((50, 4)).astype("f4")
    labels = np.where(rows[:, 0] > 0.5, "yes", "no")
    model = to_onnx(
        LogisticRegression().fit(rows, labels), rows, target_opset={"": 13, "ai.onnx.ml": 2}
    )
    report = proven(save(tmp_path, model, rows))
    label, chances = report.outputs
    assert (label.kind, label.classes) == (OutputKind.LABEL, ["no", "yes"])
    assert (chances.kind, chances.classes) == (OutputKind.PROBABILITIES, ["no", "yes"])


def zipmap(**classes):
    """Softmax of four numbers as a map by class, in whatever order its classes are listed."""
    key = onnx.TensorProto.INT64 if "classlabels_int64s" in classes else onnx.TensorProto.STRING
    numbers = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
    row = onnx.helper.make_map_type_proto(key, numbers)
    out = onnx.helper.make_value_info("Y", onnx.helper.make_sequence_type_proto(row))
    rows = onnx.helper.make_tensor_value_info("X", onnx.TensorProto.FLOAT, ["N", 4])
    nodes = [
        onnx.helper.make_node("Softmax", ["X"], ["p"], axis=1),
        onnx.helper.make_node("ZipMap", ["p"], ["Y"], domain="ai.onnx.ml", **classes),
    ]
    graph = onnx.helper.make_graph(nodes, "zipmap", [rows], [out])
    opsets = [onnx.helper.make_opsetid("", 13), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=7)


@pytest.mark.parametrize(
    ("listed", "ordered"),
    [
        ({"classlabels_int64s": [5, 3, 9, -1]}, [-1, 3, 5, 9]),
        ({"classlabels_strings": ["b", "\u00e9", "B", "a"]}, ["B", "a", "b", "\u00e9"]),
        ({"classlabels_int64s": [7, 2, 7, 1]}, [1, 2, 7]),
    ],
)
def test_a_zipmap_that_lists_its_classes_out_of_order_answers_as_its_maps_do(
    tmp_path, listed, ordered
):
    rows = np.random.default_rng(0).random((50, 4)).astype("f4")
    report = proven(save(tmp_path, zipmap(**listed), rows))
    (chances,) = report.outputs
    assert (chances.kind, chances.classes) == (OutputKind.PROBABILITIES, ordered)


def test_a_file_of_four_booleans_is_proven_by_its_sixteen_rows(tmp_path):
    rows = onnx.helper.make_tensor_value_info("X", onnx.TensorProto.BOOL, ["N", 4])
    out = onnx.helper.make_tensor_value_info("Y", onnx.TensorProto.FLOAT, ["N", 3])
    weights = onnx.numpy_helper.from_array(np.arange(12, dtype="f4").reshape(4, 3), "W")
    nodes = [
        onnx.helper.make_node("Cast", ["X"], ["f"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("MatMul", ["f", "W"], ["Y"]),
    ]
    graph = onnx.helper.make_graph(nodes, "flags", [rows], [out], [weights])
    opsets = [onnx.helper.make_opsetid("", 18)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    table = np.random.default_rng(0).random((50, 4)) > 0.5
    proven(save(tmp_path, model, table))


def test_external_data_travels_beside_the_file(tmp_path):
    job = save(tmp_path, onnx_models.network(width=400, units=300), save_as_external_data=True)
    report = proven(job)
    assert list(report.data_files) == ["model.onnx.data"]
    assert (job / "convert" / "model.onnx.data").stat().st_size == 400 * 300 * 4
    (job / "convert" / "model.onnx.data").write_bytes(b"\0" * 400 * 300 * 4)
    assert jobs.judge(job).code == "unloadable"


def test_external_data_outside_of_the_model_is_refused(tmp_path):
    folder = tmp_path / "saved"
    save(tmp_path, onnx_models.network(width=400, units=300), save_as_external_data=True)
    shutil.rmtree(tmp_path / "job")
    path = folder / "model.onnx"
    model = onnx.load(path, load_external_data=False)
    model.graph.initializer[0].external_data[0].value = "../../../etc/passwd"
    path.write_bytes(model.SerializeToString())
    report = jobs.convert(jobs.make_job(tmp_path / "job", folder, flavor="onnx"))
    assert (report.state, report.code) == ("refused", "onnx_data")


@pytest.mark.parametrize("content", [b"", b"\x08", b"PK\x03\x04rest", b"\xff" * 400])
def test_what_is_no_onnx_is_refused(tmp_path, content):
    save(tmp_path, onnx_models.network())
    shutil.rmtree(tmp_path / "job")
    (tmp_path / "saved" / "model.onnx").write_bytes(content)
    report = jobs.convert(jobs.make_job(tmp_path / "job", tmp_path / "saved", flavor="onnx"))
    assert (report.state, report.code) == ("refused", "model_unreadable")


def test_a_signature_of_other_inputs_is_refused(tmp_path):
    table = pd.DataFrame(np.zeros((3, 5)), columns=list("abcde"))
    report = jobs.convert(save(tmp_path, onnx_models.network(), table))
    assert (report.state, report.code) == ("refused", "signature_inputs")
