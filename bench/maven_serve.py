"""Two hundred builds that resolve a model from the Maven repository at once, on a warm portal.

Each asks, on one connection and in a client's own order, for metadata, pom, jar and sources, with
their sums. What is timed is from the request to the first byte of the answer. There is no peer.
"""

from __future__ import annotations

import asyncio
import base64
import math
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench._figures import tell
from bench._portal import export, log_model, mirror
from scripts.mlflow_server import MlflowServer
from scripts.stack import Stack

BENCH = "maven_serve"
BUILDS, MOST_MS = 200, 200.0
HOME = "/maven/models/bench-pipeline"


def main() -> int:
    """Measure and print the figures."""
    with tempfile.TemporaryDirectory(prefix="crossport-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the embedded PostgreSQL's own account must reach its files
        # Two processes: as many as `make run` starts on the smallest machine.
        stack = Stack(folder / "home", env={"WEB_CONCURRENCY": "2"})
        with MlflowServer(folder / "mlflow") as server, stack:
            log_model(server.url)
            token = stack.token("admin", stack.make_admin())
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"{stack.url}/api/v1", headers=headers, timeout=60) as http:
                mirror(http, server.url)
                export(http, {})
            asyncio.run(resolves(stack.port, token, 8))  # warm
            begun = time.monotonic()
            told = asyncio.run(resolves(stack.port, token, BUILDS))
            taken = time.monotonic() - begun
    answers = [one for build in told for one in build]
    errors = sum(status != 200 for _, status in answers)
    slow = p95([seconds * 1e3 for seconds, _ in answers])
    tell(BENCH, "answers other than 200", errors, "files", goal=0, met=errors == 0)
    tell(BENCH, "p95 to the first byte", slow, "ms", goal=MOST_MS, met=slow <= MOST_MS)
    tell(BENCH, "files served", len(answers) / taken, "files/s")
    return 0


def p95(values: list[float]) -> float:
    """The least value that 95 in a hundred do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def paths() -> list[str]:
    """What a client asks for, of version 1.1."""
    metadata, base = f"{HOME}/maven-metadata.xml", f"{HOME}/1.1/bench-pipeline-1.1"
    files = [metadata, f"{base}.pom", f"{base}.jar", f"{base}-sources.jar"]
    return [path for file in files for path in (file, f"{file}.sha1")]


async def resolves(port: int, token: str, builds: int) -> list[list[tuple[float, int]]]:
    """Seconds to the first byte and status of every file of every build."""
    return await asyncio.gather(*(resolve(port, token) for _ in range(builds)))


async def resolve(port: int, token: str) -> list[tuple[float, int]]:
    """One build's files, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    password = base64.b64encode(f"build:{token}".encode()).decode()
    told = []
    for path in paths():
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {password}"
        begun = time.monotonic()
        writer.write(f"{head}\r\n\r\n".encode())
        line = await reader.readline()
        seconds = time.monotonic() - begun
        told.append((seconds, int(line.split()[1])))
        await _rest(reader)
    writer.close()
    await writer.wait_closed()
    return told


async def _rest(reader: asyncio.StreamReader) -> None:
    length = 0
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        length = int(value) if name.lower() == "content-length" else length
    await reader.readexactly(length)


if __name__ == "__main__":
    sys.exit(main())
