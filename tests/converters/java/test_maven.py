"""The generated projects built by the real Maven, and run in a real JVM on the golden rows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from converters.bundle.build import build
from converters.contract import ConvertReport, Domain
from converters.errors import Refused
from tests.converters.bundle.jobs import mixed_job, picture_job, rewrite, targets_job, wide_job

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
    "row",
    "numbers",
    "texts",
    "value",
    "given",
    "column",
    "text",
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
        "closed": mixed_job(tmp_path / "closed", model="closed"),
    }
    rewrite(jobs["closed"] / "convert" / "report.json", ConvertReport, domains=CLOSED)
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
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BehaviourTest {
  private static FraudScoringInput row(String city) {
    return FraudScoringInput.builder()
        .größeCm(1.0).city(city).n(1L).on(true).classValue(0.5f).build();
  }

  private static String refused(org.junit.jupiter.api.function.Executable what) {
    return assertThrows(IllegalArgumentException.class, what).getMessage();
  }

  @Test
  void emptyTextIsRefusedByNameWhereItWouldMeanMissing() {
    assertEquals(
        "`city` must not be empty: give null where a value is missing", refused(() -> row("")));
  }

  @Test
  void nullIsTheMissingValue() throws Exception {
    try (FraudScoringModel model = FraudScoringModel.load()) {
      // -0.75 is what the original adds for a missing city, 0 for an unknown one.
      double z = 1.0 - 0.75 + 1 + 1 + 0.5;
      double expected = 1 / (1 + Math.exp(-z));
      FraudScoringOutput output = model.score(row(null));
      assertEquals(expected, output.probability(FraudScoringOutput.Label.SCHÖN), 1e-12);
      assertEquals(FraudScoringOutput.Label.SCHÖN, output.label());
      assertEquals("schön", output.label().text());
      Map<FraudScoringOutput.Label, Double> all = output.probabilitiesByClass();
      assertEquals(List.copyOf(all.keySet()), FraudScoringOutput.CLASSES);
      assertEquals(expected, all.get(FraudScoringOutput.Label.of("schön")), 1e-12);
    }
  }

  @Test
  void aMissingNumberIsNullHoweverItIsSaid() {
    FraudScoringInput nan = new FraudScoringInput(Double.NaN, "Ulm", 1L, true, 0.5f);
    assertNull(nan.größeCm());
    assertEquals(new FraudScoringInput(null, "Ulm", 1L, true, 0.5f), nan);
    assertEquals(
        "`class` must not be NaN: the model was not proven with missing values there",
        refused(() -> new FraudScoringInput(1.0, "Ulm", 1L, true, Float.NaN)));
  }

  @Test
  void textOfATableBecomesValues() {
    FraudScoringInput.Builder builder = FraudScoringInput.builder();
    builder.parse("größe (cm)", "1.0").parse("city", "Ulm").parse("n", "1").parse("on", "TRUE");
    assertEquals(row("Ulm"), builder.parse("class", "0.5").build());
    assertNull(builder.parse("city", "").build().city());
    assertEquals("`n` must be a whole number of 64 bits, not '1.5'",
        refused(() -> builder.parse("n", "1.5")));
    assertEquals("`on` must be true or false, not 'yes'",
        refused(() -> builder.parse("on", "yes")));
    assertEquals("the model has no column age", refused(() -> builder.parse("age", "1")));
  }

  @Test
  void memoryOfTheCallersOwnGivesTheSameAnswersAgainAndAgain() throws Exception {
    FraudScoringBatch ended = new FraudScoringBatch(1);
    ended.close();
    try (FraudScoringModel model = FraudScoringModel.load();
        FraudScoringBatch batch = new FraudScoringBatch(3)) {
      assertThrows(IllegalStateException.class, () -> model.score(ended.put(row("Ulm"))));
      for (int count : new int[] {3, 1, 2, 2, 3}) {
        batch.clear();
        List<FraudScoringInput> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          FraudScoringInput row = new FraudScoringInput(i + 0.25 * count, "Ulm", i, true, 0.5f);
          rows.add(row);
          batch.put(row);
        }
        model.score(batch);
        List<FraudScoringOutput> outputs = model.score(rows);
        for (int i = 0; i < count; i++) {
          assertEquals(outputs.get(i).label().text(), batch.outputLabel()[i]);
          double[] both = outputs.get(i).probabilities();
          assertEquals(both[0], batch.outputProbabilities().get(2 * i));
          assertEquals(both[1], batch.outputProbabilities().get(2 * i + 1));
        }
      }
      batch.rows(2);
      batch.inputN().put(0, 3L).put(1, -3L);
      model.score(batch);
      assertTrue(batch.outputProbabilities().get(1) > batch.outputProbabilities().get(3));
      batch.inputCity()[1] = null;
      assertEquals("`city` must not be null: the model was not proven with missing values there",
          refused(() -> model.score(batch)));
      batch.inputCity()[1] = "a\\uD83D\\uDE00";
      assertTrue(refused(() -> model.score(batch)).startsWith("`city` holds a character"));
      batch.clear().put(row("Ulm")).put(row("Ulm")).put(row("Ulm"));
      assertEquals("the batch holds 3 rows, not 4", refused(() -> batch.put(row("Ulm"))));
    }
  }

  @Test
  void optionsReachTheRuntime() throws Exception {
    FraudScoringOptions options =
        FraudScoringOptions.PROVEN
            .withThreads(2)
            .withOptimisation(FraudScoringOptions.Optimisation.BASIC);
    try (FraudScoringModel model = FraudScoringModel.load(options);
        FraudScoringModel proven = FraudScoringModel.load()) {
      assertEquals(proven.score(row("Ulm")), model.score(row("Ulm")));
    }
    IOException cuda =
        assertThrows(
            IOException.class,
            () -> FraudScoringModel.load(FraudScoringOptions.PROVEN.withCuda(0)));
    assertTrue(cuda.getMessage().contains("CUDA"), cuda.getMessage());
  }

  @Test
  void schemaAndProvenanceSayWhatTheModelIs() {
    assertEquals(5, FraudScoringSchema.INPUTS.size());
    FraudScoringSchema.Column size = FraudScoringSchema.INPUTS.get(0);
    assertEquals("größe (cm)", size.name());
    assertEquals("größeCm", size.field());
    assertTrue(size.nullable());
    assertEquals(new FraudScoringSchema.Range(-2.5, 3.0), size.range().orElseThrow());
    FraudScoringSchema.Column city = FraudScoringSchema.INPUTS.get(1);
    assertEquals(List.of("Zürich", "Ulm"), city.categories());
    assertEquals(FraudScoringOutput.CLASSES, FraudScoringSchema.OUTPUTS.get(1).classes());
    assertEquals("7", FraudScoringProvenance.VERSION);
    assertEquals(2, FraudScoringProvenance.PARITY.size());
    assertEquals(0, FraudScoringProvenance.PARITY.get(0).mismatches());
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
DOMAINS = [
    Domain("größe (cm)", low=-2.5, high=3.0),
    Domain("city", categories=["Zürich", "Ulm"]),
]
CLOSED = [Domain("city", categories=["Zürich", "Łódź", "東京", "Ulm", "3 a", "3-a"], closed=True)]


def _with_maven_group(tmp_path: Path) -> Path:
    job = mixed_job(tmp_path / "job", rows=120, maven_group="com.example")
    rewrite(job / "convert" / "report.json", ConvertReport, domains=DOMAINS)
    return _bundle(job)


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
