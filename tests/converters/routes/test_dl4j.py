"""Keras models as HDF5 for Deeplearning4j, imported and scored by it in a JVM."""

import json
import shutil

import pytest

from converters.environments import jars
from converters.steps import preflight
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import dl4j_models as models
from tests.real_models import elsewhere
from workers import jars as jars_of

ROWS = 120
PROVEN = {
    **dict.fromkeys(models.KERAS_NAMES, "keras"),
    **dict.fromkeys(models.TENSORFLOW_NAMES, "tensorflow"),
    # Of those that are there for ONNX and SavedModel.
    **dict.fromkeys(["two_inputs", "hdf5", "columns"], "tensorflow"),
}
# Model → code, and what its owner is told by name.
REFUSED = {
    "softplus": ("dl4j_layer", "above 88"),
    "hard_sigmoid": ("dl4j_layer", "hard_sigmoid"),
    "gru": ("dl4j_layer", "(GRU)"),
    "backwards": ("dl4j_layer", "forwards alone"),
    "prelu": ("dl4j_layer", "(PReLU)"),
    "upsampling": ("dl4j_layer", "(UpSampling2D)"),
    "groups": ("dl4j_layer", "groups"),
    "average_steps": ("dl4j_layer", "(AveragePooling1D)"),
    "masking": ("dl4j_layer", "(Masking)"),
    "flat_both_ways": ("dl4j_layer", "(Flatten)"),
    "overwritten": ("dl4j_graph", "'cut' would overwrite the answer of 'first'"),
    "shared": ("dl4j_graph", "called 2 times"),
    "nested": ("dl4j_graph", "a model inside the model"),
    "operation": ("dl4j_graph", "no layer of Keras"),
    "masked": ("dl4j_layer", "masks"),
    "doubles": ("dl4j_precision", "float64"),
    "halves": ("dl4j_precision", "float16"),
    "regression": ("dl4j_layer", "(Normalization)"),
    "subclassed": ("dl4j_graph", "class of its own"),
    "module": ("dl4j_graph", "list of layers"),
    "exported": ("dl4j_graph", "list of layers"),
}
OF_TENSORFLOW = ("masked", "doubles", "halves", "regression", "subclassed", "module")

pytestmark = pytest.mark.skipif(
    not (shutil.which("mvn") or jars_of.place_of("dl4j", elsewhere.environments_folder()).exists()),
    reason=f"no Maven to fetch the jars of {jars('dl4j').title}",
)


def flavor_of(name):
    return PROVEN.get(name) or ("tensorflow" if name in OF_TENSORFLOW else "keras")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories by model, all converted and judged, in two children."""
    place = tmp_path_factory.mktemp("jobs")
    folders = {}
    for name in [*PROVEN, *REFUSED]:
        job = place / f"{name}-job"
        job.mkdir()
        made = models.copy(name, place / name)
        folders[name] = jobs.make_job(job, made, flavor_of(name), "hdf5", rows=ROWS)
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    good = [job for job in folders.values() if converted(job).state == "converted"]
    elsewhere.run("judge", good, jars_named="dl4j")
    return folders


@pytest.mark.parametrize("name", PROVEN)
def test_a_keras_model_answers_alike_in_deeplearning4j(done, name):
    report = converted(done[name])
    assert report.state == "converted", report.sentence
    verdict = judged(done[name])
    assert verdict.state == "proven", verdict.sentence
    assert verdict.runtime == "deeplearning4j 1.0.0-M2.1"
    assert verdict.rows >= ROWS
    assert {one.verdict for one in verdict.parity} == {"passed"}


@pytest.mark.parametrize("name", REFUSED)
def test_what_deeplearning4j_does_not_read_is_refused_by_name(done, name):
    code, told = REFUSED[name]
    report = converted(done[name])
    assert (report.state, report.code) == ("refused", code), report
    assert told in report.sentence
    assert "ONNX or SavedModel" in report.sentence


@pytest.mark.parametrize("name", [*PROVEN, *REFUSED])
def test_preflight_says_before_a_worker_is_spent_what_then_happens(done, name):
    told = json.loads(preflight.run(done[name] / "model"))
    verdict = next(row for row in told["verdicts"] if row["target"] == "hdf5")
    if name in PROVEN:
        assert verdict["answer"] == "can", verdict
    else:
        assert (verdict["answer"], verdict["code"]) == ("cannot", REFUSED[name][0]), verdict
        assert REFUSED[name][1] in verdict["sentence"]


def test_names_that_deeplearning4j_cannot_read_are_changed_and_told(done):
    assert any("'kernel'" in note for note in converted(done["table"]).notes)
    outputs = converted(done["residual"]).outputs
    assert [one.name for one in outputs] == ["score", "grid_answer", "pooled_answer"]
    assert [one.source for one in outputs] == ["score", "grid", "pooled"]
