"""TensorFlow and Keras models as ONNX and as SavedModel, judged by the runtimes of both."""

import io
import json
import shutil
import zipfile

import onnx
import pytest

from converters.contract import JudgeReport
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import elsewhere
from tests.real_models import tensorflow_models as models
from tests.real_models.tensorflow_models import BOTH, KERAS_NATIVE, SAVED_ONLY

ROWS = 300
REFUSED = {
    "any_length": "tensor_shape",
    "traced_once": "fixed_batch",
    "fixed_batch": "fixed_batch",
    "stateful": "stateful_model",
    "lambda_layer": "lambda_layer",
    "hdf5_lambda": "lambda_layer",
    "calls_python": "savedmodel_operations",
    "own_layer_alone": "custom_layer",
    "leaving": "original_fails",
    "damaged_keras": "model_unreadable",
    "damaged_hdf5": "model_unreadable",
    "damaged_graph": "model_unreadable",
    "bomb": "model_unreadable",
    "no_graph": "model_file_missing",
    "no_keras": "model_file_missing",
    "bad_pickle": "model_unreadable",
    "not_a_model": "custom_layer",
    "wrong_type": "model_class",
}
ONNX_REFUSED = {
    "words": ("tensorflow_operators", "LookupTableFindV2"),
    "sentences": ("tensorflow_operators", "StaticRegexReplace"),
    "halves": ("half_precision", "SavedModel"),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories by (model, target), all converted and judged, in three children."""
    place = tmp_path_factory.mktemp("jobs")
    wanted = [(name, target) for name in [*BOTH, *SAVED_ONLY, *KERAS_NATIVE] for target in TARGETS]
    wanted += [(name, "onnx") for name in REFUSED]
    folders = {}
    for name, target in wanted:
        flavor = "keras" if name in KERAS_NATIVE else "tensorflow"
        job = place / f"{name}-{target}"
        job.mkdir()
        folders[name, target] = jobs.make_job(job, model(name, place), flavor, target, rows=ROWS)
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    good = {key for key, job in folders.items() if converted(job).state == "converted"}
    for target in TARGETS:
        chosen = [folders[key] for key in sorted(good) if key[1] == target]
        elsewhere.run("judge", chosen, jobs.judge_environment(target))
    return folders


TARGETS = ("onnx", "savedmodel")


def model(name, place):
    """A model of the builder, or one of them broken."""
    folder = place / name
    if folder.exists():
        return folder
    if name not in BROKEN:
        return models.copy(name, folder)
    base, spoil = BROKEN[name]
    spoil(models.copy(base, folder))
    return folder


def cut(name):
    def spoil(folder):
        path = folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return spoil


def bomb(folder):
    path = folder / "data/model.keras"
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.txt", b"\0" * (64 << 20))


def not_a_model(folder):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Nothing", "config": {}}))
        archive.writestr("metadata.json", "{}")
    (folder / "data/model.keras").write_bytes(content.getvalue())


def wrong_type(folder):
    path = folder / "MLmodel"
    path.write_text(path.read_text().replace("model_type: keras", "model_type: prophet"))


BROKEN = {
    "damaged_keras": ("mlp", cut("data/model.keras")),
    "damaged_hdf5": ("hdf5", cut("data/model.h5")),
    "damaged_graph": ("module", cut("tf2model/saved_model.pb")),
    "bomb": ("mlp", bomb),
    "no_graph": ("module", lambda folder: (folder / "tf2model/saved_model.pb").unlink()),
    "no_keras": ("mlp", lambda folder: (folder / "data/model.keras").unlink()),
    "bad_pickle": (
        "own_layer",
        lambda folder: (folder / "data/custom_objects.cloudpickle").write_bytes(b"\x80\x05cos\n"),
    ),
    "not_a_model": ("mlp", not_a_model),
    "wrong_type": ("mlp", wrong_type),
}


def proven(job) -> JudgeReport:
    report = converted(job)
    assert report.state == "converted", f"{report.code}: {report.sentence}"
    verdict = judged(job)
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 250
    return verdict


@pytest.mark.parametrize("name", [*BOTH, *KERAS_NATIVE])
def test_a_model_answers_alike_as_onnx(done, name):
    job = done[name, "onnx"]
    assert "onnxruntime" in proven(job).runtime
    graph = onnx.load(job / "convert" / "model.onnx")
    assert graph.ir_version <= 10
    assert [(one.domain, one.version) for one in graph.opset_import if not one.domain] == [("", 18)]
    first = [value.type.tensor_type.shape.dim[0].dim_param for value in graph.graph.input]
    assert set(first) == {"N"}


@pytest.mark.parametrize("name", [*BOTH, *SAVED_ONLY, *KERAS_NATIVE])
def test_a_model_answers_alike_to_the_last_digit_as_saved_model(done, name):
    verdict = proven(done[name, "savedmodel"])
    assert verdict.runtime.startswith("tensorflow ")
    assert max(one.max_abs for one in verdict.parity) == 0.0


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_is_refused_by_name(done, name):
    report = converted(done[name, "onnx"])
    assert (report.state, report.code) == ("refused", REFUSED[name]), report.sentence


@pytest.mark.parametrize("name", ONNX_REFUSED)
def test_what_onnx_lacks_is_named_and_the_way_out_told(done, name):
    report = converted(done[name, "onnx"])
    code, said = ONNX_REFUSED[name]
    assert (report.state, report.code) == ("refused", code)
    assert said in report.sentence
    assert "SavedModel" in report.sentence


def test_names_and_shapes_are_the_signatures_and_the_layers(done):
    report = converted(done["two_inputs", "onnx"])
    assert [(i.name, i.dtype, i.shape) for i in report.inputs] == [
        ("words", "int32", [6]),
        ("numbers", "float32", [3]),
    ]
    assert [(o.name, o.width) for o in report.outputs] == [("score", 1), ("kind", 4)]


def test_an_answer_of_an_images_shape_keeps_it(done):
    (output,) = converted(done["segmentation", "onnx"]).outputs
    assert (output.shape, output.width) == ([8, 8, 3], 192)


def test_a_free_length_is_the_examples_and_said_to_be(done):
    report = converted(done["recurrent", "onnx"])
    assert report.inputs[0].shape == [7, 4]
    assert any("[7, 4]" in note for note in report.notes)


def test_tokens_stay_inside_the_vocabulary(done):
    report = converted(done["masked", "onnx"])
    assert report.excluded == {}


def test_missing_numbers_are_an_input_only_where_the_model_looks_for_them(done):
    assert converted(done["module", "onnx"]).inputs[0].nullable
    assert not converted(done["mlp", "onnx"]).inputs[0].nullable


def test_the_same_convolutions_are_the_same_files(tmp_path):
    contents = []
    for number in range(2):
        folders = []
        for target in TARGETS:
            place = tmp_path / f"{number}-{target}"
            place.mkdir()
            source = models.copy("cnn", place / "source")
            folders.append(jobs.make_job(place, source, "tensorflow", target, rows=100))
        elsewhere.run("convert", folders, models.ENVIRONMENT)
        names = archive_names(folders[1] / "convert/saved_model.zip")
        assert names == sorted(names)
        files = (folders[0] / "convert/model.onnx", folders[1] / "convert/saved_model.zip")
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]


def archive_names(path):
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return archive.namelist()


def test_a_bundle_of_a_saved_model_says_how_to_open_it(done, tmp_path):
    job = shutil.copytree(done["mlp", "savedmodel"], tmp_path / "job")
    request = json.loads((job / "request.json").read_text())
    (job / "request.json").write_text(json.dumps({**request, "build": 1}))
    assert jobs.call("bundle", job).returncode == 0
    readme = (job / "bundle/README.md").read_text()
    assert "SavedModelBundle.load" in readme
    assert (job / "bundle/LICENSES/TensorFlow.txt").is_file()
    assert not (job / "bundle/java").exists()
