"""The steps on one job directory, with children that lie, break and fill the disk."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from converters import catalog, contract
from tests.workers.scripted import BUNDLE, CONVERT, JUDGE, Java, NoJava
from workers import jvm, pipeline
from workers.pipeline import Cancelled, FetchFailed, Outcome, State

REQUEST = contract.Request("sklearn", "onnx", contract.Identity("prod", "fraud", "3"))


class Told:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.text = ""

    def started(self, step: str) -> None:
        self.states[step] = "running"

    def done(self, step: str, detail: str) -> None:
        self.states[step] = "done"

    def skipped(self, step: str, detail: str) -> None:
        self.states[step] = "skipped"

    def failed(self, step: str, detail: str) -> None:
        self.states[step] = f"failed: {detail}"

    def log(self, text: str) -> None:
        self.text += text


def fetch(folder: Path) -> Mapping[str, str]:
    (folder / "MLmodel").write_text("flavors: {}")
    return {"MLmodel": hashlib.sha256(b"flavors: {}").hexdigest()}


def run(
    folder: Path,
    *,
    fetch: pipeline.Fetch = fetch,
    told: Told | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    java: jvm.Checker | None = None,
    request: contract.Request = REQUEST,
) -> Outcome:
    return pipeline.run(
        folder,
        request,
        fetch,
        told or Told(),
        cancelled,
        lambda: 7,
        folder.parent,
        java or NoJava(),
    )


def test_an_honest_run_is_proven_and_leaves_a_checked_bundle(tmp_path, script):
    told = Told()
    outcome = run(tmp_path, told=told)
    assert outcome.state is State.PROVEN, outcome.sentence
    assert [path.relative_to(tmp_path).as_posix() for path in outcome.files] == [
        "bundle/SHA256SUMS",
        "bundle/java/pom.xml",
        "bundle/manifest.json",
        "bundle/model.onnx",
    ]
    assert (outcome.manifest["build"], outcome.manifest["file"]) == (7, "model.onnx")
    assert set(outcome.peak_mb) == {"convert", "judge", "bundle"}
    assert list(told.states) == list(pipeline.STEPS)
    skipped = {name for name, state in told.states.items() if state == "skipped"}
    assert skipped == {*pipeline.SKIPPED, "jvm"}
    assert "converted it" in told.text
    assert outcome.log == told.text


def test_java_that_answers_alike_is_part_of_what_was_proven(tmp_path, script):
    told = Told()
    outcome = run(tmp_path, told=told, java=Java())
    assert outcome.state is State.PROVEN, outcome.sentence
    assert told.states["jvm"] == "done"
    assert outcome.jvm is not None
    assert (outcome.jvm.rows, outcome.jvm.java) == (20, "17")
    assert outcome.peak_mb["jvm"] == 210
    assert outcome.manifest["build"] == 7


def test_java_that_answers_otherwise_is_not_published(tmp_path, script):
    script(jvm=REFUSES.format(kind="JvmReport", folder="jvm"))
    outcome = run(tmp_path, java=Java())
    assert (outcome.state, outcome.code) == (State.REFUSED, "some_code")
    assert outcome.files == []


@pytest.mark.parametrize(
    ("java", "code", "words"),
    [
        (Java("compile", "A.java:3: no"), "jvm_failed", "does not compile: A.java:3: no"),
        (Java("run", "java.lang.Error: no"), "jvm_failed", "does not run: java.lang.Error: no"),
        (Java(error=jvm.ServerEnded("it was ended by signal 11")), "jvm_ended", "by signal 11"),
        (Java(error=jvm.TooLong()), "timeout", "ran longer than 10 minutes"),
    ],
)
def test_java_that_does_not_run_is_our_fault(tmp_path, script, java, code, words):
    outcome = run(tmp_path, java=java)
    assert (outcome.state, outcome.code) == (State.CRASHED, code)
    assert words in outcome.sentence


BARE = BUNDLE.replace(
    '(folder / "java" / "pom.xml").write_text("<project/>")',
    """
(folder / "java" / "pom.xml").write_text("<project/>")
if (job / "jvm" / "report.json").exists():
    (folder / "java" / "pom.xml").unlink()
