#!/usr/bin/env python3
"""Sets the project up, then hands over to the script that does the work: what `make` calls.

Runs on the machine's own Python, even one that is too old to run Crossport, so that it can say so:
standard library only, and no syntax newer than Python 3.6.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import threading
import time
from typing import Any, Dict, List, Optional, Set, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST, NEWEST = (3, 11), (3, 13)

# What each level adds to the one before it, in the order of installing.
LEVELS: Dict[str, List[Tuple[str, str]]] = {
    "run": [("web and worker", "requirements-web.txt"), ("converters", "requirements.txt")],
    "dev": [
        ("web and worker", "requirements-web.txt"),
        ("converters", "requirements.txt"),
        ("checks and tests", "requirements-dev.txt"),
    ],
}
# verb → (level it needs, script it hands over to)
VERBS: Dict[str, Tuple[str, Optional[str]]] = {
    "setup": ("dev", None),
    "demo": ("run", "demo.py"),
    "run": ("run", "run.py"),
    "test": ("dev", "test.py"),
    "check": ("dev", "check.py"),
    "bench": ("dev", "bench.py"),
    "schema": ("dev", "schema.py"),
    "lock": ("dev", "lock.py"),
}


class SetupProblem(Exception):
    """What keeps the set-up from going on, as one sentence with its cure."""


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def suitable_python() -> str:
    """The interpreter for the virtual environment: this one, or a newer one on PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        name = "python3.%d" % minor
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if os.access(os.path.join(folder, name), os.X_OK):
                return os.path.join(folder, name)
    raise SetupProblem(
        "Crossport needs Python 3.11, 3.12 or 3.13 and this is %d.%d. Install one (Debian, Ubuntu: "
        "`apt-get install python3.11 python3.11-venv`), or name it: `make PYTHON=/path/to/python`."
        % sys.version_info[:2]
    )


def fingerprint(level: str) -> str:
    """What the environment depends on; equal means there is nothing to do."""
    digest = hashlib.sha256(("%s %s" % (level, ROOT)).encode())
    names = ["pyproject.toml", os.path.join("scripts", "uv.txt")]
    for name in names + [name for _, name in LEVELS[level]]:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def is_current(level: str) -> bool:
    for held in [level] if level == "dev" else [level, "dev"]:
        try:
            with open(os.path.join(VENV, "crossport-" + held)) as file:
                if file.read() == fingerprint(held) and os.access(PYTHON, os.X_OK):
                    return True
        except OSError:
            continue
    return False


