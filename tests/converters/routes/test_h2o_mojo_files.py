"""A MOJO that stands alone, without the model that it was written of."""

import json
import shutil
import zipfile

import pytest

from converters.steps import preflight
from tests.converters import jobs
from tests.converters.jobs import converted, judged
from tests.real_models import elsewhere
from tests.real_models import h2o_models as models

ROUTES = {
    "gbm_mojo": ("gbm", "mojo", "converted"),
    "gbm_onnx": ("gbm", "onnx", "converted"),
    "gbm_pmml": ("gbm", "pmml", "converted"),
    "gbm_pojo": ("gbm", "pojo", "no_pojo"),
    "several_mojo": ("several", "mojo", "model_class"),
    "several_onnx": ("several", "onnx", "model_class"),
    "encoded": ("gbm", "mojo", "h2o_columns"),
    "older": ("gbm", "mojo", "h2o_version"),
    "cut": ("gbm", "mojo", "model_unreadable"),
}
SPOILT = {
    "encoded": ("_genmodel_encoding = AUTO", "_genmodel_encoding = OneHotExplicit"),
    "older": ("h2o_version = 3.46.0.7", "h2o_version = 3.10.0.1"),
    "cut": ("n_features = 6", "n_features = six"),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Job directories of MOJOs by name, each converted in one server."""
    place = tmp_path_factory.mktemp("mojos")
    written = {}
    for name in ("gbm", "several"):
        saved = models.copy(name, place / f"saved_{name}")
        (place / f"of_{name}").mkdir()
        written[name] = jobs.make_job(place / f"of_{name}", saved, "h2o", "mojo", rows=20)
    elsewhere.run("convert", list(written.values()), models.ENVIRONMENT)
    folders = {}
    for name, (of, target, _) in ROUTES.items():
        alone = place / f"alone_{name}"
        alone.mkdir()
        rewritten(written[of] / "convert" / "model.zip", alone / "model.zip", SPOILT.get(name))
        (place / name).mkdir()
        folders[name] = jobs.make_job(place / name, alone, "h2o", target, rows=200)
    elsewhere.run("convert", list(folders.values()), models.ENVIRONMENT)
    return folders


def rewritten(source, target, change):
    """Copy a MOJO, with a line of its model.ini changed."""
    if change is None:
        shutil.copy(source, target)
        return
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "model.ini":
                assert change[0].encode() in content
                content = content.replace(*(text.encode() for text in change))
            new.writestr(name, content)


@pytest.mark.parametrize("name", ROUTES)
def test_a_mojo_alone_goes_as_h2os_own_or_is_refused_by_name(done, name):
    _, target, expected = ROUTES[name]
    report = converted(done[name])
    assert expected in (report.state, report.code), f"{report.code}: {report.sentence}"
    if report.state != "converted":
        assert report.state == "refused"
        return
    environment = models.ENVIRONMENT if target == "mojo" else "standard"
    elsewhere.run("judge", [done[name]], environment)
    verdict = judged(done[name])
    assert verdict.state == "proven", verdict.sentence
    if target == "mojo":
        written = (done[name] / "convert" / "model.zip").read_bytes()
        assert written == (done[name] / "model" / "model.zip").read_bytes()


@pytest.mark.parametrize("name", ["encoded", "older", "gbm_pojo"])
def test_preflight_of_a_mojo_alone_says_the_same(done, name):
    _, target, expected = ROUTES[name]
    told = json.loads(preflight.run(done[name] / "model"))["verdicts"]
    assert {one["code"] for one in told if one["target"] == target} == {expected}