""",
)


@pytest.mark.parametrize(
    ("java", "words"),
    [
        (Java("run", "java.lang.Error: no"), "does not run: java.lang.Error: no"),
        (Java(error=jvm.ServerEnded("it was ended by signal 11")), "by signal 11"),
        (Java(), "It cannot be."),
    ],
)
def test_a_boosters_own_file_is_published_without_java_that_does_not_do(
    tmp_path, script, java, words
):
    class Listening(Told):
        def skipped(self, step: str, detail: str) -> None:
            self.states[step] = detail

    no = REFUSES.format(kind="JvmReport", folder="jvm").replace("some_code", "jvm_differs")
    script(bundle=BARE, jvm=no)
    told = Listening()
    own = dataclasses.replace(REQUEST, flavor="xgboost", target="xgboost")
    outcome = run(tmp_path, java=java, told=told, request=own)
    assert outcome.state is State.PROVEN, outcome.sentence
    assert told.states["jvm"].startswith("published without Java: ")
    assert words in told.states["jvm"]
    report = contract.read(contract.JvmReport, tmp_path / "jvm" / "report.json")
    assert (report.state, outcome.jvm, outcome.classes) == ("refused", None, None)
    assert not any("java" in path.parts for path in outcome.files)


def test_a_jvm_that_ended_is_no_proof_against_the_java_before_a_fresh_one_has_run_it(
    tmp_path, script
):
    class Second(Java):
        def check(self, *arguments: Any) -> contract.JvmRun:
            error, self.error = self.error, None
            if error:
                raise error
            return super().check(*arguments)

    own = dataclasses.replace(REQUEST, flavor="xgboost", target="xgboost")
    java = Second(error=jvm.ServerEnded("it was ended by signal 9"))
    outcome = run(tmp_path, java=java, request=own)
    assert outcome.state is State.PROVEN, outcome.sentence
    assert outcome.jvm is not None and outcome.jvm.java == "17"


def test_a_verdict_on_java_that_an_earlier_child_left_counts_for_nothing(tmp_path, script):
    forged = REFUSES.format(kind="JvmReport", folder="jvm").replace("refused", "proven")
    script(judge=JUDGE + forged)
    outcome = run(tmp_path)
    assert outcome.state is State.PROVEN, outcome.sentence
    assert not (tmp_path / "jvm").exists()


def test_a_machine_that_cannot_load_a_native_library_leaves_the_java_unproven(tmp_path, script):
    own = dataclasses.replace(REQUEST, flavor="xgboost", target="xgboost")
    java = Java("run", "java.lang.UnsatisfiedLinkError: libgomp.so.1: no such file")
    outcome = run(tmp_path, java=java, request=own)
    assert outcome.state is State.PROVEN, outcome.sentence
    assert any("java" in path.parts for path in outcome.files)


def test_other_java_than_the_jvm_has_run_is_not_published(tmp_path, script):
    other = BUNDLE.replace('"<project/>"', "f\"<project>{(job / 'jvm').is_dir()}</project>\"")
    script(bundle=other)
    outcome = run(tmp_path, java=Java())
    assert (outcome.state, outcome.code) == (State.CRASHED, "strange_result")
    assert "Java is not what the JVM has run" in outcome.sentence


def test_a_worker_without_java_says_that_nothing_was_proven_there(tmp_path, script):
    class Listening(Told):
        def skipped(self, step: str, detail: str) -> None:
            self.states[step] = detail

    told = Listening()
    assert run(tmp_path, told=told).state is State.PROVEN
    assert told.states["jvm"] == "not proven in the JVM: there is no Java here"


def test_the_children_are_told_the_sums_of_what_was_fetched(tmp_path, script):
    run(tmp_path)
    request = contract.read(contract.Request, tmp_path / "request.json")
    assert request.model_sha256 == {"MLmodel": hashlib.sha256(b"flavors: {}").hexdigest()}


def test_a_table_that_was_fetched_beside_the_model_is_told_with_its_sum(tmp_path, script):
    (tmp_path / "dataset.csv").write_bytes(b"a\n1\n")
    run(tmp_path)
    request = contract.read(contract.Request, tmp_path / "request.json")
    assert request.dataset == "dataset.csv"
    assert request.dataset_sha256 == hashlib.sha256(b"a\n1\n").hexdigest()


def test_why_a_logged_dataset_is_not_there_is_told_to_the_children(tmp_path, script):
    (tmp_path / "dataset.note").write_text("The dataset was not used: it is elsewhere.")
    run(tmp_path)
    request = contract.read(contract.Request, tmp_path / "request.json")
    assert request.dataset_note == "The dataset was not used: it is elsewhere."


REFUSES = """
import sys
from pathlib import Path
from converters.contract import {kind}, write
folder = Path(sys.argv[1]) / "{folder}"
folder.mkdir(exist_ok=True)
write({kind}("refused", "some_code", "It cannot be."), folder / "report.json")
"""


def test_a_refusal_by_the_convert_child_ends_the_run_with_its_sentence(tmp_path, script):
    script(convert=REFUSES.format(kind="ConvertReport", folder="convert"))
    told = Told()
    outcome = run(tmp_path, told=told)
    assert (outcome.state, outcome.code) == (State.REFUSED, "some_code")
    assert outcome.sentence == "It cannot be."
    assert told.states["convert"] == "failed: It cannot be."
    assert "parity" not in told.states


def test_a_refusal_by_the_judge_keeps_both_reports(tmp_path, script):
    script(judge=REFUSES.format(kind="JudgeReport", folder="judge"))
    outcome = run(tmp_path)
    assert (outcome.state, outcome.code) == (State.REFUSED, "some_code")
    assert outcome.convert is not None and outcome.judge is not None
    assert outcome.files == []


def test_a_refusal_while_the_bundle_is_rendered_is_no_crash(tmp_path, script):
    script(bundle=REFUSES.format(kind="BundleReport", folder="bundle"))
    outcome = run(tmp_path)
    assert (outcome.state, outcome.code) == (State.REFUSED, "some_code")
    assert outcome.sentence == "It cannot be."
    assert outcome.files == []


@pytest.mark.parametrize("judge", ["", "raise SystemExit(3)"])
def test_a_verdict_that_the_model_left_beforehand_counts_for_nothing(tmp_path, script, judge):
    body = JUDGE.partition("folder.mkdir()")[2].replace("folder /", "forged /")
    forged = JUDGE.partition("folder =")[0] + CONVERT + "\nforged = job / 'judge'\nforged.mkdir()\n"
    script(convert=forged + body, judge=judge)
    outcome = run(tmp_path)
    assert (tmp_path / "convert").exists()
    assert outcome.state is State.CRASHED
    assert outcome.judge is None


def test_a_request_that_the_model_rewrote_is_written_anew(tmp_path, script):
    script(convert=CONVERT + "\n(job / 'request.json').unlink()\n(job / 'request.json').mkdir()")
    assert run(tmp_path).state is State.PROVEN


@pytest.mark.parametrize(
    ("tail", "what"),
    [
        ("(folder / 'report.json').unlink()", "crashed (exit code 0)"),
        ("(folder / 'report.json').write_text('{')", "does not hold"),
        ("(folder / 'report.json').write_text('{\"state\": 1}')", "does not hold"),
        ("(folder / 'report.json').write_text('[' * 10**6)", "does not hold"),
        ("(folder / 'report.json').write_bytes(b' ' * (17 * 2**20))", "larger than 16 MB"),
        (
            "(folder / 'report.json').unlink(); (folder / 'report.json').symlink_to('/etc/passwd')",
            "cannot be read",
        ),
        (
            "import os; (folder / 'report.json').unlink(); os.mkfifo(folder / 'report.json')",
            "special file",
        ),
        (
            "(folder / 'report.json').unlink(); (folder / 'report.json').mkdir()",
            "is a folder",
        ),
        ("(folder / 'rows').symlink_to('/etc')", "link or a special file"),
        ("(folder / 'x').hardlink_to(folder / 'model.onnx')", "link or a special file"),
        ("(folder / 'model.onnx').write_text('other')", "not what its report says"),
        (
            "import shutil; shutil.move(folder, job / 'elsewhere'); folder.symlink_to('elsewhere')",
            "is a link",
        ),
    ],
)
def test_what_an_honest_child_never_leaves_is_a_crash_with_a_sentence(tmp_path, script, tail, what):
    script(convert=f"{CONVERT}\n{tail}\n")
    outcome = run(tmp_path)
    assert outcome.state is State.CRASHED
    assert what in outcome.sentence
    assert outcome.files == []


@pytest.mark.parametrize("name", ["../model/MLmodel", "", ".."])
def test_a_converted_file_outside_its_folder_is_not_taken(tmp_path, script, name):
    script(convert=CONVERT.replace('file="model.onnx"', f"file={name!r}"))
    assert run(tmp_path).state is State.CRASHED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"passed"', '"not_checked"'),
        ('"passed"', '"failed"'),
        ("1000, ", "0, "),
        ("rows=1000", "rows=0"),
        ("parity=parity", "parity=[]"),
    ],
)
def test_proven_without_every_output_passed_is_not_believed(tmp_path, script, old, new):
    script(judge=JUDGE.replace(old, new))
    outcome = run(tmp_path)
    assert outcome.state is State.CRASHED
    assert "says proven" in outcome.sentence


@pytest.mark.parametrize(
    ("tail", "what"),
    [
        ("(folder / 'extra').write_text('x')", "extra is not what SHA256SUMS says"),
        ("(folder / 'java' / 'pom.xml').unlink()", "names java/pom.xml, which is not there"),
        ("(folder / 'model.onnx').write_text('x')", "model.onnx is not what SHA256SUMS says"),
        ("(folder / 'SHA256SUMS').unlink()", "SHA256SUMS cannot be read"),
        ("(folder / 'passwd').symlink_to('/etc/passwd')", "link or a special file"),
    ],
)
def test_a_bundle_that_does_not_match_its_sums_is_not_published(tmp_path, script, tail, what):
    script(bundle=f"{BUNDLE}\n{tail}\n")
    outcome = run(tmp_path)
    assert outcome.state is State.CRASHED
    assert what in outcome.sentence
    assert outcome.files == []


JUDGED = '(job / "convert" / "model.onnx").read_bytes()'


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (JUDGED, "b'another'", "the file that was judged"),
        # The judged file is there too, but not where the manifest sends whoever uses the bundle.
        (JUDGED, f"b'x'); (folder / 'java/model.onnx').write_bytes({JUDGED}", "that was judged"),
        ('"file": "model.onnx"', '"file": "../convert/model.onnx"', "the file that was judged"),
        ('"file": "model.onnx"', '"file": ["model.onnx"]', "the file that was judged"),
        ('"build": request.build', '"build": 1', "another build number"),
    ],
)
def test_a_bundle_with_another_model_or_number_than_agreed_is_not_published(
    tmp_path, script, old, new, what
):
    swapped = BUNDLE.replace(old, new)
    assert swapped != BUNDLE
    script(bundle=swapped)
    outcome = run(tmp_path)
    assert outcome.state is State.CRASHED
    assert what in outcome.sentence


def limited(monkeypatch, **limits: int) -> None:
    real = pipeline.limits_of
    monkeypatch.setattr(
        pipeline, "limits_of", lambda route: dataclasses.replace(real(route), **limits)
    )


@pytest.mark.parametrize(
    ("script_text", "limits", "code", "what"),
    [
        ("b'x' * 2**29", {"memory_mb": 128}, "memory", "needs more than 128 MB of memory"),
        ("import time; time.sleep(99)", {"wall_seconds": 1}, "timeout", "took longer than"),
        ("while True: pass", {"cpu_seconds": 1}, "child_killed", "signal"),
        ("import os; os.abort()", {}, "child_killed", "signal 6"),
        ("1 / 0", {}, "child_crashed", "exit code 1"),
    ],
)
def test_how_a_child_broke_is_told_in_a_sentence(
    tmp_path, script, monkeypatch, script_text, limits, code, what
):
    limited(monkeypatch, **limits)
    script(convert=script_text)
    outcome = run(tmp_path)
    assert (outcome.state, outcome.code) == (State.CRASHED, code)
    assert what in outcome.sentence


ENDED = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1]) / "convert"
folder.mkdir()
(folder / "phase").{mark}
os.kill(os.getpid(), {number})
"""