def call(what: str, command: List[str], **options: Any) -> None:
    """Run one command of the set-up; its output is shown only when it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, **options
    )
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip()
        tail = "\n    ".join(said.splitlines()[-6:])
        raise SetupProblem("%s failed. %s\n    %s" % (what, cure(said), tail))


def cure(said: str) -> str:
    """What to do about a command that failed with these words."""
    if re.search(r"No space left|Disk quota", said):
        return "The disk is full: `.venv` and the cache need 4 GB; make room and call again."
    network = (
        r"NewConnectionError|NameResolution|[Cc]onnect(ion)? ?(error|refused|timed? ?out|broken)"
        r"|from versions: none|dns error|error sending request|network was disabled"
        r"|CERTIFICATE|certificate|Read timed"
    )
    if re.search(network, said):
        return (
            "The package registry cannot be reached: see that this machine reaches "
            "https://pypi.org, or name your own registry in PIP_INDEX_URL and UV_DEFAULT_INDEX, "
            "a proxy in HTTPS_PROXY, own certificates in PIP_CERT and SSL_CERT_FILE; call again."
        )
    return "The last lines say why; call again to go on from here."


def plain(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> Set[str]:
    """Names of the distributions in the virtual environment."""
    for folder, _, _ in os.walk(os.path.join(VENV, "lib")):
        if folder.endswith("site-packages"):
            names = [name for name in os.listdir(folder) if name.endswith(".dist-info")]
            return {
                plain(name[: -len(".dist-info")].rpartition("-")[0])
                for name in names
                if "-" in name
            }
    return set()


def pins(name: str) -> Set[str]:
    """Names that a requirements file pins for this system."""
    with open(os.path.join(ROOT, name)) as file:
        lines = [line for line in file if re.match(r"[A-Za-z0-9]", line)]
    elsewhere = ("sys_platform == 'win32'", "python_full_version <")  # markers of the lock file
    here = [line for line in lines if not any(marker in line for marker in elsewhere)]
    return {plain(re.split(r"[=\[ ;]", line)[0]) for line in here}


def is_environment() -> bool:
    """Whether .venv is a whole virtual environment of a suitable Python, not the half of one."""
    probe = "import sys; print(sys.prefix != sys.base_prefix, *sys.version_info[:2])"
    try:
        said = subprocess.check_output([PYTHON, "-c", probe], stderr=subprocess.DEVNULL).split()
    except (OSError, subprocess.CalledProcessError):
        return False
    return said[0] == b"True" and OLDEST <= (int(said[1]), int(said[2])) <= NEWEST


def make_environment(python: str) -> None:
    if is_environment():
        return
    done = subprocess.run(
        [python, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        output = done.stdout.decode("utf-8", "replace").strip()
        cure = "Debian and Ubuntu keep it apart: `apt-get install python3-venv`."
        raise SetupProblem("`%s -m venv` failed. %s\n    %s" % (python, cure, output))


def install(title: str, requirements: str, position: int, count: int) -> None:
    """One requirements file by uv, with a line of progress every few seconds."""
    wanted, begun = pins(requirements), time.time()
    total = len(wanted)
    label = "[%d/%d] %s" % (position, count, title)
    say("%s: %d packages in all" % (label, total))
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(4):
            left, spent = len(wanted - installed()), time.time() - begun
            doing = "%d of %d in place, %d left" % (total - left, total, left)
            if not left:
                doing = "all %d in place, compiling bytecode" % total
            say("%s: %s, %.0f s" % (label, doing, spent))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        uv = os.path.join(VENV, "bin", "uv")
        command = [
            uv,
            "pip",
            "install",
            "--python",
            PYTHON,
            "--require-hashes",
            "--compile-bytecode",
        ]
        call("Installing " + title, command + ["--requirement", requirements])
    finally:
        ended.set()
        thread.join()
    say("%s: done in %.0f s" % (label, time.time() - begun))


def setup(level: str) -> None:
    """Bring .venv to `level`; a second call finds it current and costs milliseconds."""
    if is_current(level):
        return
    python = suitable_python()
    os.makedirs(VENV, exist_ok=True)
    with open(os.path.join(ROOT, ".setup.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second `make` waits for the first one's set-up
        if is_current(level):
            return
        begun, stages = time.time(), LEVELS[level]
        count = len(stages) + 2
        say("Setting up in .venv (once; about 2 GB, a minute or two)")
        say("[1/%d] virtual environment and uv" % count)
        make_environment(python)
        call("Finding pip", [PYTHON, "-m", "ensurepip"])  # an environment made by uv has none
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pip += ["--retries", "2"]
        call("Installing uv", pip + ["--require-hashes", "-r", os.path.join("scripts", "uv.txt")])
        for position, (title, requirements) in enumerate(stages, 2):
            install(title, requirements, position, count)
        say("[%d/%d] crossport itself" % (count, count))
        uv = os.path.join(VENV, "bin", "uv")
        call(
            "Installing crossport",
            [uv, "pip", "install", "--python", PYTHON, "--no-deps", "--editable", ROOT],
        )
        with open(os.path.join(VENV, "crossport-" + level), "w") as file:
            file.write(fingerprint(level))
        say("Set up in %.0f s." % (time.time() - begun))


def main(arguments: List[str]) -> int:
    if not arguments or arguments[0] not in VERBS:
        say("usage: dev.py %s [ARGUMENT ...]" % "|".join(VERBS))
        return 2
    level, script = VERBS[arguments[0]]
    try:
        setup(level)
    except SetupProblem as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("\nStopped; the next call goes on from here.")
        return 130
    except OSError as error:  # no room, or no right to write here
        say("Setting up in %s failed: %s" % (VENV, error))
        return 1
    if script is None:
        return 0
    path = os.path.join(ROOT, "scripts", script)
    os.chdir(ROOT)
    os.execv(PYTHON, [PYTHON, path] + arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
