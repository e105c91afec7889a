"""The Maven repository, asked by the real client: versions, ranges, aliases, sums, tokens."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from converters import contract
from converters.bundle import manifest as manifests
from converters.bundle.build import build
from portal.api import tokens
from registry.models import Alias, RegisteredModel
from registry.storage import store
from tests.converters.bundle.jobs import mixed_job, rewrite
from tests.portal.rows import (
    make_export,
    make_job,
    make_model,
    make_source,
    make_user,
    make_version,
)
from tests.real_models import elsewhere
from workers import jars, jvm, maven
from workers.models import Bundle, Export, Job, JobState, MavenProject

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven here"),
]
GROUP, ARTIFACT = "com.example", "fraud-scoring"
HOME = "com/example/fraud-scoring"
Compiled = tuple[Path, Path, dict[str, Any]]


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Compiled]]:
    """`version.build` → bundle, classes and manifest, of Java that a JVM has compiled and run."""
    place = tmp_path_factory.mktemp("compiled")
    checker = jvm.Checker(place / "jvm")
    checker.ready(elsewhere.environments_folder(), print, never)
    found = {}
    for wanted in ("2.1", "3.1", "3.2"):
        version, number = wanted.split(".")
        job = mixed_job(place / wanted, rows=30, maven_group=GROUP, version=version)
        rewrite(job / "request.json", contract.Request, build=int(number))
        build(job)
        (job / "jvm").mkdir()
        ran = checker.check(job / "bundle", job / "jvm", 120, never)
        assert ran.state == "ran", ran.message
        manifest = dataclasses.asdict(manifests.read_manifest(job / "bundle"))
        found[wanted] = (job / "bundle", job / "jvm" / "classes", manifest)
    checker.close()
    yield found


@pytest.fixture
def model(settings: Any, tmp_path: Path) -> RegisteredModel:
    """A mirrored model with versions 2 and 3, of which nothing is published yet."""
    settings.STORAGE_URL = (tmp_path / "storage").as_uri()
    found = make_model(name=ARTIFACT, source=make_source(maven_group=GROUP))
    for number in (2, 3):
        make_version(model=found, number=number)
    return found


def publish(model: RegisteredModel, wanted: str, compiled: dict[str, Compiled], to: Path) -> Bundle:
    """What a worker does when a bundle has been proven, without the zip."""
    bundle, classes, manifest = compiled[wanted]
    version = model.versions.get(number=int(wanted.split(".")[0]))
    export = make_export(version=version, target="onnx")
    row = Bundle.objects.create(
        version=version,
        export=export,
        job=make_job(export=export, state=JobState.SUCCEEDED),
        target="onnx",
        build=int(wanted.split(".")[1]),
        file_name=f"{wanted}.zip",
        sha256="0" * 64,
        size=1,
        manifest=manifest,
    )
    maven.record(row, maven.make(to / f"made {wanted} {row.pk}", bundle, classes, manifest))
    return row


def alias(model: RegisteredModel, number: int) -> None:
    """Have `champion` point at a version."""
    version = model.versions.get(number=number)
    Alias.objects.update_or_create(model=model, name="champion", defaults={"version": version})


class Consumer:
    """A Maven project that scores with a model from the repository, and its local repository."""

    APP = """import com.example.fraudscoring.*;

