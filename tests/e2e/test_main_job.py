"""The main job as its users meet it: pages in a browser, bundles in a build, one product."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.product import Product


@pytest.fixture
def page(browser: Browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


def sign_in(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/accounts/login/")
    page.fill("input[name=login]", product.user)
    page.fill("input[name=password]", product.password)
    page.click("form:has(input[name=password]) button[type=submit]")
    page.wait_for_url(f"{product.url}/")


def export(product: Product, model: str, target: str, **options: object) -> dict[str, Any]:
    """Ask for an export through the API and wait for its end."""
    ref = {"source": "demo", "model": model, "version": "1"}
    body = {"ref": ref, "target": target, "options": options}
    row = product.http.post("/exports/", json=body).raise_for_status().json()
    return wait_for_end(product, row["id"])


def wait_for_end(product: Product, number: int) -> dict[str, Any]:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        answer = product.http.get(f"/exports/{number}/", params={"wait": 20})
        row: dict[str, Any] = answer.raise_for_status().json()
        if row["state"] not in {"queued", "running"}:
            return row
    raise TimeoutError(f"export {number} did not end")


def test_a_person_finds_a_model_exports_it_and_downloads_a_bundle_with_nothing_but_the_pages(
    product: Product, page: Page, tmp_path: Path
):
    sign_in(page, product)
    page.fill("input[name=q]", "credit")
    page.press("input[name=q]", "Enter")
    page.click("a:has-text('credit-risk')")
    page.goto(f"{product.url}/models/demo/credit-risk/2/")
    page.locator("form:has(input[name=target][value=onnx]) button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/exports/\d+/"))
    # The page follows the job by itself: no reload here.
    link = page.locator("a[href^='/bundles/']").first
    link.wait_for(timeout=120_000)
    link.click()
    page.wait_for_url(re.compile(r"/bundles/\d+/"))
    with page.expect_download() as waiting:
        page.locator("a[href$='/download/']").first.click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert re.fullmatch(r"credit-risk-2\.\d+-onnx\.zip", path.name)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in page.content()


@pytest.mark.skipif(not shutil.which("mvn"), reason="no Maven on this machine")
@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_the_java_project_in_a_downloaded_bundle_builds_and_passes_its_own_test(
    product: Product, tmp_path: Path, target: str
):
    row = export(product, "credit-risk", target)
    assert row["state"] == "succeeded", row["sentence"]
    answer = product.http.get(f"/bundles/{row['bundle']['id']}/download/")
    path = tmp_path / "bundle.zip"
    path.write_bytes(answer.raise_for_status().content)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "bundle")
    build = ["mvn", "--batch-mode", "--no-transfer-progress", "verify"]
    done = subprocess.run(build, cwd=tmp_path / "bundle" / "java", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"Tests run: [1-9]\d*, Failures: 0, Errors: 0, Skipped: 0", done.stdout)


def test_the_same_export_asked_for_twice_is_one_export_and_one_bundle(product: Product):
    first = export(product, "tumour-forest", "onnx")
    ref = {"source": "demo", "model": "tumour-forest", "version": "1"}
    again = product.http.post("/exports/", json={"ref": ref, "target": "onnx"})
    assert again.status_code == 200
    assert again.json()["id"] == first["id"]
    assert again.json()["bundle"]["sha256"] == first["bundle"]["sha256"]


def test_a_worker_killed_in_the_middle_loses_nothing_and_only_one_bundle_appears(product: Product):
    ref = {"source": "demo", "model": "credit-risk", "version": "1"}
    body = {"ref": ref, "target": "onnx", "options": {"inputs": "columns", "opset": 18}}
    number = product.http.post("/exports/", json=body).raise_for_status().json()["id"]
    deadline = time.monotonic() + 60
    while product.http.get(f"/exports/{number}/").json()["state"] != "running":
        assert time.monotonic() < deadline, "the worker did not take the job"
        time.sleep(0.02)
    worker = product.stack.process("worker")
    worker.kill(signal.SIGKILL)
    product.stack.restart_worker()
    row = wait_for_end(product, number)
    assert row["state"] == "succeeded", row["sentence"]
    assert row["attempt"] == 2
    bundles = product.http.get("/bundles/", params={"export": number}).json()["results"]
    assert [bundle["id"] for bundle in bundles] == [row["bundle"]["id"]]


def test_no_web_or_worker_process_ever_loads_a_model_library(product: Product):
    export(product, "digits-svm", "onnx")
    libraries = ["numpy", "sklearn", "onnxruntime", "xgboost", "lightgbm", "onnx", "pandas"]
    for name in ["web", "worker", "beat"]:
        for pid in product.stack.process(name).tree():
            loaded = [lib for lib in libraries if f"/site-packages/{lib}/" in maps_of(pid)]
            assert loaded == [], f"{name} ({pid}) has loaded {loaded}"


def maps_of(pid: int) -> str:
    """What a process has mapped; nothing of a child that reads or converts, which is to load them.

    Files of mirrored versions are read beside the exports, so such a child may be there any time.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return "" if b"converters" in words else Path(f"/proc/{pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_the_command_line_exports_against_the_portal_and_verifies_what_it_got(
    product: Product, tmp_path: Path
):
    crossport = [sys.executable, "-m", "cli.main"]
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CROSSPORT_URL": product.url,
        "CROSSPORT_TOKEN": product.http.headers["Authorization"].removeprefix("Bearer "),
    }
    out = tmp_path / "out"
    command = [
        "export",
        "demo/tumour-forest/1",
        "--target",
        "onnx",
        "--wait",
        "--output-dir",
        str(out),
    ]
    done = subprocess.run([*crossport, *command], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (bundle,) = out.glob("*.zip")
    done = subprocess.run(
        [*crossport, "verify", str(bundle)], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
