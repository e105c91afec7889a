"""The Spring Boot starter: built by real Maven, and in an application whose alias moves."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.api import tokens
from registry.models import RegisteredModel
from tests.clients.test_java import MAVEN, ROOT, said
from tests.portal.conftest import forgotten  # noqa: F401 - a fixture
from tests.portal.rows import make_user
from tests.portal.test_maven import (  # noqa: F401 - fixtures
    ARTIFACT,
    GROUP,
    Compiled,
    Consumer,
    alias,
    compiled,
    local,
    model,
    publish,
)
from tests.real_models import elsewhere
from workers import libraries
from workers.models import LibraryBuild

pytestmark = pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven here")
PROJECT = ROOT / "clients" / "spring-boot"
BOOT = "3.5.16"


class Application(Consumer):
    """A Spring Boot application that scores without a pause, and says what happens."""

    APP = """package shop;

import com.example.fraudscoring.*;
import io.crossport.spring.*;
import java.util.*;
import java.util.concurrent.atomic.*;
import org.springframework.boot.*;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.event.EventListener;

@SpringBootApplication
public class App implements CommandLineRunner {
  private final CrossportModel<FraudScoringInput, FraudScoringOutput> model;
  private final AtomicLong calls = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final Set<String> answers = Collections.synchronizedSet(new TreeSet<>());

  public App(CrossportModel<FraudScoringInput, FraudScoringOutput> model) {
    this.model = model;
  }

  public static void main(String[] arguments) {
    SpringApplication.run(App.class, arguments);
  }

  @Override
  public void run(String... arguments) {
    FraudScoringInput input = FraudScoringInput.builder()
        .größeCm(1.0).city("Ulm").n(1L).on(true).classValue(0.5f).build();
    for (int i = 0; i < 2; i++) {
      new Thread(() -> {
        while (true) {
          try {
            answers.add(model.score(input).toString());
            model.score(Collections.nCopies(20, input));
            calls.incrementAndGet();
          } catch (RuntimeException e) {
            failed.incrementAndGet();
            System.out.println("failed " + e);
          }
        }
      }).start();
    }
    System.out.println("scoring " + model.build());
  }

  @EventListener
  void moved(ModelSwapEvent event) throws InterruptedException {
    long before = calls.get();
    while (calls.get() < before + 100) {
      Thread.sleep(1);
    }
    System.out.println("moved " + event.outcome() + " " + model.build() + " rows "
        + event.shadow().golden() + " labels " + event.shadow().labelChanges() + " by "
        + event.shadow().maxDifference() + " failed " + failed + " answers " + answers.size());
  }
}
"""

    def compile(self) -> str:
        """The class path, of what the portal and the world have."""
        always = "<enabled>true</enabled><updatePolicy>always</updatePolicy>"
        rows = [
            (
                "io.crossport",
                "crossport-spring-boot-starter",
                libraries.LIBRARIES[1].coordinates[2],
            ),
            (GROUP, ARTIFACT, "2.1"),
            ("org.springframework.boot", "spring-boot-starter", BOOT),
        ]
        wanted = "".join(
            f"<dependency ><groupId>{group}</groupId><artifactId>{name}</artifactId>"
            f"<version>{version}</version></dependency>"
            for group, name, version in rows
        ).replace("<dependency >", "<dependency>", 1)
        done = self.build(
            "",
            f"<repositories><repository><id>crossport</id><url>{self.url}/maven/</url>"
            f"<releases>{always}</releases></repository></repositories>{wanted}",
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return f"target/classes:{(self.folder / 'class.path').read_text()}"


@pytest.fixture
def running(
    model: RegisteredModel,  # noqa: F811
    compiled: dict[str, Compiled],  # noqa: F811
    local: Path,  # noqa: F811
    settings: Any,
    live_server: Any,
    tmp_path: Path,
    monkeypatch: Any,
) -> Iterator[queue.Queue[str]]:
    """The lines of an application that follows `champion`, which is on its own version 2."""
    settings.CROSSPORT_HOME = tmp_path / "home"
    settings.ENVIRONMENTS_FOLDER = elsewhere.environments_folder()
    settings.OPEN_READING = False
    monkeypatch.setattr(libraries, "wake_library", lambda pk, expires: None)
    libraries.wake()
    libraries.publish(
        LibraryBuild.objects.get(project__artifact="crossport-spring-boot-starter").pk
    )
    publish(model, "2.1", compiled, tmp_path)
    publish(model, "3.1", compiled, tmp_path)
    alias(model, 2)
    _, token = tokens.issue(make_user(), "an application")
    shutil.rmtree(local / "com/example", ignore_errors=True)
    shutil.rmtree(local / "io/crossport", ignore_errors=True)
    application = Application(tmp_path / "application", local, live_server.url, token)
    path = application.compile()
    named = {
        "portal.url": live_server.url,
        "portal.token": token,
        "models.fraud.type": "com.example.fraudscoring.FraudScoringModel",
        "models.fraud.swap.alias": "champion",
        "models.fraud.swap.coordinates": f"{GROUP}:{ARTIFACT}",
        "models.fraud.swap.every": "500ms",
        "models.fraud.swap.max-label-changes": "0.0",
    }
    given = [f"--crossport.{name}={value}" for name, value in named.items()]
    process = subprocess.Popen(
        ["java", "-Dfile.encoding=UTF-8", "-cp", path, "shop.App", *given],
        cwd=application.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "JAVA_TOOL_OPTIONS": ""},
    )
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None

    def read() -> None:
        for one in process.stdout or ():
            lines.put(one)

    reader = threading.Thread(target=read)
    reader.start()
    yield lines
    process.terminate()
    assert process.wait(20) == 143, "it ends when it is told to"
    reader.join(20)


def line(lines: queue.Queue[str], start: str) -> str:
    """The next line that begins so."""
    seen: list[str] = []
    deadline = time.monotonic() + 40
    while True:
        try:
            seen.append(lines.get(timeout=max(0.0, deadline - time.monotonic())))
        except queue.Empty:
            pytest.fail("".join(seen)[-3000:])
        if seen[-1].startswith(start):
            return seen[-1].strip()


@pytest.mark.django_db(transaction=True)
def test_an_application_follows_an_alias_without_a_failed_call(
    running: queue.Queue[str],
    model: RegisteredModel,  # noqa: F811
):
    assert line(running, "scoring") == "scoring 2.1"
    alias(model, 3)
    # The two versions are the same model: what differs would be the translation's.
    alike = "rows 30 labels 0 by 0.0 failed 0 answers 1"
    assert line(running, "moved") == f"moved SWAPPED 3.1 {alike}"
    alias(model, 2)
    assert line(running, "moved") == f"moved SWAPPED 2.1 {alike}"


def test_the_starters_own_tests_pass(tmp_path: Path):
    folder = tmp_path / "spring-boot"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target"))
    out = said([*MAVEN, "package"], folder)
    assert "Failures: 0, Errors: 0, Skipped: 0" in out
    assert "BUILD SUCCESS" in out