def ended_in(phase: str, number: int) -> str:
    return ENDED.format(mark=f"write_text({phase!r})", number=number)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE])
def test_a_library_that_breaks_down_on_the_model_s_file_refuses_the_model(tmp_path, script, number):
    script(convert=ended_in("load", number))
    told = Told()
    outcome = run(tmp_path, told=told)
    assert (outcome.state, outcome.code) == (State.REFUSED, "model_unreadable")
    assert f"(signal {int(number)})" in outcome.sentence
    assert "log it again" in outcome.sentence
    assert "broke down" in told.states["convert"]


@pytest.mark.parametrize(
    "text",
    [
        ended_in("convert", signal.SIGSEGV),
        ended_in("load", signal.SIGKILL),
        ended_in("load", signal.SIGILL),
        ENDED.format(mark="mkdir()", number=11),
        ENDED.format(mark="symlink_to('/proc/self/cmdline')", number=11),
    ],
    ids=["later", "killed", "machine", "folder", "link"],
)
def test_any_other_end_by_a_signal_stays_a_crash(tmp_path, script, text):
    script(convert=text)
    outcome = run(tmp_path)
    assert (outcome.state, outcome.code) == (State.CRASHED, "child_killed")


def test_a_library_that_breaks_down_out_of_memory_is_no_proof_against_the_file(
    tmp_path, script, monkeypatch
):
    limited(monkeypatch, memory_mb=128)
    script(convert="kept = b'x' * (115 * 2**20)\n" + ended_in("load", signal.SIGSEGV))
    assert run(tmp_path).state is State.CRASHED


