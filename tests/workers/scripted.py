"""Children that are small scripts: real processes that do exactly what a test wants of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from converters.contract import JvmRun
from workers.jvm import Checker, Lacking

CONVERT = """
import hashlib, sys
from pathlib import Path
from converters.contract import ConvertReport, write
job = Path(sys.argv[1])
folder = job / "convert"
folder.mkdir()
content = b"converted " + (job / "model" / "MLmodel").read_bytes()
(folder / "model.onnx").write_bytes(content)
report = ConvertReport(
    "converted", file="model.onnx", file_sha256=hashlib.sha256(content).hexdigest()
)
write(report, folder / "report.json")
print("converted it")
"""
JUDGE = """
import sys
from pathlib import Path
from converters.contract import JudgeReport, OutputKind, OutputParity, write
folder = Path(sys.argv[1]) / "judge"
folder.mkdir()
parity = [OutputParity("label", OutputKind.LABEL, 1000, "passed")]
report = JudgeReport("proven", rows=1000, parity=parity, runtime="paper 1")
write(report, folder / "report.json")
"""
BUNDLE = """
import hashlib, json, sys
from pathlib import Path
from converters.contract import Request, read
job = Path(sys.argv[1])
request = read(Request, job / "request.json")
folder = job / "bundle"
(folder / "java").mkdir(parents=True)
(folder / "model.onnx").write_bytes((job / "convert" / "model.onnx").read_bytes())
(folder / "java" / "pom.xml").write_text("<project/>")
about = request.identity
maven = {"group": "test", "artifact": about.model, "version": f"{about.version}.{request.build}"}
told = {"build": request.build, "file": "model.onnx", "maven": maven}
(folder / "manifest.json").write_text(json.dumps(told))
lines = [
    f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}"
    for p in sorted(folder.rglob("*")) if p.is_file()
]
(folder / "SHA256SUMS").write_text("\\n".join(lines) + "\\n")
"""
JVM = """
import sys
from pathlib import Path
from converters.contract import JvmReport, OutputKind, OutputParity, write
folder = Path(sys.argv[1]) / "jvm"
assert (folder / "answers").is_dir() and (folder / "run.json").is_file()
parity = [OutputParity("label", OutputKind.LABEL, 20, "passed")]
write(JvmReport("proven", rows=20, parity=parity, java="17"), folder / "report.json")
"""
Script = Callable[..., None]


class Java(Checker):
    """A worker whose Java ends as a test wants it to."""

    def __init__(self, state: str = "ran", message: str = "", error: Exception | None = None):
        super().__init__(Path("nowhere"))
        self.run = JvmRun(state, message, "javac", "17", 90, 20, 210)
        self.error = error

    def ready(self, folder: Path, log: Callable[[str], None], stopped: Callable[[], bool]) -> None:
        log("Java is there\n")

    def check(
        self, bundle: Path, to: Path, wall_seconds: float, cancelled: Callable[[], bool]
    ) -> JvmRun:
        assert (bundle / "java" / "pom.xml").is_file()
        if self.error:
            raise self.error
        (to / "answers").mkdir()
        (to / "classes").mkdir()
        return self.run


class NoJava(Checker):
    """A worker without Java."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def ready(self, folder: Path, log: Callable[[str], None], stopped: Callable[[], bool]) -> None:
        raise Lacking("there is no Java here")


@pytest.fixture
def script(monkeypatch) -> Script:
    """Replaces the converters by scripts: honest ones, or what `script(convert=…)` is given."""
    verbs = {"convert": CONVERT, "judge": JUDGE, "jvm": JVM, "bundle": BUNDLE}

    def command(verb: str, jobdir: Path, python: Path | None = None) -> list[str]:
        return [sys.executable, "-I", "-u", "-c", verbs[verb], str(jobdir)]

    monkeypatch.setattr("workers.pipeline.command", command)
    return lambda **over: verbs.update(over)
