"""The steps of one job on one job directory, from fetch to bundle; the command line uses it too.

Knows no Django: whoever calls it is told of each step and stores, shows or publishes what follows.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from converters import catalog, contract
from converters.environments import JARS_VARIABLE
from workers import breakdown, collect, environments, jars, jvm
from workers.sandbox import ChildResult, Killed, Limits, command, level, remove_tree, run_child

STEPS = ("fetch", "environment", "convert", "parity", "optimise", "benchmark", "jvm", "bundle")
PAGE = "parity.html"
LOG_CHARACTERS = 200_000
FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
# Less than this left after a child failed: the disk is the likelier cause.
SCARCE_BYTES = 32 * 2**20
# How generated Java fails that a bundle can do without.
JAVA_FAILURES = frozenset({"jvm_failed", "jvm_ended", "jvm_differs", "jvm_no_rows"})
# From this share of its memory on, a child may well have died of the limit.
FULL_MEMORY = 0.8

# Why a model's files cannot be had that its owner, not an administrator, can mend; the other codes
# of registry.connectors.SourceProblem are crashes.
FETCH_REFUSALS = frozenset(
    {"artifacts_changed", "artifacts_gone", "artifact_scheme", "bad_name", "too_large"}
)
SKIPPED = {
    "optimise": "graphs are published as converted",
    "benchmark": "speed is not measured in this release",
}


T = TypeVar("T")
# model folder → sha256 of each file by its path inside
Fetch = Callable[[Path], Mapping[str, str]]


class State(StrEnum):
    """How a run ended."""

    PROVEN = "proven"
    REFUSED = "refused"
    CRASHED = "crashed"
    CANCELLED = "cancelled"


class StepListener(Protocol):
    """Is told what happens, as it happens."""

    def started(self, step: str) -> None:
        """A step has begun."""

    def done(self, step: str, detail: str) -> None:
        """It has ended well."""

    def skipped(self, step: str, detail: str) -> None:
        """It is not needed here."""

    def failed(self, step: str, detail: str) -> None:
        """It has ended, and the run with it."""

    def log(self, text: str) -> None:
        """What a child printed, as it came."""


class FetchFailed(Exception):
    """The model's files could not be had; the code says whether that is up to the model's owner."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Cancelled(Exception):
    """Nobody wants the result any more; a fetch may raise it too."""


class _Skipped(Exception):
    """Leaves a step that is not needed or cannot be taken here; the message says why."""