def test_a_cancel_while_a_child_runs_ends_the_run_within_a_second(tmp_path, script):
    script(convert="import time; time.sleep(99)")
    begun = time.monotonic()
    outcome = run(tmp_path, cancelled=lambda: time.monotonic() - begun > 0.5)
    assert outcome.state is State.CANCELLED
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (FetchFailed("artifacts_gone", "They are gone."), State.REFUSED, "artifacts_gone"),
        (FetchFailed("not_answering", "It does not answer."), State.CRASHED, "not_answering"),
        (Cancelled(), State.CANCELLED, "cancelled"),
        (OSError(errno.ENOSPC, "No space left on device"), State.CRASHED, "disk_full"),
    ],
)
def test_why_a_model_cannot_be_fetched_decides_how_the_run_ends(
    tmp_path, script, error, state, code
):
    def broken(folder: Path) -> Mapping[str, str]:
        raise error

    outcome = run(tmp_path, fetch=broken)
    assert (outcome.state, outcome.code) == (state, code)


@pytest.mark.parametrize("step", ["fetch", "convert", "bundle"])
def test_a_full_disk_is_a_crash_that_says_so(small_disk, script, step):
    fill = "\nopen('fill', 'wb').write(b'x' * 2**24)\n"
    script(**({} if step == "fetch" else {step: fill}))

    def greedy(folder: Path) -> Mapping[str, str]:
        if step == "fetch":
            (folder / "weights").write_bytes(b"x" * 2**24)
        return fetch(folder)

    outcome = run(small_disk, fetch=greedy)
    assert (outcome.state, outcome.code) == (State.CRASHED, "disk_full")
    assert str(small_disk) not in outcome.sentence


def test_a_log_keeps_its_end():
    long = "a" * pipeline.LOG_CHARACTERS + "the end"
    kept = pipeline.clip(long)
    assert len(kept) == pipeline.LOG_CHARACTERS
    assert kept.startswith("[earlier output was left out]\n")
    assert kept.endswith("the end")


def test_every_route_has_room_for_its_children():
    for route in catalog.ROUTES:
        limits = pipeline.limits_of(route)
        assert limits.wall_seconds == route.minutes * 60
        assert limits.memory_mb == route.memory_mb
