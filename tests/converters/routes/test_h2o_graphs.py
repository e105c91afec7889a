"""H2O's models written on our own emitters: ONNX and PMML answer like the server."""

import numpy as np
import pytest

from converters import golden
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import elsewhere
from tests.real_models import h2o_models as models

REFUSED = {
    "bayes": "no_converter",
    "offset": "h2o_offset",
    "paired": "h2o_columns",
    "gbm_encoded": "h2o_columns",
}
# Another writer of the same graph: one model of each kind is enough.
IN_PMML = [
    *("gbm", "gbm_places", "forest", "several", "ordered", "skipping", "network_kinds"),
    *("clusters_scaled", "anomalies"),
]
JOBS = [("onnx", name) for name in models.WRITTEN] + [("pmml", name) for name in IN_PMML]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories by target and model, converted in one server, judged where they run."""
    place = tmp_path_factory.mktemp("jobs")
    (place / "models").mkdir()
    saved = {
        name: models.copy(name, place / "models" / name)
        for name in [*models.WRITTEN, *REFUSED, models.GAPS]
    }
    folders = {}
    for target, name in [*JOBS, *(("onnx", name) for name in (*REFUSED, models.GAPS))]:
        (place / f"{target}_{name}").mkdir()
        folders[target, name] = jobs.make_job(
            place / f"{target}_{name}", saved[name], "h2o", target, rows=150
        )
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    elsewhere.run("judge", [job for job in folders.values() if converted(job).file])
    return folders


@pytest.mark.parametrize(("target", "name"), JOBS)
def test_a_model_answers_alike(done, target, name):
    report = converted(done[target, name])
    assert report.state == "converted", f"{report.code}: {report.sentence}"
    assert report.exact
    verdict = judged(done[target, name])
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 100
    assert sum(one.mismatches for one in verdict.parity) == 0


@pytest.mark.parametrize("name", ["forest", "forest_balanced", "gbm_amount", "anomalies"])
def test_trees_answer_to_the_last_bit_beside_their_split_points(done, name):
    """Which they do only where the server is given the doubles themselves, not their digits."""
    assert "threshold" in (done["onnx", name] / "convert" / "kinds.json").read_text()
    assert max(one.max_abs for one in judged(done["onnx", name]).parity) == 0.0


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_written_is_refused_by_name(done, name):
    report = converted(done["onnx", name])
    assert (report.state, report.code) == ("refused", REFUSED[name]), report.sentence
    assert report.sentence.endswith(".")


def test_a_model_that_skips_gaps_answers_an_unknown_level_and_no_missing_one(done):
    rows, answers = golden.read(done["onnx", "skipping"] / "convert" / "rows")
    missing = np.array([town is None for town in rows["town"]]) | np.isnan(rows["age"])
    unknown = rows["town"] == "crossport never seen"
    assert missing.any()
    assert np.array_equal(np.isnan(answers["prediction"]), missing | np.isnan(rows["größe"]))
    assert (unknown & ~missing).any()


def test_a_missing_text_that_was_a_level_in_training_is_none_to_the_file(done):
    report = converted(done["onnx", models.GAPS])
    assert {one.name: one.nullable for one in report.inputs} == {"mood": False, "age": True}
    assert judged(done["onnx", models.GAPS]).state == "proven"
    rows, _ = golden.read(done["onnx", models.GAPS] / "convert" / "rows")
    assert "nan" in rows["mood"]
    assert not any(mood is None for mood in rows["mood"])


def test_levels_are_text_flags_and_whole_numbers_as_in_the_signature(done):
    inputs = converted(done["onnx", "gbm"]).inputs
    assert {one.name: one.dtype for one in inputs} == {
        "age": "float64",
        "größe": "float64",
        "children": "int64",
        "town": "string",
        "code": "int64",
        "vip": "bool",
    }


def test_an_isolation_forest_gives_its_score_and_its_mean_path(done):
    assert [one.name for one in converted(done["onnx", "anomalies"]).outputs] == [
        "prediction",
        "mean_length",
    ]


def test_a_draw_between_equal_classes_is_told(done):
    assert any("equally probable" in note for note in converted(done["onnx", "forest"]).notes)
