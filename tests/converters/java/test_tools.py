"""What comes with the generated classes: the command-line scorer, the benchmark, the layout."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from converters import golden
from converters.bundle.build import build
from converters.contract import ConvertReport
from tests.converters.bundle.jobs import (
    closed_job,
    mixed_job,
    picture_job,
    rewrite,
    targets_job,
    wide_job,
)
from tests.converters.java.test_maven import CLOSED, ODD, PARENT

pytestmark = pytest.mark.skipif(
    not (shutil.which("mvn") and shutil.which("javac")), reason="no Maven or no JDK here"
)
FORMATTER = "com.google.googlejavaformat:google-java-format:1.28.0:jar:all-deps"
EXPORTS = ("api", "code", "file", "parser", "tree", "util")


def _maven(folder: Path, *arguments: str) -> str:
    command = ["mvn", "--batch-mode", "--no-transfer-progress", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def _scored(jar: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = ["java", "-jar", str(jar), *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle whose Java has been packaged."""
    job: Path = mixed_job(tmp_path_factory.mktemp("tools"), rows=40)
    build(job)
    _maven(job / "bundle" / "java", "-DskipTests", "package")
    return job / "bundle"


@pytest.fixture(scope="module")
def jar(built: Path) -> Path:
    (found,) = (built / "java" / "target").glob("*.jar")
    return found


def _table(rows: dict[str, np.ndarray], order: list[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*order, "not the model's"])
    for row in zip(*(rows[name] for name in order), strict=True):
        values = ["" if one is None or one != one else one for one in row]
        writer.writerow([*values, 'a "quoted", one\nof two lines'])
    return text.getvalue()


def test_a_table_is_scored_from_the_command_line(built: Path, jar: Path, tmp_path: Path):
    rows, answers = golden.read(built / "golden")
    # In another order than the model's, with one more column, and with missing values.
    (tmp_path / "in.csv").write_text(_table(rows, sorted(rows)), encoding="utf-8")
    done = _scored(jar, "--csv", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["label"] for row in found] == answers["label"].tolist()
    for at, name in enumerate(["nein", "schön"]):
        numbers = [float(row[f"probabilities[{name}]"]) for row in found]
        assert np.abs(np.array(numbers) - answers["probabilities"][:, at]).max() < 1e-12


def test_what_is_wrong_with_a_table_is_said_in_one_sentence(jar: Path):
    head = "größe (cm),city,n,on,class\n"
    wrong = {
        "": "the table is empty: its first line names the columns",
        "city\nUlm\n": "the table has no column größe (cm)",
        f"{head}1,Ulm,1,true\n": "line 2 has 4 fields, not 5",
        f"{head}1,Ulm,1,true,0.5\nx,Ulm,1,true,1\n": "line 3: `größe (cm)` must be a number, "
        "not 'x'",
        f'{head}1,"Ulm,1,true,1\n': "line 2: a quoted field does not end",
    }
    for table, sentence in wrong.items():
        done = _scored(jar, "--csv", "-", given=table)
        assert (done.returncode, done.stderr) == (1, f"{sentence}\n")
    assert (
        _scored(jar, "--csv", "/no/such.csv").stderr == "There is no file or folder /no/such.csv.\n"
    )
    assert _scored(jar, "--tsv", "x").returncode == 2
    assert "Usage: java -jar" in _scored(jar, "--help").stdout


def test_the_benchmark_compiles_in_its_own_profile_and_knows_its_measures(built: Path):
    _maven(built / "java", "-P", "benchmark", "test-compile")
    listed = built / "java/target/test-classes/META-INF/BenchmarkList"
    text = listed.read_text(encoding="utf-8")
    assert "records" in text
    assert "inMemoryOfTheCallersOwn" in text


