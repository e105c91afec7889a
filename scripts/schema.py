"""Writes docs/openapi.yaml from the code, or with --check says whether it is current."""

from __future__ import annotations

import argparse
import difflib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ROOT / "docs" / "openapi.yaml"


def generate(target: Path) -> str:
    """Write the schema to `target`; what drf-spectacular complained about, empty if nothing."""
    command = [sys.executable, str(ROOT / "manage.py"), "spectacular", "--validate"]
    with tempfile.TemporaryDirectory(prefix="crossport-schema-") as home:
        # The schema needs no data: a home of its own keeps the real one out of it, and where no
        # database is named, this address keeps the embedded one from being started.
        env = {"CROSSPORT_HOME": home, "DATABASE_URL": "postgres://127.0.0.1/none", **os.environ}
        done = subprocess.run(
            [*command, "--fail-on-warn", "--file", str(target)],
            capture_output=True,
            text=True,
            env=env,
            cwd=ROOT,
        )
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def main(arguments: list[str]) -> int:
    """0 written or current, 1 drifted or not valid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    check = parser.parse_args(arguments).check
    with tempfile.TemporaryDirectory(prefix="crossport-schema-") as folder:
        fresh = Path(folder) / "openapi.yaml"
        if complaint := generate(fresh):
            print(complaint, file=sys.stderr)
            return 1
        new = fresh.read_text(encoding="utf-8")
    old = WRITTEN.read_text(encoding="utf-8") if WRITTEN.exists() else ""
    if not check:
        WRITTEN.write_text(new, encoding="utf-8")
        return 0
    if new == old:
        return 0
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "docs/openapi.yaml", "the code", lineterm="", n=1
    )
    print("\n".join(list(lines)[:60]), file=sys.stderr)
    print("docs/openapi.yaml is not what the code says; run `make schema`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
