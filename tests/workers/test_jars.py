"""Jars of judges: exactly the pinned ones, fetched by Maven once, checked at every use."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from converters import environments
from converters.catalog import TARGETS
from tests.real_models import elsewhere
from workers import jars
from workers.environments import STAMP, EnvironmentProblem
from workers.jvm import runtime
from workers.libraries import LIBRARIES

NAMES = [row.name for row in environments.JARS]


def never():
    return False


def test_every_set_of_jars_that_something_names_is_pinned_by_sum():
    named = {row.jars for row in TARGETS if row.jars} | {runtime.JARS}
    named |= {name for row in LIBRARIES for name in row.jars}
    assert named == set(NAMES)
    for name in NAMES:
        pins = jars.pins(name)
        assert all(re.fullmatch("[0-9a-f]{64}", pin.sha256) for pin in pins)
        assert len({pin.file for pin in pins}) == len(pins) > 0


def test_maven_is_asked_for_the_pinned_jars_and_for_nothing_that_they_ask_for():
    pins = jars.pins("dl4j")
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    asked = ElementTree.fromstring(jars._pom(pins)).findall("m:dependencies/m:dependency", space)
    assert [one.findtext("m:artifactId", namespaces=space) for one in asked] == [
        pin.artifact for pin in pins
    ]
    assert all(
        one.findtext("m:exclusions/m:exclusion/m:artifactId", namespaces=space) == "*"
        for one in asked
    )


def test_a_worker_without_maven_says_so_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="no Maven, which fetches") as caught:
        jars.ready("dl4j", tmp_path / "environments", print, never)
    assert caught.value.code == "environment_failed"
    assert not jars.place_of("dl4j", tmp_path / "environments").exists()


def test_a_jar_that_is_not_the_pinned_one_is_never_used(tmp_path, monkeypatch):
    place = jars.place_of("dl4j", tmp_path)
    (place / "jars").mkdir(parents=True)
    (place / STAMP).touch()
    for pin in jars.pins("dl4j"):
        (place / "jars" / pin.file).write_bytes(b"another")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem):
        jars.ready("dl4j", tmp_path, print, never)
    assert not place.exists()


def test_fetched_jars_need_neither_maven_nor_the_network(tmp_path, monkeypatch):
    folder = elsewhere.environments_folder()
    if not jars.place_of("dl4j", folder).exists():
        pytest.skip("the jars of Deeplearning4j have not been fetched here")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = jars.ready("dl4j", folder, print, never)
    assert sorted(path.name for path in found.iterdir()) == sorted(
        pin.file for pin in jars.pins("dl4j")
    )


def test_a_jar_too_many_is_noticed(tmp_path):
    folder = tmp_path / "jars"
    folder.mkdir()
    (folder / "stranger.jar").write_bytes(b"x")
    assert "stranger.jar" in jars._differing("dl4j", folder)


def test_mojos_are_run_on_the_genmodel_that_judges_them():
    (h2o,) = (
        line
        for line in environments.environment("h2o").pins.read_text(encoding="utf-8").splitlines()
        if line.startswith("h2o==")
    )
    assert environments.pinned("java", "ai.h2o", "h2o-genmodel") == h2o.split()[0].removeprefix(
        "h2o=="
    )
