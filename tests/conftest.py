"""Fixtures that every package's tests share: one real MLflow server and one whole Crossport."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from scripts.demo_models import log_demo_models
from scripts.mlflow_server import MlflowServer
from tests.product import product

__all__ = ["product"]

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def mlflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow server holding the demo's models: the run's own, or one started here."""
    if url := os.environ.get("CROSSPORT_TEST_MLFLOW_URL"):
        yield url
        return
    with MlflowServer(tmp_path_factory.mktemp("mlflow")) as server:
        log_demo_models(server.url, progress=lambda text: None)
        yield server.url


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive; its absence skips the test, visibly."""
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found or not Path(found).exists():
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium that asks nothing of the outside by itself."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield started
        started.close()
