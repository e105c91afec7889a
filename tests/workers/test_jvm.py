"""Generated Java in a real JVM: what answers, what does not compile, what ends the JVM itself."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converters import contract
from converters.bundle import manifest as manifests
from converters.bundle.build import build
from converters.steps import jvm as judging
from tests.converters.bundle.jobs import closed_job, mixed_job, wide_job
from tests.real_models import elsewhere
from workers import jvm
from workers.jvm import runtime

pytestmark = pytest.mark.skipif(
    shutil.which("mvn") is None, reason="no Maven here, which fetches the runtimes' jars once"
)


def never() -> bool:
    return False


def checker_in(folder: Path, checks: int = 100) -> jvm.Checker:
    checker = jvm.Checker(folder, checks)
    checker.ready(elsewhere.environments_folder(), print, never)
    return checker


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jvm.Checker]:
    """One warm JVM for all tests that leave it alive."""
    made = checker_in(tmp_path_factory.mktemp("jvm"))
    yield made
    made.close()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A proven job with the draft of its bundle, whose Java may be edited."""
    folder: Path = mixed_job(tmp_path, rows=120)
    build(folder)
    (folder / "jvm").mkdir()
    return folder


def check(checker: jvm.Checker, job: Path, seconds: float = 120) -> contract.JvmRun:
    ran = checker.check(job / "bundle", job / "jvm", seconds, never)
    contract.write(ran, job / "jvm" / "run.json")
    return ran


def judged(job: Path) -> contract.JvmReport:
    assert judging.run(job)
    return contract.read(contract.JvmReport, job / "jvm" / "report.json")


def edit(job: Path, name: str, change: Callable[[str], str]) -> None:
    (path,) = (job / "bundle" / "java").rglob(name)
    before = path.read_text(encoding="utf-8")
    path.write_text(change(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before


def test_a_bundles_java_answers_its_golden_rows_like_the_original(checker, job):
    ran = check(checker, job)
    assert (ran.state, ran.message) == ("ran", "")
    report = judged(job)
    assert (report.state, report.rows, report.java) == ("proven", 120, ran.java)
    assert [one.verdict for one in report.parity] == ["passed"] * len(report.parity)


@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_text_of_known_values_and_missing_numbers_answer_alike_in_java(checker, tmp_path, target):
    job = closed_job(tmp_path, target)
    build(job)
    (job / "jvm").mkdir()
    (source,) = (job / "bundle/java/src/main").rglob("ModelInput.java")
    assert 'NEW_YORK("New York")' in source.read_text(encoding="utf-8")
    ran = check(checker, job)
    assert (ran.state, ran.message) == ("ran", "")
    report = judged(job)
    assert report.state == "proven"
    assert report.rows > 50


def test_the_manifest_says_on_which_java_it_was_proven(checker, job):
    check(checker, job)
    judged(job)
    build(job)
    manifest = manifests.read_manifest(job / "bundle")
    assert (manifest.jvm, manifest.jvm_parity[0].rows) == ("proven", 120)
    assert "gave 120 golden" in (job / "bundle" / "README.md").read_text()


def test_the_jvm_stays_warm(checker, tmp_path):
    first, second = (wide_job(tmp_path / name, ["a", "b"]) for name in ("one", "two"))
    for folder in (first, second):
        build(folder)
        (folder / "jvm").mkdir()
    check(checker, first)
    begun = time.monotonic()
    ran = check(checker, second)
    # A JVM that starts and compiles for the first time takes longer than what this one reports.
    assert ran.compile_ms + ran.run_ms <= 1000 * (time.monotonic() - begun)
    assert judged(second).state == "proven"


def test_java_that_answers_otherwise_is_refused(checker, job):
    edit(job, "FraudScoringOutput.java", lambda text: text.replace("(row", "(0 * row"))
    assert check(checker, job).state == "ran"
    report = judged(job)
    assert (report.state, report.code) == ("refused", "jvm_differs")
    assert "The generated Java does not answer as the original did" in report.sentence


def test_java_that_does_not_compile_says_where(checker, job):
    edit(job, "FraudScoringModel.java", lambda text: text.replace("public final class", "publik"))
    ran = check(checker, job)
    assert ran.state == "compile"
    assert ran.message.startswith("FraudScoringModel.java:")


def test_a_warning_of_javac_is_an_error(checker, job):
    if runtime.jdk() is None:
        pytest.skip("no JDK here: Eclipse's compiler warns of other things")
    raw = "  static java.util.List raw;\n\n  private GoldenRows() {}\n"
    edit(job, "GoldenRows.java", lambda text: text.replace("  private GoldenRows() {}\n", raw))
    ran = check(checker, job)
    assert (ran.state, "raw" in ran.message) == ("compile", True)


def driver(job: Path, statement: str) -> None:
    head = "    Path folder = Path.of(arguments[0]);\n"
    edit(job, "GoldenAnswers.java", lambda text: text.replace(head, f"{head}    {statement}\n"))


def test_what_the_java_throws_is_told(checker, job):
    driver(job, 'if (folder != null) throw new IllegalStateException("no such luck");')
    ran = check(checker, job)
    assert (ran.state, ran.message) == ("run", "java.lang.IllegalStateException: no such luck")


def test_java_that_ends_the_jvm_is_told_and_the_next_one_runs(checker, job, tmp_path):
    driver(job, "Runtime.getRuntime().halt(7);")
    with pytest.raises(jvm.ServerEnded, match="exit code 7"):
        check(checker, job)
    other = wide_job(tmp_path / "other", ["a"])
    build(other)
    (other / "jvm").mkdir()
    assert check(checker, other).state == "ran"


def test_java_that_does_not_end_is_ended(checker, job):
    driver(job, "while (folder != null) Thread.onSpinWait();")
    with pytest.raises(jvm.TooLong):
        check(checker, job, seconds=8)


def test_a_cancelled_check_ends_its_jvm(checker, job):
    driver(job, "while (folder != null) Thread.onSpinWait();")
    with pytest.raises(jvm.Cancelled):
        checker.check(job / "bundle", job / "jvm", 60, lambda: True)


def test_a_worker_without_a_jdk_compiles_with_the_java_runtime_of_its_packages(
    job, tmp_path, monkeypatch
):
    elsewhere.jars("java")
    monkeypatch.setattr(runtime, "jdk", lambda: None)
    checker = checker_in(tmp_path / "servers")
    try:
        ran = check(checker, job)
    finally:
        checker.close()
    assert (ran.state, ran.compiler) == ("ran", "ecj")
    assert judged(job).state == "proven"


def test_a_server_for_one_check_alone_leaves_nothing_behind(job, tmp_path):
    checker = checker_in(tmp_path / "servers", checks=1)
    assert check(checker, job).state == "ran"
    assert list((tmp_path / "servers").iterdir()) == []
