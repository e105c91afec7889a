"""`crossport verify`: sums, signature and golden rows of a bundle that somebody handed on."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from cli.archive import unpack
from cli.outcomes import Crash, Refusal
from cli.output import emit, facts, say
from converters import catalog, contract
from converters.environments import JARS_VARIABLE
from registry.connectors import DOWNLOAD_LIMIT
from workers import collect, environments, jars
from workers.sandbox import Limits, command, run_child

# The child loads a runtime and a converted file, never a model's own code.
LIMITS = Limits(wall_seconds=600, cpu_seconds=1200)
JAVA_SECONDS = 900
VERDICT = "verify"


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Register the command of this module."""
    verify = commands.add_parser(
        "verify",
        parents=[shared],
        help="check a bundle: sums, signature, golden rows",
        description="Scores the golden rows with the file in the bundle, in a sandboxed child.",
    )
    verify.add_argument("bundle", type=Path, metavar="BUNDLE", help="an archive, or one unpacked")
    verify.add_argument(
        "--java",
        action="store_true",
        help="build its Maven project and run its test, too: that "
        "runs the bundle's own code, unconfined, so do it for bundles that you trust",
    )
    verify.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    maven = _maven() if arguments.java else ""
    with tempfile.TemporaryDirectory(prefix="crossport-") as name:
        work = Path(name)
        bundle = work / "bundle"
        _take(arguments.bundle, bundle)
        verdict = _scored(work, bundle)
        if arguments.java:
            verdict["java"] = _built(bundle / "java", work / "java", maven)
    if arguments.json:
        emit(verdict)
    else:
        facts(
            [
                ("bundle", arguments.bundle),
                ("files", verdict.get("files")),
                ("golden rows", f"{verdict['rows']} hold"),
                ("runtime", verdict.get("runtime")),
                ("java", verdict.get("java")),
            ]
        )
    return 0


def _take(given: Path, bundle: Path) -> None:
    """A copy of the bundle of our own: what is checked cannot change meanwhile.

    Raises:
        Refusal: it is not there, is no archive, or holds what no bundle holds.
    """
    if not given.exists():
        raise Refusal("not_found", f"There is no file or folder {given}.")
    if given.is_file():
        bundle.mkdir()
        unpack(given, bundle)
        return
    try:
        files = collect.check_tree(given.resolve())
        if sum(path.stat().st_size for path in files) > DOWNLOAD_LIMIT:
            raise Refusal("hostile_archive", f"{given} is larger than any bundle.")
    except collect.Strange as strange:
        raise Refusal("hostile_archive", f"{given} is no bundle: {strange}.") from strange
    shutil.copytree(given, bundle, symlinks=True)
    # `crossport convert` leaves its own report beside the bundle's files; it is none of them.
    (bundle / contract.REPORT_FILE).unlink(missing_ok=True)


def _runtime(bundle: Path) -> tuple[Path | None, dict[str, str]]:
    """The interpreter and the variables that give the runtime of the bundle's target.

    What is missing of them is built.

    Raises:
        Crash: it cannot be built.
    """
    try:
        named = json.loads((bundle / "manifest.json").read_bytes()).get("target")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None, {}  # no bundle; the child says so in words
    target = catalog.target(str(named))
    if target is None:
        return None, {}
    folder = environments.default_folder()
    try:
        python = environments.ready(target.environment, folder, say, lambda: False)
        if not target.jars:
            return python, {}
        return python, {JARS_VARIABLE: str(jars.ready(target.jars, folder, say, lambda: False))}
    except environments.EnvironmentProblem as problem:
        raise Crash(problem.code, problem.sentence) from problem


def _scored(work: Path, bundle: Path) -> dict[str, Any]:
    """What the confined child found.

    Raises:
        Refusal: the bundle does not hold what it promises.
        Crash: the child broke.
    """
    heard: list[str] = []
    python, variables = _runtime(bundle)
    argv = command(VERDICT, bundle, python)
    child = run_child(argv, work, LIMITS, heard.append, lambda: False, variables)
    if child.timed_out:
        raise Crash("timeout", f"Scoring took longer than {LIMITS.wall_seconds:.0f} seconds.")
    try:
        verdict = json.loads("".join(heard).strip().splitlines()[-1])
        state = verdict["state"]
    except (ValueError, LookupError, TypeError) as error:
        raise Crash("verify_crashed", f"The check broke: {child.tail[-2000:]}") from error
    if state != "holds":
        raise Refusal(str(verdict["code"]), str(verdict["sentence"]))
    return dict(verdict)


def _maven() -> str:
    """The path of `mvn`.

    Raises:
        Refusal: it or a JDK is missing.
    """
    maven, compiler = shutil.which("mvn"), shutil.which("javac")
    home = os.environ.get("JAVA_HOME", "")
    if maven and (compiler or (home and Path(home, "bin", "javac").exists())):
        return maven
    missing = "a JDK" if maven else "Maven"
    raise Refusal(
        "no_maven",
        f"--java needs Maven and a JDK, and {missing} is not here. Install it (Debian, Ubuntu: "
        "`apt-get install maven default-jdk`), or leave --java out.",
    )


def _built(project: Path, copy: Path, maven: str) -> str:
    """Build a copy of the bundle's Maven project and run its test.

    Raises:
        Refusal: the bundle has none, or it does not build, or its test fails.
    """
    if not (project / "pom.xml").is_file():
        raise Refusal(
            "no_java",
            "This bundle holds no Maven project; its README.md says how its file is opened. Leave "
            "out --java to check all the rest.",
        )
    # The whole bundle is copied, since the project may read the golden rows beside it.
    shutil.copytree(project.parent, copy)
    say("mvn verify")
    try:
        done = subprocess.run(  # noqa: S603
            [maven, "--batch-mode", "--quiet", "verify"],
            cwd=copy / project.name,
            capture_output=True,
            text=True,
            timeout=JAVA_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Crash("timeout", f"mvn verify took longer than {JAVA_SECONDS} seconds.") from error
    if done.returncode:
        tail = (done.stdout + done.stderr).strip()[-3000:]
        for line in tail.splitlines():
            say(line)
        raise Refusal("java_failed", "The bundle's Maven project does not pass `mvn verify`.")
    return "mvn verify passed"
