"""H2O's models as MOJO: genmodel answers like the server that trained them."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from converters import golden
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import elsewhere
from tests.real_models import h2o_models as models


def other_release(folder):
    path = folder / "MLmodel"
    path.write_text(path.read_text().replace("h2o_version: 3.46.0.7", "h2o_version: 3.46.0.12"))


def cut(folder):
    (path,) = [one for one in (folder / "model.h2o").iterdir() if one.suffix != ".yaml"]
    path.write_bytes(path.read_bytes()[:2000])


def signed(change):
    """What gives a model another signature: `change` gets its columns."""

    def spoil(folder):
        path = folder / "MLmodel"
        document = yaml.safe_load(path.read_text())
        columns = json.loads(document["signature"]["inputs"])
        document["signature"]["inputs"] = json.dumps(change(columns))
        del document["saved_input_example_info"]
        path.write_text(yaml.safe_dump(document))

    return spoil


def without_town(columns):
    return [one for one in columns if one["name"] != "town"]


def fractions(columns):
    return [one | ({"type": "double"} if one["name"] == "code" else {}) for one in columns]


def flags_for_texts(columns):
    return [one | ({"type": "boolean"} if one["name"] == "town" else {}) for one in columns]


REFUSED = {
    "bayes": ("bayes", lambda folder: None, "no_mojo"),
    "skipping": ("skipping", lambda folder: None, "no_mojo"),
    "paired": ("paired", lambda folder: None, "h2o_columns"),
    "gbm_encoded": ("gbm_encoded", lambda folder: None, "h2o_columns"),
    "clusters_levels": ("clusters_levels", lambda folder: None, "no_mojo"),
    "offset": ("offset", lambda folder: None, "h2o_offset"),
    "flags_for_texts": ("linear", signed(flags_for_texts), "category_types"),
    "other_release": ("linear", other_release, "h2o_version"),
    "damaged": ("linear", cut, "model_unreadable"),
    "without_town": ("linear", signed(without_town), "column_missing"),
    "fractions": ("linear", signed(fractions), "category_types"),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories by model, converted in one server and judged in one JVM."""
    place = tmp_path_factory.mktemp("jobs")
    folders = {}
    for name in [*models.CONVERTIBLE, *REFUSED]:
        base, spoil, _ = REFUSED.get(name, (name, lambda folder: None, ""))
        (place / "models").mkdir(exist_ok=True)
        folder = models.copy(base, place / "models" / name)
        spoil(folder)
        (place / name).mkdir()
        folders[name] = jobs.make_job(place / name, folder, "h2o", "mojo", rows=200)
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    good = [job for job in folders.values() if converted(job).state == "converted"]
    elsewhere.run("judge", good, models.ENVIRONMENT)
    return folders


@pytest.mark.parametrize("name", models.CONVERTIBLE)
def test_a_model_answers_alike_in_genmodel(done, name):
    report = converted(done[name])
    assert report.state == "converted", f"{report.code}: {report.sentence}"
    verdict = judged(done[name])
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 200
    assert verdict.runtime == "h2o-genmodel 3.46.0.7"
    assert max(one.max_abs for one in verdict.parity) < 1e-12
    assert sum(one.mismatches for one in verdict.parity) == 0


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_mojo_or_is_broken_is_refused_by_name(done, name):
    report = converted(done[name])
    assert (report.state, report.code) == ("refused", REFUSED[name][2]), report.sentence


def test_levels_are_text_and_whole_numbers_in_the_signatures_own_types(done):
    report = converted(done["gbm"])
    assert [(one.name, one.dtype) for one in report.inputs] == [
        ("age", "float64"),
        ("größe", "float64"),
        ("children", "int64"),
        ("town", "string"),
        ("code", "int64"),
        ("vip", "bool"),
    ]
    assert [one.nullable for one in report.inputs] == [True, True, False, True, False, False]