def laid_out(files: list[Path]) -> subprocess.CompletedProcess[str]:
    """Asks google-java-format which of the files it would write otherwise."""
    exports = [
        f"--add-exports=jdk.compiler/com.sun.tools.javac.{one}=ALL-UNNAMED" for one in EXPORTS
    ]
    with tempfile.TemporaryDirectory() as place:
        # Wherever Maven keeps its own copies.
        copied = [f"-Dartifact={FORMATTER}", f"-DoutputDirectory={place}"]
        _maven(Path(place), "-q", "dependency:copy", *copied)
        (jar,) = Path(place).glob("*.jar")
        command = ["java", *exports, "-jar", str(jar), "--dry-run", *map(str, files)]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_the_sources_are_laid_out_as_google_java_format_would(tmp_path: Path):
    few = [f"column {i}" for i in range(60)]
    long_name = "customer churn prediction of Europe"
    jobs = [
        mixed_job(tmp_path / "mixed"),
        mixed_job(tmp_path / "closed", model="closed"),
        mixed_job(tmp_path / "long", model=long_name, description="Words. " * 60),
        wide_job(tmp_path / "tensor", ["x"] * 30, tensor=True, model="t"),
        wide_job(tmp_path / "float", few, kind="float", model="float"),
        wide_job(tmp_path / "apart", few, feeds="columns", model="apart"),
        wide_job(tmp_path / "many", [f"{i}" for i in range(200)], model="many"),
        wide_job(tmp_path / "odd", ODD, feeds="columns", model="1 öd-model!"),
        picture_job(tmp_path / "picture", model="picture"),
        targets_job(tmp_path / "targets", model="targets"),
        closed_job(tmp_path / "known in ONNX"),
        closed_job(tmp_path / "known in PMML", "pmml"),
    ]
    rewrite(jobs[1] / "convert" / "report.json", ConvertReport, domains=CLOSED)
    for job in jobs:
        build(job)
    files = [path for job in jobs for path in (job / "bundle/java/src").rglob("*.java")]
    assert len(files) > 100
    done = laid_out(files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


KOTLIN = """package app

import models.fraudscoring.FraudScoringInput
import models.fraudscoring.FraudScoringModel

fun main() {
    FraudScoringModel.load().use { model ->
        val input = FraudScoringInput.builder()
            .größeCm(null).city("Ulm").n(1).on(true).classValue(0.5f).build()
        val output = model.score(input)
        println("${output.label().text()} ${output.probability(output.label()) >= 0.5}")
    }
}
"""
KOTLIN_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>app</groupId><artifactId>app</artifactId><version>1</version>
<dependencies>
<dependency><groupId>models</groupId><artifactId>fraud-scoring</artifactId><version>7.2</version>
</dependency>
<dependency><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-stdlib</artifactId>
<version>2.2.0</version></dependency>
</dependencies>
<build><sourceDirectory>src</sourceDirectory><plugins><plugin>
<groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-maven-plugin</artifactId>
<version>2.2.0</version><configuration><jvmTarget>17</jvmTarget></configuration>
<executions><execution><goals><goal>compile</goal></goals></execution></executions>
</plugin></plugins></build></project>
"""


def test_kotlin_just_uses_it(built: Path, tmp_path: Path):
    app = tmp_path / "app"
    (app / "src").mkdir(parents=True)
    (app / "src" / "main.kt").write_text(KOTLIN, encoding="utf-8")
    (app / "pom.xml").write_text(KOTLIN_POM)
    modules = [os.path.relpath(place, tmp_path) for place in (built / "java", app)]
    (tmp_path / "pom.xml").write_text(
        PARENT.format("".join(f"<module>{m}</module>" for m in modules))
    )
    copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"
    _maven(tmp_path, "-DskipTests", "package", copy, "-Dmdep.outputFile=class.path")
    path = f"{app / 'target/classes'}:{(app / 'class.path').read_text()}"
    ran = subprocess.run(["java", "-cp", path, "app.MainKt"], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "schön true\n"), ran.stderr
