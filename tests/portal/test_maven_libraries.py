"""Our own Java client out of the portal's Maven repository, as a build gets it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from portal.api import tokens
from tests.portal.rows import make_model, make_source, make_user
from tests.portal.test_maven import Consumer, get
from tests.real_models import elsewhere
from workers import libraries
from workers.models import LibraryBuild

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven here"),
]
HOME = "io/crossport/crossport-client"
VERSION = libraries.LIBRARIES[0].coordinates[2]
FILE = f"{HOME}/{VERSION}/crossport-client-{VERSION}"


class Build(Consumer):
    """A project that asks the portal for its models, through the client."""

    APP = """import io.crossport.client.Crossport;
import io.crossport.client.Model;

public class App {
  public static void main(String[] arguments) {
    Crossport portal =
        Crossport.at(java.net.URI.create(arguments[0])).token(arguments[1]).build();
    System.out.println(portal.models().map(Model::name).toList());
  }
}
"""

    def models(self, version: str) -> str:
        """What the program prints that was built against this version of the client."""
        always = "<enabled>true</enabled><checksumPolicy>fail</checksumPolicy>"
        done = self.build(
            "",
            f"<repositories><repository><id>crossport</id><url>{self.url}/maven/</url>"
            f"<releases>{always}</releases></repository></repositories><dependency>"
            "<groupId>io.crossport</groupId><artifactId>crossport-client</artifactId>"
            f"<version>{version}</version></dependency>",
        )
        assert done.returncode == 0, done.stdout[-3000:]
        found = (self.folder / "class.path").read_text().split(":")
        assert [Path(one).name.rpartition("-")[0] for one in found] == [
            "crossport-client",
            "jackson-core",
        ]
        ran = subprocess.run(
            ["java", "-cp", f"target/classes:{':'.join(found)}", "App", self.url, self.password],
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()


@pytest.fixture
def asked(settings: Any, tmp_path: Path, monkeypatch: Any) -> int:
    """A portal that has noted what it will publish, and nobody may read without a token."""
    cache.clear()  # what another test published is remembered
    settings.STORAGE_URL = (tmp_path / "storage").as_uri()
    settings.CROSSPORT_HOME = tmp_path / "home"
    settings.ENVIRONMENTS_FOLDER = elsewhere.environments_folder()
    settings.OPEN_READING = False
    monkeypatch.setattr(libraries, "LIBRARIES", libraries.LIBRARIES[:1])
    monkeypatch.setattr(libraries, "wake_library", lambda pk, expires: None)
    libraries.wake()
    return LibraryBuild.objects.get().pk


def test_a_build_resolves_the_client_with_the_same_token_and_asks_with_it(
    asked: int, live_server: Any, tmp_path: Path
):
    make_model(name="fraud", source=make_source())
    _, text = tokens.issue(make_user(), "a build")
    libraries.publish(asked)
    build = Build(tmp_path / "build", tmp_path / "m2", live_server.url, text)
    assert build.models(VERSION) == "[fraud]"
    assert build.models("LATEST") == "[fraud]"


def test_the_client_has_metadata_sums_and_sources_and_strangers_nothing(
    asked: int, live_server: Any
):
    _, text = tokens.issue(make_user(), "a build")
    status, said, _ = get(live_server.url, f"{FILE}.jar", text)
    assert (status, "No worker has compiled it yet." in said) == (404, True)
    assert get(live_server.url, f"{HOME}/maven-metadata.xml", text)[0] == 404
    libraries.publish(asked)
    assert get(live_server.url, f"{FILE}.jar")[0] == 401
    for name in (f"{FILE}.pom", f"{FILE}.jar", f"{FILE}-sources.jar", f"{HOME}/maven-metadata.xml"):
        status, said, headers = get(live_server.url, name, text)
        assert status == 200
        assert headers["ETag"]
        for kind in ("md5", "sha1", "sha256", "sha512"):
            want = hashlib.new(kind, said.encode("latin-1")).hexdigest()
            assert get(live_server.url, f"{name}.{kind}", text)[1] == want
    metadata = get(live_server.url, f"{HOME}/maven-metadata.xml", text)[1]
    assert f"<release>{VERSION}</release>" in metadata
    for name in ("champion-SNAPSHOT/maven-metadata.xml", "9/crossport-client-9.pom"):
        assert get(live_server.url, f"{HOME}/{name}", text)[:2] == (
            404,
            f"There is no {HOME}/{name} here.\n",
        )