def test_flags_count_as_the_levels_that_the_client_wrote(done):
    rows, answers = golden.read(done["linear"] / "convert" / "rows")
    flags, numbers = rows["vip"], answers["prediction"]
    assert len({round(float(value), 9) for value in numbers[flags]}) > 1
    assert numbers[flags].mean() > numbers[~flags].mean() + 0.3  # trained to be 1 more


def test_a_classifiers_outputs_are_its_label_and_its_probabilities(done):
    label, probabilities = converted(done["several"]).outputs
    assert (label.name, label.classes) == ("label", ["high", "low", "mid"])
    assert (probabilities.name, probabilities.width) == ("probabilities", 3)


def test_rows_with_unknown_and_missing_levels_are_among_the_judged(done):
    kinds = set(json.loads((done["gbm"] / "convert" / "kinds.json").read_text()))
    assert "missing" in kinds
    with zipfile.ZipFile(done["gbm"] / "convert" / "model.zip") as archive:
        assert "model.ini" in archive.namelist()


def test_another_archive_is_no_mojo(done, tmp_path):
    job = tmp_path / "job"  # a copy: the others are judged by other tests, in any order
    shutil.copytree(done["clusters"], job)
    with zipfile.ZipFile(job / "convert" / "model.zip", "w") as archive:
        archive.writestr("something.txt", "else")
    jobs.forge(job)
    elsewhere.run("judge", [job], models.ENVIRONMENT)
    verdict = judged(job)
    assert (verdict.state, verdict.code) == ("refused", "unloadable")
    assert "no MOJO" in verdict.sentence


def test_a_bundle_that_a_jvm_judged_says_that_it_was_proven_there(done):
    job = done["gbm"]
    request = json.loads((job / "request.json").read_text())
    (job / "request.json").write_text(json.dumps(request | {"build": 1}))
    told = jobs.call("bundle", job)
    assert told.returncode == 0, told.stderr
    assert json.loads((job / "bundle" / "manifest.json").read_text())["jvm"] == "proven"
    readme = (job / "bundle" / "README.md").read_text()
    assert "`h2o-genmodel 3.46.0.7` in a JVM gave the original's answers" in readme
    assert "not proven" not in readme
    assert "<dt>In the JVM</dt><dd>proven</dd>" in (job / "bundle" / "parity.html").read_text()


DIES = """
import h2o
from converters.sources import h2o_server

ask, told = h2o.rapids, []


def dying(expression):
    first = not told
    told.append("killed" if first else "stopped by itself")
    if first:
        server = h2o.connection().local_server._process
        server.kill()
        server.wait()
    answer = ask(expression)
    told[-1] = "answered"
    return answer


h2o.rapids = dying
rows = h2o_server.connected().H2OFrame([[1, 2], [3, 4]]).nrows
# One in twenty servers stops itself without being told to; such a start counts for nothing here.
print(rows, [what for what in told if what != "stopped by itself"])
"""


def test_a_server_that_stops_itself_at_its_first_session_is_started_again():
    python = elsewhere.python(models.ENVIRONMENT)
    done = subprocess.run(
        [python, "-c", DIES], capture_output=True, text=True, timeout=300, check=False
    )
    told = "2 ['killed', 'answered']"
    assert told in done.stdout.splitlines(), done.stdout + done.stderr


def test_a_conversion_leaves_no_server_and_no_folder_behind(tmp_path):
    (tmp_path / "scratch").mkdir()
    folder = models.copy("linear", tmp_path / "linear")
    job = jobs.make_job(tmp_path, folder, "h2o", "mojo", rows=20)
    subprocess.run(
        [elsewhere.python(models.ENVIRONMENT), "-m", "converters", "convert", str(job)],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path / "scratch")},
        capture_output=True,
        timeout=300,
        check=True,
    )
    assert converted(job).state == "converted"
    assert not list((tmp_path / "scratch").glob("h2o-*"))
    alive = [path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if mine(path, job)]
    assert alive == []


def mine(path, job):
    """Whether a process was started for this job; its scratch folder is on the command line."""
    try:
        return str(job.parent / "scratch").encode() in path.read_bytes()
    except OSError:
        return False
