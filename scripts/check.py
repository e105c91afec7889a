"""Every check that needs no running server: `make check`, or one of them by name."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")

# name → commands; each is run whole, and all are run even when one fails.
CHECKS: dict[str, Sequence[Sequence[str]]] = {
    "lint": [[str(BIN / "ruff"), "check", "."], [str(BIN / "ruff"), "format", "--check", "."]],
    "types": [[str(BIN / "mypy"), "."]],
    "imports": [[str(BIN / "lint-imports"), "--no-logo"]],
    "migrations": [[PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]],
    "django": [[PYTHON, "manage.py", "check", "--fail-level", "WARNING"]],
    "schema": [[PYTHON, "scripts/schema.py", "--check"]],
    "lock": [[PYTHON, "scripts/lock.py", "--check"]],
    "deployment": [[PYTHON, "scripts/check_deploy.py"]],
}
FORMAT = [[str(BIN / "ruff"), "check", "--fix", "."], [str(BIN / "ruff"), "format", "."]]


def run(name: str, commands: Sequence[Sequence[str]], env: dict[str, str]) -> bool:
    """Run one check's commands; whether all of them held."""
    begun = time.monotonic()
    codes = [subprocess.run(command, cwd=ROOT, env=env).returncode for command in commands]
    held = not any(codes)
    verdict = "passed" if held else "FAILED"
    print(f"check {name}: {verdict} in {time.monotonic() - begun:.1f} s", file=sys.stderr)
    return held


def main(names: Sequence[str]) -> int:
    if list(names) == ["format"]:
        return 0 if run("format", FORMAT, dict(os.environ)) else 1
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"No check {unknown[0]!r}; there are {', '.join(CHECKS)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="crossport-check-") as home:
        Path(home).chmod(0o755)  # root's embedded PostgreSQL runs under an account of its own
        # Its own home: a check must not touch the data of whoever develops here.
        env = {"CROSSPORT_HOME": home, **os.environ}
        results = {name: run(name, CHECKS[name], env) for name in names or CHECKS}
    failed = [name for name, held in results.items() if not held]
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
