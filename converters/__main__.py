"""The only way in: `python -m converters convert|judge|jvm|bundle JOBDIR`, `preflight|verify DIR`.

Exit codes: 0 done or refused (the report tells which), 2 wrong usage, 3 crashed.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from converters import leaving

DONE, USAGE, CRASHED = 0, 2, 3


def _convert(folder: Path) -> int:
    from converters.steps.convert import run

    return DONE if run(folder) else CRASHED


def _judge(folder: Path) -> int:
    from converters.steps.judge import run

    return DONE if run(folder) else CRASHED


def _jvm(folder: Path) -> int:
    from converters.steps.jvm import run

    return DONE if run(folder) else CRASHED


def _bundle(folder: Path) -> int:
    from converters import contract
    from converters.bundle.build import build
    from converters.errors import Refused

    try:
        build(folder)
    except Refused as refusal:
        report = contract.BundleReport("refused", refusal.code, refusal.sentence)
        place = folder / contract.BUNDLE_DIR
        place.mkdir(exist_ok=True)
        contract.write(report, place / contract.REPORT_FILE)
    return DONE


def _preflight(folder: Path) -> int:
    from converters.steps.preflight import run

    sys.stdout.write(run(folder))
    return DONE


def _verify(folder: Path) -> int:
    from converters.bundle.verify import run

    sys.stdout.write(run(folder))
    return DONE


# Each verb imports what it needs when it is called: `bundle` and `preflight` load no model library.
VERBS: dict[str, Callable[[Path], int]] = {
    "convert": _convert,
    "judge": _judge,
    "jvm": _jvm,
    "bundle": _bundle,
    "preflight": _preflight,
    "verify": _verify,
}


def main(arguments: list[str]) -> int:
    """Run one verb on one folder; returns the exit code."""
    if len(arguments) != 2 or arguments[0] not in VERBS:
        sys.stderr.write(f"usage: python -m converters {'|'.join(VERBS)} FOLDER\n")
        return USAGE
    folder = Path(arguments[1])
    if not folder.is_dir():
        sys.stderr.write(f"{folder} is not a folder\n")
        return USAGE
    try:
        return VERBS[arguments[0]](folder.resolve())
    except Exception:
        traceback.print_exc()
        return CRASHED


def leave(code: int) -> None:
    """End the process at once: tearing down model libraries and a JVM takes longer than a job."""
    leaving.run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
