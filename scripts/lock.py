"""Compiles the requirements files from pyproject.toml: `make lock`; `--check` only compares.

A pin that still satisfies pyproject.toml is kept; `--upgrade` takes the newest releases instead.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "pyproject.toml"

EVERYWHERE = ["--universal"]
# onnxruntime-gpu and the CUDA libraries it loads exist for this platform alone.
CUDA_HOSTS = ["--python-platform", "x86_64-unknown-linux-gnu"]

LINUX = ["--python-platform", "x86_64-unknown-linux-gnu"]

FIRST = "requirements.txt"
# The others take the first one's versions: web and every kind of worker run the same ones.
ALIKE = ["--constraint", FIRST]

# file → what of pyproject.toml goes into it, for which platforms; in the order of compiling
FILES: dict[str, list[str]] = {
    FIRST: [*EVERYWHERE, "--extra", "converters"],
    "requirements-web.txt": [*EVERYWHERE, *ALIKE],
    "requirements-gpu.txt": [*CUDA_HOSTS, *ALIKE, "--extra", "converters-gpu"],
    "requirements-dev.txt": [*EVERYWHERE, *ALIKE, "--extra", "converters", "--group", "dev"],
    # Workers run on Linux; a framework may hold back what the standard environment has newer.
    **{
        f"converters/environments/{name}.txt": [*LINUX, "--group", name]
        for name in ("torch", "tensorflow", "h2o", "statistics", "spark")
    },
}


class LockProblem(Exception):
    """What keeps a requirements file from being compiled, in one sentence."""


def find_uv(wished: str = "") -> str:
    """The uv to call: `wished`, else $UV, else the one beside this Python, else the one on PATH.

    Raises:
        LockProblem: there is none.
    """
    beside = Path(sys.executable).parent / "uv"
    for found in (wished, os.environ.get("UV", ""), str(beside), "uv"):
        if found and (path := shutil.which(found)):
            return path
    raise LockProblem("uv is not installed; `make setup` installs it into .venv.")


def compile_file(
    uv: str, name: str, target: Path, *, upgrade: bool = False, root: Path = ROOT
) -> None:
    """Compile one requirements file into `target`, keeping the pins that `target` holds already.

    Raises:
        LockProblem: pyproject.toml cannot be resolved; uv's last lines are in the message.
    """
    # A group alone is compiled without the project's own dependencies.
    project = [] if name.startswith("converters/") else [PROJECT]
    command = [uv, "pip", "compile", *project, *FILES[name], "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-annotate", "--no-emit-index-url", "--quiet"]
    # The header names the command for people; it must not depend on who compiles, or where.
    command += ["--custom-compile-command", "make lock", "--output-file", str(target)]
    if upgrade:
        command.append("--upgrade")
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode:
        last = "\n    ".join(done.stderr.strip().splitlines()[-10:])
        raise LockProblem(f"{name} cannot be compiled from {PROJECT}:\n    {last}")


def is_current(uv: str, name: str, root: Path = ROOT) -> bool:
    """Whether compiling `name` again, with its own pins kept, would change nothing."""
    kept = root / name
    if not kept.exists():
        return False
    with tempfile.TemporaryDirectory(prefix="crossport-lock-") as folder:
        target = Path(folder) / Path(name).name
        shutil.copyfile(kept, target)
        compile_file(uv, name, target, root=root)
        return target.read_bytes() == kept.read_bytes()


def stale_files(uv: str, root: Path = ROOT) -> list[str]:
    """The files that `make lock` would change; the first alone where all others hang on it."""
    if not is_current(uv, FIRST, root):
        return [FIRST]
    return [name for name in FILES if name != FIRST and not is_current(uv, name, root)]


def report(stale: Sequence[str]) -> int:
    """Say which files are out of date, and what to do; the exit status."""
    if stale:
        names = ", ".join(stale)
        print(f"Out of date: {names}. Run `make lock` and commit the result.", file=sys.stderr)
    return 1 if stale else 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make lock", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if out of date")
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases")
    parser.add_argument("--uv", default="", help="the uv to call")
    given = parser.parse_args(arguments)
    try:
        uv = find_uv(given.uv)
        if given.check:
            return report(stale_files(uv))
        for name in FILES:
            compile_file(uv, name, ROOT / name, upgrade=given.upgrade)
            print(f"{name}: written", file=sys.stderr)
    except LockProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
