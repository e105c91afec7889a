"""The generated projects built by the real Maven, and run in a real JVM on the golden rows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from converters.bundle.build import build
from converters.errors import Refused
from tests.converters.bundle.jobs import mixed_job, picture_job, targets_job, wide_job

pytestmark = pytest.mark.skipif(
    not (shutil.which("mvn") and shutil.which("javac")), reason="no Maven or no JDK here"
)
ODD = [
    "class",
    "3d",
    "a b",
    "a_b",
    "A b",
    "Größe",
    "日付",
    "X",
    "label",
    "toString",
    "_",
    "$",
]
PARENT = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>t</groupId><artifactId>all</artifactId><version>1</version><packaging>pom</packaging>
<modules>{}</modules></project>"""


def _maven(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["mvn", "--batch-mode", "--no-transfer-progress", "verify"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def _bundle(job: Path) -> Path:
    build(job)
    return job / "bundle"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    return _bundle(mixed_job(tmp_path_factory.mktemp("mixed"), rows=120))


def test_bundles_of_every_shape_compile_without_a_warning_and_pass_their_own_tests(
    tmp_path: Path, mixed: Path
):
    many = [f"column {i}" for i in range(3000)]
    jobs = {
        "tensor": wide_job(tmp_path / "tensor", ["x"] * 30, tensor=True, model="tensor"),
        "float": wide_job(tmp_path / "float", many[:20], kind="float", model="float"),
        "wide": wide_job(tmp_path / "wide", many, model="wide"),
        "apart": wide_job(tmp_path / "apart", many[:200], feeds="columns", model="apart"),
        "picture": picture_job(tmp_path / "picture", model="picture"),
        "beside": picture_job(tmp_path / "beside", external="model.onnx.data", model="beside"),
        "targets": targets_job(tmp_path / "targets", model="targets"),
        "odd": wide_job(tmp_path / "odd", ODD, feeds="columns", model="1 öd-model!"),
    }
    projects = [mixed / "java", *(_bundle(job) / "java" for job in jobs.values())]
    reactor = tmp_path / "all"
    reactor.mkdir()
    # Maven takes a module's place relative to its parent.
    places = [os.path.relpath(project, reactor) for project in projects]
    modules = "".join(f"<module>{place}</module>" for place in places)
    (reactor / "pom.xml").write_text(PARENT.format(modules))
    done = _maven(reactor)
    assert done.returncode == 0, done.stdout[-4000:]
    # -Xlint:all -Werror is in each pom; every project ran its tests, and none was left out.
    runs = re.findall(r"Tests run: (\d+), Failures: 0, Errors: 0, Skipped: 0$", done.stdout, re.M)
    assert len(runs) == len(projects), done.stdout[-4000:]
    assert all(int(count) >= 3 for count in runs)


def test_a_column_name_that_the_runtime_would_garble_is_refused_by_name(tmp_path: Path):
    job = wide_job(tmp_path, ["a", "x😀y"], feeds="columns")
    with pytest.raises(Refused, match="'x😀y' holds a character") as refusal:
        build(job)
    assert refusal.value.code == "name_beyond_bmp"


BEHAVIOUR = """package com.example.fraudscoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class BehaviourTest {
  private static FraudScoringInput row(String city) {
    return FraudScoringInput.builder()
        .größeCm(1.0).city(city).n(1L).on(true).classValue(0.5f).build();
  }

  @Test
  void emptyTextIsRefusedByNameWhereItWouldMeanMissing() {
    Exception refused = assertThrows(IllegalArgumentException.class, () -> row(""));
    assertEquals("city is empty; give null where a value is missing", refused.getMessage());
  }

  @Test
  void nullIsTheMissingValue() throws Exception {
    try (FraudScoringModel model = FraudScoringModel.load()) {
      // -0.75 is what the original adds for a missing city, 0 for an unknown one.
      double z = 1.0 - 0.75 + 1 + 1 + 0.5;
      double expected = 1 / (1 + Math.exp(-z));
      assertEquals(expected, model.score(row(null)).probability("schön"), 1e-12);
    }
  }

  @Test
  void closingWhileOthersScoreNeverCrashes() throws Exception {
    for (int round = 0; round < 20; round++) {
      FraudScoringModel model = FraudScoringModel.load();
      List<FraudScoringInput> rows = Collections.nCopies(500, row("Ulm"));
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Thread thread = new Thread(() -> {
          try {
            while (true) {
              assertEquals(500, model.score(rows).size());
            }
          } catch (IllegalStateException closed) {
            assertTrue(closed.getMessage().contains("closed"));
          }
        });
        threads.add(thread);
        thread.start();
      }
      Thread.sleep(5);
      model.close();
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }
}
"""


def _with_maven_group(tmp_path: Path) -> Path:
    return _bundle(mixed_job(tmp_path / "job", rows=120, maven_group="com.example"))


def test_missing_values_empty_text_and_closing_behave_as_the_docs_say(tmp_path: Path):
    java = _with_maven_group(tmp_path) / "java"
    test = java / "src/test/java/com/example/fraudscoring/BehaviourTest.java"
    test.write_text(BEHAVIOUR, encoding="utf-8")
    done = _maven(java)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "BehaviourTest" in done.stdout


@pytest.mark.parametrize(
    ("name", "says"),
    [("golden/out-001.bin", "of golden row"), ("model.onnx", "is not the model that was proven")],
)
def test_a_changed_byte_fails_the_build(tmp_path: Path, mixed: Path, name: str, says: str):
    bundle = Path(shutil.copytree(mixed, tmp_path / "bundle"))
    data = bytearray((bundle / name).read_bytes())
    data[6] ^= 0x10
    (bundle / name).write_bytes(data)
    done = _maven(bundle / "java")
    assert done.returncode != 0
    assert says in done.stdout
