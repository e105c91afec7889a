"""Spark's pipelines as ONNX and PMML: answers as Spark itself gives them."""

import json
import shutil

import numpy as np
import onnxruntime
import pytest

from converters import golden
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import elsewhere
from tests.real_models import spark_models as models

pytestmark = pytest.mark.skipif(bool(models.NO_JAVA), reason=models.NO_JAVA)

# In PMML those that differ in what they ask of it: text, categories, sums, functions, many trees.
IN_PMML = [
    *("logistic_strict", "forest", "boosted", "forest_amount", "tree_amount", "generalized"),
    *("gaussian_bayes", "perceptron", "clusters", "isotonic", "expanded"),
]
OLDER = "spark_3_5"
CASES = [
    (OLDER, "onnx"),
    *((name, "onnx") for name in models.CONVERTIBLE),
    *((name, "pmml") for name in IN_PMML),
]


def stage(folder, number):
    (found,) = (folder / "sparkml" / "stages").glob(f"{number}_*")
    return found


def cut(folder):
    for path in stage(folder, 0).rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:100])
    for path in stage(folder, 0).rglob(".*.crc"):
        path.unlink()


def without_data(folder):
    shutil.rmtree(stage(folder, 2) / "data")


def from_tomorrow(folder):
    without_data(folder)
    for path in (folder / "sparkml" / "metadata").glob("part-*"):
        path.write_text(path.read_text().replace('"sparkVersion":"4.', '"sparkVersion":"5.'))


def without_town(folder):
    path = folder / "MLmodel"
    path.write_text(path.read_text().replace('"name": "town"', '"name": "city"'))


def fewer(folder):
    path = folder / "MLmodel"
    told = '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]'
    text = path.read_text()
    start, end = text.index("  inputs:"), text.index("  outputs:")
    path.write_text(f"{text[:start]}  inputs: '{told}'\n{text[end:]}")


BROKEN = {
    "cut": ("forest_amount", cut, "model_unreadable"),
    "without_data": ("linear", without_data, "model_unreadable"),
    "from_tomorrow": ("linear", from_tomorrow, "spark_version"),
    "without_town": ("logistic", without_town, "column_missing"),
    "fewer": ("boosted_amount", fewer, "spark_width"),
    "statement": ("statement", lambda folder: None, "spark_stage"),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories by (model, target), converted in one Spark session, judged in one child."""
    place = tmp_path_factory.mktemp("jobs")
    (place / "models").mkdir()
    folders = {}
    for name, target in [*CASES, *((name, "onnx") for name in BROKEN)]:
        base, spoil, _ = BROKEN.get(name, (name, lambda folder: None, ""))
        folder = place / "models" / name
        if not folder.exists():
            spoil(models.older(folder) if name == OLDER else models.copy(base, folder))
        job = place / f"{name}-{target}"
        job.mkdir()
        folders[name, target] = jobs.make_job(job, folder, "spark", target, rows=100)
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    elsewhere.run("judge", [job for job in folders.values() if converted(job).state == "converted"])
    return folders


@pytest.mark.parametrize(("name", "target"), CASES)
def test_a_pipeline_answers_alike_to_the_last_digits(done, name, target):
    report = converted(done[name, target])
    assert report.state == "converted", f"{report.code}: {report.sentence}"
    assert report.exact
    verdict = judged(done[name, target])
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 100
    assert sum(one.mismatches for one in verdict.parity) == 0


def test_a_pipeline_saved_by_an_older_spark_is_answered_by_this_one_and_says_so(done):
    notes = converted(done[OLDER, "onnx"]).notes
    assert any("saved by Spark 3.5.7 and answered by Spark 4." in note for note in notes)


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_or_not_written_is_refused_by_name(done, name):
    report = converted(done[name, "onnx"])
    assert (report.state, report.code) == ("refused", BROKEN[name][2]), report.sentence
    assert "Py4J" not in report.sentence


def scored(job, rows):
    session = onnxruntime.InferenceSession(job / "convert" / "model.onnx")
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, rows), strict=True))


def person(town):
    return {
        "age": np.array([[40.0]]),
        "größe in cm": np.array([[181.0]]),
        "children": np.array([[2]]),
        "town": np.array([[town]], dtype=object),
        "vip": np.array([[True]]),
    }


def test_a_text_that_spark_refuses_is_answered_with_nothing(done):
    job = done["logistic_strict", "onnx"]
    known, unknown = scored(job, person("Rome")), scored(job, person("Paris"))
    assert known["answered"].tolist() in (["yes"], ["no"])
    assert np.isfinite(known["probability"]).all()
    assert unknown["answered"].tolist() == [""]
    assert np.isnan(unknown["prediction"]).all()
    assert np.isnan(unknown["probability"]).all()
    assert any("NaN" in note for note in converted(job).notes)


def test_a_text_that_is_kept_has_a_place_of_its_own(done):
    job = done["forest", "onnx"]
    shares = scored(job, person("Paris"))["probability"]
    assert np.isfinite(shares).all()
    rows, _ = golden.read(job / "convert" / "rows")
    assert set(rows["town"].tolist()) - {"Rome", "Oslo", "Bern", "São Paulo", None}
    town = next(one for one in converted(job).inputs if one.name == "town")
    assert town.nullable


def test_the_outputs_are_named_as_in_spark_and_the_label_comes_first(done):
    label, text, raw, shares = converted(done["logistic_strict", "onnx"]).outputs
    assert (label.name, label.classes, label.dtype) == ("prediction", [0.0, 1.0], "float64")
    assert (text.name, text.classes, text.dtype) == ("answered", ["no", "yes"], "string")
    assert (raw.name, raw.width) == ("rawPrediction", 2)
    assert (shares.name, shares.width) == ("probability", 2)


def test_a_vector_that_the_caller_assembles_is_one_tensor(done):
    report = converted(done["boosted_amount", "onnx"])
    assert [(one.name, one.dtype) for one in report.inputs] == [("X", "float64")]
    assert report.signature is not None
    assert report.signature.tensor is not None
    assert report.signature.tensor.shape == [-1, 3]


def test_rows_lie_on_the_splits_and_beside_them(done):
    job = done["tree", "onnx"]
    splits = json.loads((job / "convert" / "splits.json").read_text())
    rows, _ = golden.read(job / "convert" / "rows")
    ages = set(rows["age"].tolist())
    found = [at for at in splits["age"] if at in ages and np.nextafter(at, np.inf) in ages]
    assert found


def test_an_imputed_column_takes_gaps_and_another_does_not(done):
    inputs = {one.name: one for one in converted(done["forest_amount", "pmml"]).inputs}
    assert inputs["income"].nullable
    assert not inputs["age"].nullable
