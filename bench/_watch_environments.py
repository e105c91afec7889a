"""Python environments with other versions of the converters: the pinned ones, some overridden."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from workers.environments import STAMP, default_folder
from workers.sandbox import remove_tree

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements.txt"


class Unbuildable(Exception):
    """The versions asked for do not go together, or cannot be had; the message says which."""


def overrides(told: str) -> str:
    """What OLD or NEW says, one requirement a line; empty where it says nothing.

    told: requirements between blanks or commas, such as `onnxruntime==1.28.0`, or a file of them.
    """
    path = Path(told.strip())
    if told.strip() and path.is_file():
        return path.read_text(encoding="utf-8")
    return "".join(f"{part}\n" for part in told.replace(",", " ").split())


def python(lines: str) -> Path:
    """The interpreter of the pinned environment with these requirements in place of its own.

    Without any it is the one that runs this. Built once and kept, by the hash of what is in it.

    Raises:
        Unbuildable: uv could not build it.
    """
    if not lines.strip():
        return Path(sys.executable)
    content = f"{PINS.read_text(encoding='utf-8')}\n{lines}\n{sysconfig.get_platform()}"
    digest = hashlib.sha256(f"{content} {sys.version_info[:3]}".encode()).hexdigest()[:16]
    place = default_folder() / f"watch-{digest}"
    if not (place / STAMP).exists():
        remove_tree(place)
        try:
            _build(place, lines)
        except BaseException:
            remove_tree(place)
            raise
    return place / "bin" / "python"


def _build(place: Path, lines: str) -> None:
    uv = shutil.which(str(Path(sys.executable).parent / "uv")) or shutil.which("uv")
    if uv is None:
        raise Unbuildable("there is no uv; run `make setup`")
    place.parent.mkdir(parents=True, exist_ok=True)
    _call([uv, "venv", "--quiet", "--python", sys.executable, str(place)])
    told = place / "overrides.txt"
    told.write_text(lines, encoding="utf-8")
    interpreter = str(place / "bin" / "python")
    command = [uv, "pip", "install", "--quiet", "--python", interpreter, "--only-binary", ":all:"]
    # Hashes are of the pinned versions; what takes their place has none.
    command += ["--no-verify-hashes", "--requirement", str(PINS), "--override", str(told)]
    _call(command)
    (place / STAMP).touch()


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = " ".join(done.stderr.split())[-600:]
        raise Unbuildable(f"uv could not build it: {last}")
