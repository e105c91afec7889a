"""H2O's models as POJO: Java source, compiled here and scored by genmodel."""

import shutil

import pytest

from converters.targets import pojo
from converters.targets.scorer import FormatError
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import elsewhere
from tests.real_models import h2o_models as models

REFUSED = {"anomalies": "no_pojo", "bayes": "no_pojo", "skipping": "no_pojo"}
needs_javac = pytest.mark.skipif(shutil.which("javac") is None, reason="this machine has no javac")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories by model, converted in one server; two whose source is changed after."""
    place = tmp_path_factory.mktemp("jobs")
    (place / "models").mkdir()
    folders = {}
    names = [*models.SOURCES, *REFUSED]
    for name in [*names, "changed", "hostile"]:
        saved = models.copy(name if name in names else "linear", place / "models" / name)
        (place / name).mkdir()
        folders[name] = jobs.make_job(place / name, saved, "h2o", "pojo", rows=150)
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    if shutil.which("javac"):
        change(folders["changed"], "double eta = 0.0;", "double eta = 0.5;")
        change(folders["hostile"], "double eta = 0.0;", "double eta = 0.0; System.exit(0);")
    good = [job for job in folders.values() if converted(job).state == "converted"]
    elsewhere.run("judge", good, models.ENVIRONMENT)
    return folders


def change(job, old, new):
    path = job / "convert" / "Model.java"
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))
    jobs.forge(job)


@needs_javac
@pytest.mark.parametrize("name", models.SOURCES)
def test_a_source_compiles_and_answers_alike(done, name):
    report = converted(done[name])
    assert report.state == "converted", f"{report.code}: {report.sentence}"
    verdict = judged(done[name])
    assert verdict.state == "proven", verdict.sentence
    assert verdict.rows >= 100
    assert verdict.runtime == "h2o-genmodel 3.46.0.7"
    assert sum(one.mismatches for one in verdict.parity) == 0


@needs_javac
def test_the_source_names_its_class_after_its_file_and_no_machine(done):
    source = (done["gbm"] / "convert" / "Model.java").read_text()
    assert "public class Model extends GenModel" in source
    assert "127.0.0.1" not in source


@needs_javac
@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_source_or_a_wrong_one_is_refused_by_name(done, name):
    report = converted(done[name])
    assert (report.state, report.code) == ("refused", REFUSED[name]), report.sentence


@needs_javac
def test_a_source_that_computes_something_else_is_not_proven(done):
    verdict = judged(done["changed"])
    assert (verdict.state, verdict.code) == ("refused", "parity_failed")


@needs_javac
def test_a_source_that_reaches_out_is_not_even_compiled(done):
    verdict = judged(done["hostile"])
    assert (verdict.state, verdict.code) == ("refused", "unloadable")
    assert "System" in verdict.sentence


def test_without_a_compiler_the_owner_is_told_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FormatError, match="JDK, 17 or newer"):
        pojo.compiled("public class Model {}", tmp_path)
