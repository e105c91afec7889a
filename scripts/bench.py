"""Runs one benchmark by name: `make bench NAME=first_export`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "bench"


def main(arguments: list[str]) -> int:
    names = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    if len(arguments) != 1 or arguments[0] not in names:
        print(f"usage: make bench NAME={'|'.join(names)}", file=sys.stderr)
        return 2
    return subprocess.run([sys.executable, "-m", f"bench.{arguments[0]}"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