class _Ended(Exception):
    """Leaves the steps early, with the outcome."""

    def __init__(self, state: State, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.state, self.code, self.sentence = state, code, sentence


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what its children reported.

    files: the bundle's, checked against its SHA256SUMS; only where the state is proven.
    manifest: the bundle's manifest.json, parsed. log: the end of all output, 200,000 characters.
    page: parity.html, where the conversion was judged and refused; None everywhere else.
    """

    state: State
    code: str = ""
    sentence: str = ""
    convert: contract.ConvertReport | None = None
    judge: contract.JudgeReport | None = None
    jvm: contract.JvmReport | None = None
    files: list[Path] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    classes: Path | None = None  # what the JVM check compiled
    peak_mb: dict[str, int] = field(default_factory=dict)
    log: str = ""
    page: Path | None = None


def run(
    jobdir: Path,
    request: contract.Request,
    fetch: Fetch,
    steps: StepListener,
    cancelled: Callable[[], bool],
    reserve_build: Callable[[], int],
    environments_folder: Path,
    java: jvm.Checker,
) -> Outcome:
    """Fetch, convert, judge and render one bundle in `jobdir`; never raises for what a model does.

    reserve_build: asked once, when the file is proven and its Java is about to be rendered.
    environments_folder: where environments of large frameworks are built once and kept.
    java: compiles and runs generated Java.
    """
    return _Run(
        jobdir.resolve(), request, fetch, steps, cancelled, reserve_build, environments_folder, java
    ).outcome()


def limits_of(route: catalog.Route) -> Limits:
    """A child's limits on this route; a JVM's collector may use a second core."""
    wall = route.minutes * 60
    return Limits(wall_seconds=wall, cpu_seconds=2 * wall, memory_mb=route.memory_mb)


def prove(
    jobdir: Path, request: contract.Request, java: jvm.Checker, cancelled: Callable[[], bool]
) -> Outcome:
    """Run the Java of the published bundle that lies in `jobdir`, and judge its answers.

    java: made ready before.

    Raises:
        Cancelled: `cancelled` said so.
    """
    return _Run(
        jobdir.resolve(), request, _nothing, _NoSteps(), cancelled, lambda: 0, jobdir, java
    ).prove()


def _nothing(folder: Path) -> Mapping[str, str]:
    """No model is fetched: the bundle has it."""
    return {}


class _NoSteps:
    """Listens to a run that no job shows."""

    def started(self, step: str) -> None:
        """Nobody is told."""

    def done(self, step: str, detail: str) -> None:
        """Nobody is told."""

    skipped = failed = done

    def log(self, text: str) -> None:
        """The outcome has it."""


class _Run:
    def __init__(
        self,
        jobdir: Path,
        request: contract.Request,
        fetch: Fetch,
        steps: StepListener,
        cancelled: Callable[[], bool],
        reserve_build: Callable[[], int],
        environments_folder: Path,
        java: jvm.Checker,
    ) -> None:
        self.jobdir = jobdir
        self.request = request
        self.fetch = fetch
        self.steps = steps
        self.cancelled = cancelled
        self.reserve_build = reserve_build
        self.environments_folder = environments_folder
        self.java = java
        self.pythons: dict[str, Path] = {}  # verb → interpreter
        self.ran: dict[str, str] = {}  # the Java that the JVM has run: path → sha256
        self.jars: Path | None = None  # what the judge's JVM loads
        self.step = ""
        self.text = ""
        self.convert: contract.ConvertReport | None = None
        self.judge: contract.JudgeReport | None = None
        self.jvm: contract.JvmReport | None = None
        self.files: list[Path] = []
        self.manifest: dict[str, Any] = {}
        self.peak_mb: dict[str, int] = {}
        self.page: Path | None = None

    def outcome(self) -> Outcome:
        """Take the steps in their order; the first that ends otherwise than well is the last."""
        try:
            for step in STEPS:
                self._take(step)
        except _Ended as end:
            self.steps.failed(self.step, end.sentence)
            return self._outcome(end.state, end.code, end.sentence)
        return self._outcome(State.PROVEN)

    def _take(self, step: str) -> None:
        if step in SKIPPED:
            self.steps.skipped(step, SKIPPED[step])
            return
        self.step = step
        self.steps.started(step)
        actions = {
            "fetch": self._fetch,
            "environment": self._environment,
            "convert": self._convert,
            "parity": self._judge,
            "jvm": self._jvm,
            "bundle": self._bundle,
        }
        try:
            detail = actions[step]()
        except _Skipped as skip:
            self.steps.skipped(step, str(skip))
            return
        except Cancelled as stop:
            raise _Ended(State.CANCELLED, "cancelled", "Cancelled while it ran.") from stop
        except collect.Strange as strange:
            raise _crash("strange_result", f"The {step} step left a bad result: {strange}.") from (
                strange
            )
        except OSError as error:
            if error.errno in FULL_DISK:
                raise _crash(*disk_full()) from error
            raise
        self.steps.done(step, detail)

    def _fetch(self) -> str:
        model = self.jobdir / contract.MODEL_DIR
        model.mkdir(parents=True)
        try:
            sums = dict(self.fetch(model))
        except FetchFailed as failure:
            state = State.REFUSED if failure.code in FETCH_REFUSALS else State.CRASHED
            raise _Ended(state, failure.code, failure.sentence) from failure
        if self.cancelled():
            raise Cancelled
        table, digest = self._dataset()
        note = self.jobdir / contract.DATASET_NOTE
        self.request = dataclasses.replace(
            self.request,
            model_sha256=sums,
            dataset=table,
            dataset_sha256=digest,
            dataset_note=note.read_text(encoding="utf-8") if note.is_file() else "",
        )
        size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
        shown = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
        return f"{len(sums)} files, {shown}"

    def _dataset(self) -> tuple[str, str]:
        """Name and sha256 of the table that the fetch put beside the model; empty without one."""
        for name in contract.DATASET_FILES:
            path = self.jobdir / name
            if path.is_file():
                return name, collect.sha256_of(path)
        return "", ""

    def _environment(self) -> str:
        """Have the environments of route and target at hand, building what is missing."""
        route, target = self._route(), catalog.target(self.request.target)
        wanted = {"convert": route.environment, "judge": target.environment if target else ""}
        try:
            for verb, name in wanted.items():
                self.pythons[verb] = environments.ready(
                    name, self.environments_folder, self._log, self.cancelled
                )
            if target and target.jars:
                self.jars = jars.ready(
                    target.jars, self.environments_folder, self._log, self.cancelled
                )
        except environments.Stopped as stop:
            raise Cancelled from stop
        except environments.EnvironmentProblem as problem:
            raise _crash(problem.code, problem.sentence) from problem
        named = [*wanted.values(), target.jars if target else ""]
        return ", ".join(filter(None, dict.fromkeys(named)))

    def _route(self) -> catalog.Route:
        route = catalog.route(self.request.flavor, self.request.target)
        if route is None:
            sentence = f"There is no route {self.request.flavor} → {self.request.target}."
            raise _Ended(State.REFUSED, "no_route", sentence)
        return route

    def _convert(self) -> str:
        folder = self.jobdir / contract.CONVERT_DIR
        child = self._child("convert", folder)
        report = self._report(contract.ConvertReport, folder, child)
        self.convert = report
        self._follow(report.state, report.code, report.sentence, good="converted", child=child)
        left = collect.check_tree(folder)
        for name, digest in {**report.data_files, report.file: report.file_sha256}.items():
            if folder / name not in left or "/" in name:
                raise collect.Strange(f"{name!r} is no file of its own")
            if collect.sha256_of(folder / name) != digest:
                raise collect.Strange(f"{name} is not what its report says")
        return f"{report.file}, {(folder / report.file).stat().st_size / 1e3:.0f} kB"

    def _judge(self) -> str:
        folder = self.jobdir / contract.JUDGE_DIR
        child = self._child("judge", folder)
        report = self._report(contract.JudgeReport, folder, child)
        self.judge = report
        self.page = self._explained(folder)
        self._follow(report.state, report.code, report.sentence, good="proven", child=child)
        collect.check_tree(folder)
        doubtful = [one.name for one in report.parity if one.verdict != "passed" or one.rows < 1]
        if doubtful or not report.parity or report.rows < 1:
            which = ", ".join(doubtful) or "no output"
            raise collect.Strange(f"it says proven, but {which} was not judged as passed")
        return f"{report.rows} rows, {len(report.parity)} outputs, {report.runtime}"

    def _explained(self, folder: Path) -> Path | None:
        """The judge's page, if it left one that can be kept."""
        path = folder / PAGE
        if not path.exists() and not path.is_symlink():
            return None
        collect.read_bytes(path)  # a plain file, and no larger than a report may be
        return path

    def _jvm(self) -> str:
        """Compile and run the Java of the bundle to come on its golden rows, and judge it."""
        # What an earlier child may have left there is no verdict on the Java.
        remove_tree(self.jobdir / contract.JVM_DIR)
        target = catalog.target(self.request.target)
        if target is None or not target.java:
            raise _Skipped("this target has no generated Java")
        try:
            self.java.ready(self.environments_folder, self._log, self.cancelled)
        except environments.Stopped as stop:
            raise Cancelled from stop
        except jvm.Lacking as lacking:
            raise _Skipped(f"not proven in the JVM: {lacking}") from lacking
        self._render()
        if lacks := self.manifest.get("lacks_java"):
            raise _Skipped(f"published without Java: {lacks}")
        try:
            return self._prove_java_twice() if target.may_lack_java else self._prove_java()
        except _Ended as end:
            if not target.may_lack_java or end.code not in JAVA_FAILURES:
                raise
            if "UnsatisfiedLinkError" in end.sentence:  # of this machine, not of the Java
                raise _Skipped(f"not proven in the JVM: {end.sentence}") from end
            return self._without_java(end)

    def _prove_java_twice(self) -> str:
        """Once more in a fresh JVM where the first did not live: others' models ran in it too."""
        try:
            return self._prove_java()
        except _Ended as end:
            if end.code != "jvm_ended":
                raise
            return self._prove_java()

    def _without_java(self, end: _Ended) -> str:
        """Have the bundle rendered without its Java, which does not do; the file is proven."""
        folder = self.jobdir / contract.JVM_DIR
        folder.mkdir(exist_ok=True)
        report = contract.JvmReport("refused", end.code, end.sentence)
        contract.write(report, folder / contract.REPORT_FILE)
        self.jvm = None
        raise _Skipped(f"published without Java: {end.sentence}") from end

    def prove(self) -> Outcome:
        """The verdict on the Java of a bundle that is there already."""
        self.step = "jvm"
        try:
            self._prove_java()
        except _Ended as end:
            return self._outcome(end.state, end.code, end.sentence)
        except collect.Strange as strange:
            return self._outcome(State.CRASHED, "strange_result", f"It left {strange}.")
        return self._outcome(State.PROVEN)

    def _prove_java(self) -> str:
        folder = self.jobdir / contract.JVM_DIR
        remove_tree(folder)
        folder.mkdir()
        ran = self._run_java(folder)
        contract.write(ran, folder / contract.RUN_FILE)
        child = self._start("jvm")
        self.peak_mb["jvm"] = max(child.peak_mb, ran.resident_mb)
        report = self._report(contract.JvmReport, folder, child)
        self.jvm = report
        self._follow(report.state, report.code, report.sentence, good="proven", child=child)
        doubtful = [one.name for one in report.parity if one.verdict != "passed" or one.rows < 1]
        if doubtful or not report.parity or report.rows < 1:
            raise collect.Strange("it says proven, but not every output was judged as passed")
        self.ran = self._java_sums()
        return (
            f"{report.rows} golden rows on Java {ran.java}; compiled by {ran.compiler} in "
            f"{ran.compile_ms} ms, run in {ran.run_ms} ms"
        )

    def _run_java(self, folder: Path) -> contract.JvmRun:
        wall = limits_of(self._route()).wall_seconds
        bundle = self.jobdir / contract.BUNDLE_DIR
        self._log("── jvm ──\n")
        try:
            ran = self.java.check(bundle, folder, wall, self.cancelled)
        except jvm.Cancelled as stop:
            raise Cancelled from stop
        except jvm.TooLong as late:
            sentence = f"The generated Java ran longer than {wall / 60:.0f} minutes."
            raise _crash("timeout", sentence) from late
        except jvm.ServerEnded as ended:
            raise _crash(
                "jvm_ended",
                f"The JVM that ran the generated Java did not live: {ended}. The log says more.",
            ) from ended
        finally:
            self._log(self.java.said())
        if ran.state == "compile":
            raise _crash("jvm_failed", f"The generated Java does not compile: {ran.message}")
        if ran.state != "ran":
            raise _crash("jvm_failed", f"The generated Java does not run: {ran.message}")
        return ran

    def _java_sums(self) -> dict[str, str]:
        folder = self.jobdir / contract.BUNDLE_DIR / "java"
        return {
            path.relative_to(folder).as_posix(): collect.sha256_of(path)
            for path in collect.check_tree(folder)
        }

    def _bundle(self) -> str:
        self._render()
        if self.ran and self.ran != self._java_sums():
            raise collect.Strange("the bundle's Java is not what the JVM has run")
        return f"build {self.request.build}, {len(self.files)} files"

    def _render(self) -> None:
        """Have JOBDIR/bundle rendered, with what is known by now, and see that it holds."""
        if not self.request.build:
            self.request = dataclasses.replace(self.request, build=self.reserve_build())
        folder = self.jobdir / contract.BUNDLE_DIR
        child = self._child("bundle", folder)
        if not child.ok:
            raise _crash(*self._why(child, "bundle"))
        if (folder / contract.REPORT_FILE).exists():  # instead of a bundle: proven, yet refused
            no = self._report(contract.BundleReport, folder, child)
            self._follow(no.state, no.code, no.sentence, good="", child=child)
        self.files = collect.check_sums(folder)
        try:
            self.manifest = dict(json.loads(collect.read_bytes(folder / "manifest.json")))
        except (ValueError, TypeError, RecursionError) as error:
            raise collect.Strange(f"manifest.json is no JSON object: {error}") from error
        # What is published is what was judged, byte for byte, and numbered as was reserved.
        model = folder / str(self.manifest.get("file", ""))
        judged = self.convert.file_sha256 if self.convert else None
        if model not in self.files or collect.sha256_of(model) != judged:
            raise collect.Strange("the bundle's model is not the file that was judged")
        for name, digest in (self.convert.data_files if self.convert else {}).items():
            if folder / name not in self.files or collect.sha256_of(folder / name) != digest:
                raise collect.Strange(f"the bundle's {name} is not the file that was judged")
        if self.manifest.get("build") != self.request.build:
            raise collect.Strange("the bundle's manifest has another build number")

    def _child(self, verb: str, folder: Path) -> ChildResult:
        """Run one verb on clean ground: nothing that an earlier child prepared for it remains."""
        if self.cancelled():
            raise Cancelled
        for later in (contract.BUNDLE_DIR, contract.JUDGE_DIR, contract.CONVERT_DIR):
            remove_tree(self.jobdir / later)
            if later == folder.name:
                break
        return self._start(verb)

    def _start(self, verb: str) -> ChildResult:
        """Run one verb on what is there."""
        request = self.jobdir / contract.REQUEST_FILE
        for path in (request, request.with_name(request.name + ".part")):
            remove_tree(path)
        contract.write(self.request, request)
        route = self._route()
        self._log(f"── {verb} ({level()}) ──\n")
        child = run_child(
            command(verb, self.jobdir, self.pythons.get(verb)),
            self.jobdir,
            limits_of(route),
            self._log,
            self.cancelled,
            {JARS_VARIABLE: str(self.jars)} if self.jars and verb == "judge" else None,
        )
        self.peak_mb[verb] = child.peak_mb
        self._log(f"── {verb} ended after {child.seconds:.1f} s, {child.peak_mb} MB ──\n")
        if child.killed_why is Killed.CANCELLED:
            raise Cancelled
        return child

    def _report(self, kind: type[T], folder: Path, child: ChildResult) -> T:
        """The child's report; a crash where it ended badly or left none."""
        if child.killed_why or child.signal is not None:
            raise self._broken(folder, child)
        if folder.is_symlink():
            raise collect.Strange(f"{folder.name}/ is a link")
        if not (folder / contract.REPORT_FILE).exists():
            raise _crash(*self._why(child, folder.name))
        try:
            return collect.read_report(kind, folder / contract.REPORT_FILE)
        except contract.ContractError as error:
            raise _crash(
                "strange_result",
                f"The {folder.name} step left a report that does not hold: {error}",
            ) from error

    def _broken(self, folder: Path, child: ChildResult) -> _Ended:
        """The end of a run whose child was ended: a crash, except by the file that it was reading.

        A library that finds no more memory may break down in any way, so a child that held most of
        its share is no proof against the file.
        """
        code, sentence = self._why(child, folder.name)
        most = limits_of(self._route()).memory_mb
        if code != "child_killed" or child.signal is None or child.peak_mb > most * FULL_MEMORY:
            return _crash(code, sentence)
        try:
            mark = b"" if folder.is_symlink() else collect.read_bytes(folder / contract.PHASE_FILE)
        except collect.Strange:
            mark = b""  # it came to no phase, as the judge never does
        no = breakdown.refusal(mark, child.signal)
        return _Ended(State.REFUSED, breakdown.CODE, no) if no else _crash(code, sentence)

    def _follow(
        self, state: str, code: str, sentence: str, *, good: str, child: ChildResult
    ) -> None:
        """Go on where the report says `good`; end the run where it says anything else."""
        if state == good and child.ok:
            return
        if state == "refused" and sentence:
            raise _Ended(State.REFUSED, code or "refused", sentence)
        why = self._why(child, self.step)
        if why[0] == "child_crashed" and state == "crashed" and sentence:
            why = (code or why[0], sentence)
        raise _crash(*why)

    def _why(self, child: ChildResult, step: str) -> tuple[str, str]:
        """Code and sentence for a child that ended without saying why."""
        route = catalog.route(self.request.flavor, self.request.target)
        limits = limits_of(route) if route else Limits()
        if child.timed_out:
            minutes = limits.wall_seconds / 60
            return "timeout", f"The {step} step took longer than {minutes:.0f} minutes."
        if child.killed_why is Killed.DISK:
            return "too_large", f"The {step} step wrote more than {limits.disk_mb} MB."
        if _out_of_memory(child):
            return "memory", (
                f"The {step} step needs more than {limits.memory_mb} MB of memory, which is what "
                "this route may use."
            )
        if shutil.disk_usage(self.jobdir).free < SCARCE_BYTES or "No space left" in child.tail:
            return disk_full()
        if child.signal is not None:
            return "child_killed", (
                f"The {step} step was ended by signal {child.signal}; the log says what it did."
            )
        return "child_crashed", (
            f"The {step} step crashed (exit code {child.exit_code}); the log says where. This is "
            "a fault of the converters, not of the model."
        )

    def _log(self, text: str) -> None:
        self.text = clip(self.text + text)
        self.steps.log(text)

    def _outcome(self, state: State, code: str = "", sentence: str = "") -> Outcome:
        return Outcome(
            state=state,
            code=code,
            sentence=sentence,
            convert=self.convert,
            judge=self.judge,
            jvm=self.jvm,
            files=self.files if state is State.PROVEN else [],
            manifest=self.manifest,
            classes=self.jobdir / contract.JVM_DIR / contract.CLASSES_DIR if self.ran else None,
            peak_mb=self.peak_mb,
            log=self.text,
            page=self.page,
        )


def clip(text: str) -> str:
    """The end of a log, as long as a job keeps."""
    if len(text) <= LOG_CHARACTERS:
        return text
    mark = "[earlier output was left out]\n"
    return mark + text[len(mark) - LOG_CHARACTERS :]


def _crash(code: str, sentence: str) -> _Ended:
    return _Ended(State.CRASHED, code, sentence)


def disk_full() -> tuple[str, str]:
    """Code and sentence for a job that found no room on the worker's disk or in the store."""
    return "disk_full", (
        "The disk that Crossport works on is full; nothing was published. Make room, then try the "
        "export again."
    )


def _out_of_memory(child: ChildResult) -> bool:
    """Whether the last lines are those of a program that got no more memory."""
    last = child.tail[-4000:]
    signs = ("MemoryError", "std::bad_alloc", "OutOfMemoryError", "Cannot allocate memory")
    return not child.ok and any(sign in last for sign in signs)