public class App {
  public static void main(String[] arguments) throws Exception {
    try (FraudScoringModel model = FraudScoringModel.load()) {
      FraudScoringInput input = FraudScoringInput.builder()
          .größeCm(1.0).city("Ulm").n(1L).on(true).classValue(0.5f).build();
      System.out.println(FraudScoringProvenance.VERSION + " " + model.score(input).label().text());
    }
  }
}
"""

    def __init__(self, folder: Path, local: Path, url: str, password: str = "") -> None:
        self.folder, self.local = folder, local
        (folder / "src/main/java").mkdir(parents=True)
        (folder / "src/main/java/App.java").write_text(self.APP, encoding="utf-8")
        self.url, self.password = url, password
        (folder / "settings.xml").write_text(
            "<settings><servers><server><id>crossport</id><username>build</username>"
            f"<password>{password}</password></server></servers></settings>"
        )

    def build(self, version: str, lines: str = "") -> subprocess.CompletedProcess[str]:
        """Resolve and compile against this version of the model, by a page's lines or by ours."""
        every = "<enabled>true</enabled><updatePolicy>always</updatePolicy>"
        every += "<checksumPolicy>fail</checksumPolicy>"
        lines = lines or (
            f"<repositories><repository><id>crossport</id><url>{self.url}/maven/</url>"
            f"<releases>{every}</releases><snapshots>{every}</snapshots></repository>"
            "</repositories><dependency>"
            f"<groupId>{GROUP}</groupId><artifactId>{ARTIFACT}</artifactId>"
            f"<version>{version}</version></dependency>"
        )
        lines = lines.replace("<dependency>", "<dependencies><dependency>")
        (self.folder / "pom.xml").write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
            "<groupId>c</groupId><artifactId>consumer</artifactId><version>1</version>"
            "<properties><maven.compiler.release>17</maven.compiler.release>"
            "<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>"
            f"{lines}</dependencies><build><plugins>"
            "<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.13.0</version>"
            "</plugin><plugin><artifactId>maven-resources-plugin</artifactId>"
            "<version>3.3.1</version></plugin></plugins></build></project>"
        )
        command = ["mvn", "-U", "--batch-mode", "--no-transfer-progress", "-s", "settings.xml"]
        command += [f"-Dmaven.repo.local={self.local}", "-Dmdep.outputFile=class.path", "compile"]
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
        command.append(f"{plugin}:build-classpath")
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True)

    def score(self, version: str) -> str:
        """What the program prints that was built against this version."""
        done = self.build(version)
        assert done.returncode == 0, done.stdout[-3000:]
        path = f"target/classes:{(self.folder / 'class.path').read_text()}"
        ran = subprocess.run(
            ["java", "-cp", path, "App"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.split()[0]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local repository that begins empty, and keeps what comes from elsewhere."""
    return tmp_path_factory.mktemp("m2")


@pytest.fixture
def consumer(local: Path, tmp_path: Path, live_server: Any) -> Consumer:
    """A project that has fetched nothing of ours yet."""
    shutil.rmtree(local / "com/example", ignore_errors=True)
    _, text = tokens.issue(make_user(), "a build")
    return Consumer(tmp_path / "consumer", local, live_server.url, text)


def test_a_build_resolves_versions_ranges_and_the_latest_and_scores(
    model, compiled, consumer, settings, tmp_path
):
    settings.OPEN_READING = False
    publish(model, "2.1", compiled, tmp_path)
    publish(model, "3.1", compiled, tmp_path)
    assert consumer.score("2.1") == "2"
    assert consumer.score("[2,3)") == "2"
    assert consumer.score("[2,4)") == "3"
    assert consumer.score("LATEST") == "3"
    # What is published next is found next, and nothing before it is.
    make_job(export=make_export(version=model.versions.get(number=3)), state=JobState.RUNNING)
    assert "3.2" not in get(consumer.url, f"{HOME}/maven-metadata.xml", consumer.password)[1]
    publish(model, "3.2", compiled, tmp_path)
    consumer.build("RELEASE")
    assert "fraud-scoring-3.2.jar" in (consumer.folder / "class.path").read_text()


def test_the_lines_on_a_bundles_page_are_what_a_build_needs(model, compiled, consumer, tmp_path):
    bundle = publish(model, "3.1", compiled, tmp_path)
    with urllib.request.urlopen(f"{consumer.url}/bundles/{bundle.pk}/") as answer:
        page = answer.read().decode()
    found = re.search(r'<pre class="snippet" id="maven"[^>]*>(.*?)</pre>', page, re.S)
    assert found is not None
    lines = html.unescape(found[1])
    assert f"<url>{consumer.url}/maven/</url>" in lines
    assert consumer.build("", lines).returncode == 0
    for tool in ("gradle-kotlin", "gradle-groovy", "sbt", "bazel", "jbang"):
        (text,) = re.findall(rf'id="{tool}"[^>]*>(.*?)</pre>', page, re.S)
        assert f"{consumer.url}/maven/" in text
        assert ARTIFACT in text


@pytest.mark.skipif(shutil.which("gradle") is None, reason="no Gradle here")
def test_gradle_resolves_by_the_lines_of_a_bundles_page_and_scores(
    model, compiled, consumer, client, settings, tmp_path
):
    settings.OPEN_READING = False
    bundle = publish(model, "3.1", compiled, tmp_path)
    client.force_login(make_user())
    host = consumer.url.removeprefix("http://")
    page = client.get(f"/bundles/{bundle.pk}/", headers={"host": host}).content.decode()
    (lines,) = re.findall(r'id="gradle-groovy"[^>]*>(.*?)</pre>', page, re.S)
    lines = html.unescape(lines)
    assert f"url '{consumer.url}/maven/'" in lines
    # The runtime comes from a folder: this is about our repository, not about the world's.
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for jar in jars.ready("java", elsewhere.environments_folder(), print, never).glob("*.jar"):
        if jar.name.startswith("com.microsoft.onnxruntime."):
            shutil.copy(jar, runtime / jar.name.removeprefix("com.microsoft.onnxruntime."))
    lines = lines.replace("mavenCentral()", f"flatDir {{ dirs '{runtime}' }}")
    encoding = "compileJava.options.encoding = 'UTF-8'"
    (consumer.folder / "build.gradle").write_text(
        f"apply plugin: 'application'\nmainClassName = 'App'\n{encoding}\n{lines}\n"
    )
    (consumer.folder / "settings.gradle").write_text("rootProject.name = 'consumer'\n")
    home = tmp_path / "gradle home"
    command = ["gradle", "--no-daemon", "--console=plain", "-q", "-g", str(home), "run"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    environment["CROSSPORT_TOKEN"] = consumer.password
    ran = subprocess.run(
        command, cwd=consumer.folder, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.split()[0] == "3"
    environment["CROSSPORT_TOKEN"] = "cpt_wrong"
    command[-3:] = ["-g", str(tmp_path / "other home"), "run"]
    ran = subprocess.run(
        command, cwd=consumer.folder, env=environment, capture_output=True, text=True
    )
    assert ran.returncode != 0
    assert "401" in ran.stderr


def test_an_alias_is_a_snapshot_and_the_build_follows_it(model, compiled, consumer, tmp_path):
    publish(model, "2.1", compiled, tmp_path)
    publish(model, "3.1", compiled, tmp_path)
    alias(model, 2)
    assert consumer.score("champion-SNAPSHOT") == "2"
    alias(model, 3)
    assert consumer.score("champion-SNAPSHOT") == "3"
    alias(model, 2)
    assert consumer.score("champion-SNAPSHOT") == "2"
    project = MavenProject.objects.get(model=model)
    assert [one.number for one in project.alias_builds.order_by("number")] == [1, 2, 3]


def test_a_newer_build_of_an_aliass_version_is_a_new_build_of_the_alias(
    model, compiled, consumer, tmp_path
):
    publish(model, "3.1", compiled, tmp_path)
    alias(model, 3)
    path = f"{HOME}/champion-SNAPSHOT/maven-metadata.xml"
    assert "<buildNumber>1</buildNumber>" in get(consumer.url, path)[1]
    assert "<buildNumber>1</buildNumber>" in get(consumer.url, path)[1]
    publish(model, "3.2", compiled, tmp_path)
    assert "<buildNumber>2</buildNumber>" in get(consumer.url, path)[1]
    # The build of before keeps its file.
    project = MavenProject.objects.get(model=model)
    first = project.alias_builds.get(number=1)
    stamp = first.created_at.strftime("%Y%m%d.%H%M%S")
    found = f"{HOME}/champion-SNAPSHOT/fraud-scoring-champion-{stamp}-1.pom"
    status, text, _ = get(consumer.url, found)
    assert status == 200
    assert "<version>champion-SNAPSHOT</version>" in text
    assert get(consumer.url, found.replace("-1.pom", "-2.pom"))[0] in (200, 404)


def test_a_changed_byte_is_caught_by_the_client(model, compiled, consumer, tmp_path):
    bundle = publish(model, "3.1", compiled, tmp_path)
    jar = store().path(bundle.artifacts.get(kind="jar").sha256)
    content = bytearray(jar.read_bytes())
    content[len(content) // 2] ^= 1
    jar.chmod(0o644)
    jar.write_bytes(content)
    done = consumer.build("3.1")
    assert done.returncode != 0
    assert "Checksum validation failed" in done.stdout


def get(url: str, path: str, password: str = "", **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers of one file of the repository."""
    if password:
        told = base64.b64encode(f"anybody:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {told}"
    asked = urllib.request.Request(f"{url}/maven/{path}", headers=headers)
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, answer.read().decode("latin-1"), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def test_a_stranger_is_asked_for_a_token_where_reading_is_closed(
    model, compiled, settings, live_server, tmp_path
):
    publish(model, "3.1", compiled, tmp_path)
    pom = f"{HOME}/3.1/fraud-scoring-3.1.pom"
    assert get(live_server.url, pom)[0] == 200
    assert get(live_server.url, pom, "cpt_wrong")[0] == 401
    settings.OPEN_READING = False
    status, _, headers = get(live_server.url, pom)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="crossport"')
    token, text = tokens.issue(make_user(), "a build")
    assert get(live_server.url, pom, text)[0] == 200
    assert get(live_server.url, pom, Authorization=f"Bearer {text}")[0] == 200
    tokens.revoke(token)
    assert get(live_server.url, pom, text)[0] == 401


def test_a_model_that_a_token_is_not_for_is_not_there(
    model, compiled, settings, live_server, tmp_path
):
    settings.OPEN_READING, settings.MAVEN_MAKES = False, True
    publish(model, "3.1", compiled, tmp_path)
    alias(model, 3)
    _, own = tokens.issue(make_user(), "own", sources=[model.source])
    _, other = tokens.issue(make_user(), "other", sources=[make_source()])
    names = ["3.1/fraud-scoring-3.1.jar", "3.1/fraud-scoring-3.1.jar.sha1", "maven-metadata.xml"]
    names += ["champion-SNAPSHOT/maven-metadata.xml"]
    for name in names:
        assert get(live_server.url, f"{HOME}/{name}", own)[0] == 200
        assert get(live_server.url, f"{HOME}/{name}", other)[0] == 404
    before = Export.objects.count()
    assert get(live_server.url, f"{HOME}/2.1/fraud-scoring-2.1.pom", other)[0] == 404
    assert Export.objects.count() == before


def test_sums_are_those_of_the_files_and_all_else_is_not_there(
    model, compiled, live_server, tmp_path
):
    publish(model, "3.1", compiled, tmp_path)
    names = ["3.1/fraud-scoring-3.1.jar", "3.1/fraud-scoring-3.1.pom", "maven-metadata.xml"]
    names.append("3.1/fraud-scoring-3.1-sources.jar")
    for name in names:
        status, text, _ = get(live_server.url, f"{HOME}/{name}")
        assert status == 200
        for kind in ("md5", "sha1", "sha256", "sha512"):
            want = hashlib.new(kind, text.encode("latin-1")).hexdigest()
            assert get(live_server.url, f"{HOME}/{name}.{kind}")[1] == want
    others = ["3.1/fraud-scoring-3.1.war", "3.2/fraud-scoring-3.2.jar", "3.1/other-3.1.jar", "3.1/"]
    others += ["champion-SNAPSHOT/maven-metadata.xml", "3.1/fraud-scoring-3.1.jar.asc", ""]
    for name in others:
        assert get(live_server.url, f"{HOME}/{name}")[0] == 404
    assert get(live_server.url, "org/slf4j/slf4j-api/2.0.0/slf4j-api-2.0.0.pom")[0] == 404


def test_metadata_is_not_sent_twice(model, compiled, live_server, tmp_path):
    publish(model, "2.1", compiled, tmp_path)
    path = f"{HOME}/maven-metadata.xml"
    _, _, headers = get(live_server.url, path)
    tag, changed = headers["ETag"], headers["Last-Modified"]
    assert get(live_server.url, path, **{"If-None-Match": tag})[0] == 304
    assert get(live_server.url, path, **{"If-Modified-Since": changed})[0] == 304
    publish(model, "3.1", compiled, tmp_path)
    assert get(live_server.url, path, **{"If-None-Match": tag})[0] == 200


def test_coordinates_stay_with_the_model_that_had_them_first(
    model, compiled, live_server, tmp_path
):
    publish(model, "2.1", compiled, tmp_path)
    other = make_model(name=ARTIFACT, source=make_source(maven_group=GROUP))
    make_version(model=other, number=3)
    bundle = publish(other, "3.1", compiled, tmp_path)
    assert not bundle.artifacts.exists()
    assert "<version>3.1</version>" not in get(live_server.url, f"{HOME}/maven-metadata.xml")[1]


def test_the_same_bundle_gives_the_same_jar_and_it_runs_by_itself(model, compiled, tmp_path):
    bundle, classes, manifest = compiled["3.1"]
    first = maven.make(tmp_path / "a", bundle, classes, manifest)
    second = maven.make(tmp_path / "b", bundle, classes, manifest)
    assert [one.blob for one in first] == [one.blob for one in second]
    jar = store().path(first[1].blob.sha256)
    with zipfile.ZipFile(jar) as opened:
        names = opened.namelist()
        assert names[0] == "META-INF/MANIFEST.MF"
        assert "com/example/fraudscoring/model.onnx" in names
        assert not [name for name in names if "GoldenAnswers" in name or "Test" in name]
    runtime = jars.ready("java", elsewhere.environments_folder(), print, never)
    path = f"{jar}:{next(runtime.glob('com.microsoft.onnxruntime.*.jar'))}"
    main = "com.example.fraudscoring.FraudScoringScorer"
    ran = subprocess.run(["java", "-cp", path, main, "--help"], capture_output=True, text=True)
    assert ran.returncode == 0


def test_what_nobody_exported_is_made_for_a_build_where_the_operator_wants_that(
    model, settings, live_server, monkeypatch
):
    path = f"{HOME}/3.1/fraud-scoring-3.1.pom"
    _, text = tokens.issue(make_user(), "a build")
    assert get(live_server.url, path, text)[0] == 404
    settings.MAVEN_MAKES = True
    assert get(live_server.url, path)[0] == 404  # without a token nobody starts anything
    assert not Export.objects.exists()
    status, _, headers = get(live_server.url, path, text)
    assert (status, headers["Retry-After"]) == (503, "30")
    assert get(live_server.url, path, text)[0] == 503
    export = Export.objects.get()
    assert (export.version.number, export.target) == (3, "onnx")
    alias(model, 2)
    snapshot = f"{HOME}-pmml/champion-SNAPSHOT/maven-metadata.xml"
    assert get(live_server.url, snapshot, text)[0] == 503
    assert Export.objects.filter(version__number=2, target="pmml").count() == 1
    for gone in ("9.1/fraud-scoring-9.1.pom", "3.2/fraud-scoring-3.2.pom"):
        assert get(live_server.url, f"{HOME}/{gone}", text)[0] == 404
    job = Job.objects.get(export=export)
    job.move(JobState.RUNNING)
    job.move(JobState.REFUSED, code="no", sentence="No.")
    assert get(live_server.url, path, text)[0] == 404
