"""What a child leaves on disk: how much it is, and how to be rid of it."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path


def disk_mb(folder: Path) -> int:
    """What the files under `folder` take on disk, in MB; links are not followed."""
    blocks = 0
    for path, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with contextlib.suppress(OSError):  # gone meanwhile
                blocks += Path(path, name).lstat().st_blocks
    return blocks * 512 // 2**20


def remove_tree(path: Path) -> None:
    """Remove whatever has this name: nothing, a file, a link, a folder that forbids its removal."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    path.chmod(0o700)
    for folder, names, _ in os.walk(path):  # top down: opened before it is entered
        for name in names:
            entry = Path(folder, name)
            if not entry.is_symlink():
                entry.chmod(0o700)
    shutil.rmtree(path)
