"""Checks Dockerfile, docker-compose.yml and nginx.conf, each with its own tool.

A tool that this machine lacks is named in a line "skipped: …"; CI has them all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Values for the variables that docker-compose.yml insists on; nothing is started with them.
UNUSED = {"SECRET_KEY": "unused", "POSTGRES_PASSWORD": "unused"}


def call(title: str, command: Sequence[str], env: dict[str, str] | None = None) -> bool:
    """Run one tool; whether it was content. What it says is shown only when it was not."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(f"{title}: failed\n{done.stdout.rstrip()}", file=sys.stderr)
    return done.returncode == 0


def compose() -> list[str] | None:
    """The Compose of this machine, or None; version 2 is a plugin that may be absent."""
    plugin = ["docker", "compose"]
    if shutil.which("docker"):
        asked = subprocess.run([*plugin, "version"], capture_output=True)
        if asked.returncode == 0:
            return plugin
    return ["docker-compose"] if shutil.which("docker-compose") else None


def check_dockerfile() -> bool:
    """The linter comes with the development requirements: no excuse for its absence."""
    return call("Dockerfile", [str(Path(sys.executable).parent / "hadolint"), "Dockerfile"])


def check_compose() -> bool:
    """Whether Compose can read the file, profiles included."""
    command = compose()
    if command is None:
        print("skipped: docker-compose.yml (neither `docker compose` nor `docker-compose` here)")
        return True
    return call("docker-compose.yml", [*command, "--profile", "gpu", "config", "--quiet"], UNUSED)


def check_nginx() -> bool:
    """Whether nginx accepts its configuration; the name `web` exists in Compose's network only."""
    nginx = shutil.which("nginx", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    if nginx is None:
        print("skipped: deploy/nginx.conf (no nginx here)")
        return True
    with tempfile.TemporaryDirectory(prefix="crossport-nginx-") as folder:
        text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        text = text.replace("server web:8000", "server 127.0.0.1:8000")
        text = text.replace("/tmp/nginx", f"{folder}/nginx")  # noqa: S108 - a path in that file
        path = Path(folder) / "nginx.conf"
        path.write_text(text, encoding="utf-8")
        return call("deploy/nginx.conf", [nginx, "-t", "-q", "-c", str(path), "-p", folder])


def main() -> int:
    held = [check() for check in (check_dockerfile, check_compose, check_nginx)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
