"""One whole running Crossport for the end-to-end tests, over the run's MLflow server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

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
def product(tmp_path_factory: pytest.TempPathFactory, mlflow_url: str) -> Iterator[Product]:
    """Web, worker and beat in a home of their own, with the MLflow server as source `demo`."""
    home = tmp_path_factory.mktemp("product")
    # Not the test run's database: this is a product of its own, started as a user starts it.
    for folder in [home, *home.parents][:4]:
        folder.chmod(folder.stat().st_mode | 0o755)
    with Stack(home / "home", env={"DATABASE_URL": ""}) as stack:
        password = stack.make_admin()
        headers = {"Authorization": f"Bearer {stack.token('admin', password)}"}
        with httpx.Client(base_url=f"{stack.url}/api/v1", headers=headers, timeout=60) as http:
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
