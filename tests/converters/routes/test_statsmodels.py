"""statsmodels' results as ONNX and PMML: answers as their own predict gives them."""

import json
import shutil

import numpy as np
import onnxruntime
import pytest

from converters import golden
from converters.steps import preflight
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import elsewhere
from tests.real_models import statistics_models as models

TARGETS = ("onnx", "pmml")
WITH_POLES = ("glm_inverse",)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories by (model, target), converted and judged in two children."""
    place = tmp_path_factory.mktemp("jobs")
    folders = {}
    for name in [*models.CONVERTIBLE, *models.ONNX_ALONE, *models.REFUSED, *BROKEN]:
        for target in TARGETS if name in [*models.CONVERTIBLE, *models.ONNX_ALONE] else ("onnx",):
            job = place / f"{name}-{target}"
            job.mkdir()
            made = model(name, place / "models" / name)
            folders[name, target] = jobs.make_job(job, made, "statsmodels", target, rows=300)
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    elsewhere.run("judge", [job for job in folders.values() if converted(job).state == "converted"])
    return folders


def model(name, folder):
    if folder.exists():
        return folder
    base, spoil = BROKEN.get(name, (name, lambda folder: None))
    folder.parent.mkdir(exist_ok=True)
    spoil(models.copy(base, folder))
    return folder


def cut(folder):
    path = folder / "model.statsmodels"
    path.write_bytes(path.read_bytes()[:1000])


BROKEN = {
    "damaged": ("ols", cut),
    "gone": ("ols", lambda folder: (folder / "model.statsmodels").unlink()),
    "a_dict": ("ols", lambda folder: (folder / "model.statsmodels").write_bytes(b"\x80\x04}.")),
}
BROKEN_CODES = {
    "damaged": "model_unreadable",
    "gone": "model_file_missing",
    "a_dict": "model_class",
}


def test_whole_numbers_wrap_around_in_a_file_as_in_numpy(done):
    job = done["formula_whole", "onnx"]
    verdict = judged(job)
    assert verdict.state == "proven", verdict.sentence
    rows, expected = golden.read(job / "convert" / "rows")
    # Some rows are so large that a square wraps around, which only whole numbers do.
    assert (np.abs(rows["children"].astype(float)) > 2**32).any()
    assert len(expected)


def test_whole_numbers_are_not_computed_in_pmml(done):
    report = converted(done["formula_whole", "pmml"])
    assert (report.state, report.code) == ("refused", "not_in_pmml")
    assert "computes with `**` in whole numbers" in report.sentence


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", models.CONVERTIBLE)
def test_results_answer_alike_to_the_last_digits(done, name, target):
    job = done[name, target]
    report = converted(job)
    assert report.state == "converted", f"{report.code}: {report.sentence}"
    verdict = judged(job)
    assert verdict.state == "proven", verdict.sentence
    assert report.exact or name == "kinds"  # a column of float32 is rounded before it comes here
    (parity,) = verdict.parity
    # Beside a pole, the rounding of the sum before it is what is left.
    limit = 1e-9 if name in WITH_POLES else 1e-11
    assert min(parity.max_abs, parity.max_rel) < limit
    assert parity.nan_mismatches == 0


@pytest.mark.parametrize("name", models.REFUSED)
def test_what_is_no_formula_of_a_row_is_refused_by_name(done, name):
    report = converted(done[name, "onnx"])
    assert (report.state, report.code) == ("refused", models.REFUSED[name]), report.sentence
    assert "http" not in report.sentence


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused(done, name):
    report = converted(done[name, "onnx"])
    assert (report.state, report.code) == ("refused", BROKEN_CODES[name]), report.sentence


def test_a_time_series_is_known_before_it_is_loaded(tmp_path):
    folder = models.copy("arima", tmp_path / "model")
    done = json.loads(preflight.run(folder))
    told = {one["target"]: (one["answer"], one["code"]) for one in done["verdicts"]}
    assert told["onnx"] == ("cannot", "time_series")
    assert told["pmml"] == ("cannot", "time_series")


def test_an_offset_that_predict_leaves_out_is_said(done):
    (note,) = converted(done["exposed", "onnx"]).notes
    assert "offset" in note
    assert "leaves out" in note


def test_a_response_that_the_formula_transforms_is_said(done):
    (note,) = converted(done["formula_response", "onnx"]).notes
    assert "np.log(amount + 10)" in note
    assert converted(done["formula_plain", "onnx"]).notes == []


def test_a_category_that_was_not_learned_has_no_answer(done):
    job = done["formula_categories", "onnx"]
    session = onnxruntime.InferenceSession(job / "convert" / "model.onnx")
    row = {
        "town": np.array([["Pisa"], ["Rome"]], dtype=object),
        "age": np.array([[40.0], [40.0]]),
        "vip": np.array([[True], [True]]),
    }
    (answer,) = session.run(None, row)
    assert np.isnan(answer).tolist() == [True, False]
    assert any("NaN" in note for note in converted(job).notes)


def test_a_column_without_weight_must_still_be_there(done):
    job = done["regularized", "onnx"]
    session = onnxruntime.InferenceSession(job / "convert" / "model.onnx")
    rows = np.ones((3, 3))
    rows[np.arange(3), np.arange(3)] = np.nan
    (answer,) = session.run(None, {"X": rows})
    assert np.isnan(answer).all()


def test_a_formula_takes_its_columns_by_name_in_any_order(done):
    report = converted(done["formula_crossed", "onnx"])
    assert [one.name for one in report.inputs] == ["age", "town", "children", "vip"]
    assert [one.dtype for one in report.inputs] == ["float64", "string", "int64", "bool"]


def test_a_column_that_the_formula_reads_must_be_in_the_signature(tmp_path):
    folder = models.copy("formula_plain", tmp_path / "model")
    path = folder / "MLmodel"
    path.write_text(path.read_text().replace('"age"', '"other"').replace("'age'", "'other'"))
    text = path.read_text()
    assert "other" in text
    shutil.rmtree(tmp_path / "job", ignore_errors=True)
    (tmp_path / "job").mkdir()
    job = jobs.make_job(tmp_path / "job", folder, "statsmodels", "onnx")
    elsewhere.run("convert", [job], models.ENVIRONMENT)
    report = converted(job)
    assert (report.state, report.code) == ("refused", "column_missing"), json.dumps(report.sentence)
