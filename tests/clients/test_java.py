"""The Java client: built and tested by real Maven, and run against a whole running portal."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
import tomllib
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.converters.java.test_tools import laid_out
from tests.product import Product
from workers.libraries import GROUP, LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "clients" / "java"
MAVEN = ["mvn", "--batch-mode", "--no-transfer-progress"]
PATH = ["org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"]

needs_maven = pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven here")

APP = """
import io.crossport.client.*;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;

public class App {
  public static void main(String[] arguments) {
    Crossport portal =
        Crossport.at(URI.create(arguments[0])).token(System.getenv("CROSSPORT_TOKEN")).build();
    System.out.println("models " + portal.models().filter(m -> m.source().equals("demo")).count());
    Model model = portal.model("demo", "credit-risk").orElseThrow();
    System.out.println("versions " + portal.versions(model).map(v -> v.ref().toString()).toList());
    Export asked = portal.export(Ref.version("demo", "credit-risk", "1"), "onnx");
    Bundle bundle = portal.await(asked, Duration.ofMinutes(4)).published();
    Path file = portal.download(bundle, Path.of(arguments[1]));
    Verification told = Crossport.verify(file).orThrow();
    System.out.println("file " + file.getFileName() + " " + told.holds());
    System.out.println("again " + portal.export(asked.id()).bundle().orElseThrow().equals(bundle));
    try {
      portal.export(Ref.version("demo", "credit-risk", "999"), "onnx");
    } catch (PortalException no) {
      System.out.println("refused " + no.code() + " " + no.status() + " " + no.detail());
    }
    try {
      Crossport.at(URI.create(arguments[0])).token("cpt_wrong").build().exports().count();
    } catch (PortalException no) {
      System.out.println("stranger " + no.code() + " " + no.status());
    }
  }
}
"""


def said(command: list[str], folder: Path, **env: str) -> str:
    """What a command prints that must succeed."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The client's jar, as Maven builds it once its own tests pass; and the jars it needs."""
    folder = tmp_path_factory.mktemp("client") / "java"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target"))
    out = said(
        [*MAVEN, "package", *PATH, "-Dmdep.outputFile=path", "-DincludeScope=runtime"], folder
    )
    assert "Failures: 0, Errors: 0, Skipped: 0" in out
    (jar,) = (folder / "target").glob("crossport-client-*.jar")
    return jar, (folder / "path").read_text()


def test_our_libraries_have_the_version_of_the_portal_that_they_are_tested_with():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {one.coordinates[0] for one in LIBRARIES} == {GROUP}
    assert {one.coordinates[2] for one in LIBRARIES} == {project["version"]}
    for name in ("java-client.md", "spring-boot.md"):
        page = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert f"<version>{project['version']}</version>" in page


@needs_maven
def test_the_sources_are_laid_out_as_google_java_format_would():
    files = [path for one in LIBRARIES for path in (one.place / "src").rglob("*.java")]
    assert len(files) > 20
    done = laid_out(files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_maven
def test_a_java_program_lists_exports_waits_downloads_and_verifies(
    built: tuple[Path, str], product: Product, tmp_path: Path
):
    jar, needed = built
    assert len(needed.split(os.pathsep)) == 1, "the client needs one jar, its JSON parser"
    (tmp_path / "App.java").write_text(APP, encoding="utf-8")
    (tmp_path / "bundles").mkdir()
    token = product.http.headers["Authorization"].removeprefix("Bearer ")
    path = f"{jar}{os.pathsep}{needed}"
    command = ["java", "-cp", path, "App.java", product.url, "bundles"]
    lines = said(command, tmp_path, CROSSPORT_TOKEN=token).splitlines()
    told = dict(line.partition(" ")[::2] for line in lines)
    demo = product.http.get("/models/", params={"source": "demo", "page_size": 200}).json()
    assert int(told["models"]) == len(demo["results"]) > 2
    (model,) = (one for one in demo["results"] if one["name"] == "credit-risk")
    numbers = range(int(model["latest_version"]), 0, -1)
    assert told["versions"] == f"[{', '.join(f'demo/credit-risk/{one}' for one in numbers)}]"
    (bundle,) = (tmp_path / "bundles").iterdir()
    assert told["file"] == f"{bundle.name} true"
    assert zipfile.is_zipfile(bundle)
    assert told["again"] == "true"
    assert told["refused"].startswith("not_found 404 ")
    assert "999" in told["refused"]
    assert told["stranger"] == "bad_token 401"


@needs_maven
def test_a_running_portal_comes_to_serve_the_client_that_maven_builds(
    built: tuple[Path, str], product: Product
):
    jar, _ = built
    _, _, version = jar.stem.rpartition("-")
    name = f"io/crossport/crossport-client/{version}/crossport-client-{version}"
    deadline = time.monotonic() + 120
    while not (answer := httpx.get(f"{product.url}/maven/{name}.jar")).is_success:
        assert time.monotonic() < deadline, answer.text
        time.sleep(1)
    with zipfile.ZipFile(jar) as ours, zipfile.ZipFile(io.BytesIO(answer.content)) as served:
        # What Maven adds and no program needs.
        extra = ("/", "pom.properties", "package-info.class")
        of_maven = {one for one in ours.namelist() if not one.endswith(extra)}
        assert set(served.namelist()) == of_maven
    pom = httpx.get(f"{product.url}/maven/{name}.pom").raise_for_status()
    assert pom.content == (PROJECT / "pom.xml").read_bytes()
