"""One whole running Crossport for all tests that need one, over the run's MLflow server."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from scripts.stack import Stack


@dataclass(frozen=True)
class Product:
    """A running portal with its source mirrored, and an administrator's keys to it."""

    stack: Stack
    url: str
    user: str
    password: str
    http: httpx.Client


@pytest.fixture(scope="session")
def product(mlflow_url: str) -> Iterator[Product]:
    """Web, worker and beat in a home of their own, with the MLflow server as source `demo`."""
    # Not pytest's own folder: that is closed to other accounts, and the embedded PostgreSQL, when
    # root starts it, runs under one.
    with tempfile.TemporaryDirectory(prefix="crossport-product-") as folder:
        Path(folder).chmod(0o755)
        yield from _products(Path(folder), mlflow_url)


def _products(home: Path, mlflow_url: str) -> Iterator[Product]:
    # Not the test run's database: this is a product of its own, started as a user starts it.
    with Stack(home / "home", env={"DATABASE_URL": ""}) as stack:
        password = stack.make_admin()
        headers = {"Authorization": f"Bearer {stack.token('admin', password)}"}
        with httpx.Client(base_url=f"{stack.url}/api/v1", headers=headers, timeout=180) as http:
            body = {
                "slug": "demo",
                "kind": "mlflow",
                "url": mlflow_url,
                "maven_group": "org.example",
            }
            source = http.post("/sources/", json=body).raise_for_status().json()
            http.post(f"/sources/{source['id']}/sync/", json={}).raise_for_status()
            wait_for_sync(http, source["id"])
            yield Product(stack, stack.url, "admin", password, http)


def wait_for_sync(http: httpx.Client, source: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        run = http.get(f"/sources/{source}/").raise_for_status().json()["last_sync"]
        if run and run["state"] == "done":
            return
        time.sleep(0.2)
    raise TimeoutError("the first sync did not finish in two minutes")
