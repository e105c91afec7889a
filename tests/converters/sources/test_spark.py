"""What Spark needs of a worker is told before anything of it is started."""

import os
import stat

import pytest

from converters.errors import Refused
from converters.sources import spark_session

WHOLE = ["java.base", "java.management", "java.naming", "java.security.jgss", "jdk.unsupported"]


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    spark_session.session.cache_clear()
    monkeypatch.delenv("JAVA_HOME", raising=False)


def java(folder, version, modules):
    """A stand-in that answers what the question is, as a Java with these modules would."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"{name}@{version}.0.2" for name in modules)
    (folder / "java").write_text(f"#!/bin/sh\ncat <<END\n{lines}\nEND\n")
    (folder / "java").chmod(stat.S_IRWXU)
    return folder


def refused(monkeypatch, path):
    monkeypatch.setenv("PATH", os.pathsep.join([str(path), "/usr/bin", "/bin"]) if path else "")
    with pytest.raises(Refused) as caught:
        spark_session.session()
    assert caught.value.code == "spark_java"
    assert "openjdk-17" in caught.value.sentence
    return caught.value.sentence


def test_a_worker_without_java_says_what_to_install(monkeypatch):
    assert "it has none" in refused(monkeypatch, "")


def test_a_java_that_is_too_old_is_told_with_its_version(monkeypatch, tmp_path):
    assert "version 11" in refused(monkeypatch, java(tmp_path, 11, WHOLE))


def test_a_java_cut_down_to_some_modules_is_told_by_what_it_lacks(monkeypatch, tmp_path):
    assert "without jdk.unsupported" in refused(monkeypatch, java(tmp_path, 21, WHOLE[:-1]))


def test_java_home_comes_before_the_path(monkeypatch, tmp_path):
    home = java(tmp_path / "home" / "bin", 17, WHOLE)
    monkeypatch.setenv("JAVA_HOME", str(home.parent))
    monkeypatch.setenv("PATH", os.pathsep.join([str(java(tmp_path / "other", 11, WHOLE)), "/bin"]))
    assert spark_session.whole_java() == home / "java"
