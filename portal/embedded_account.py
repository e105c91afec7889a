"""Where root starts Crossport, its PostgreSQL runs under an account of its own: it refuses root."""

from __future__ import annotations

import pwd
import subprocess
from pathlib import Path

ACCOUNT = "pgserver"


def open_to(account: str, home: Path, programs: Path) -> None:
    """Make the account where it is missing, and let it pass through to `home` and `programs`."""
    try:
        pwd.getpwnam(account)
    except KeyError:
        command = ["useradd", account]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a fixed name
    for folder in (home, programs):
        for part in (folder, *folder.parents):
            _allow(part, 0o001)
    if not programs.stat().st_mode & 0o004 or not (programs / "postgres").stat().st_mode & 0o001:
        for path in programs.parent.rglob("*"):  # unpacked under a narrow umask
            executable = path.is_dir() or path.stat().st_mode & 0o100
            _allow(path, 0o005 if executable else 0o004)


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)
