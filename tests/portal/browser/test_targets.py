"""Many targets on one page, bundles without Java, and the comparison in pictures, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from converters.bundle.page import Subject, page
from converters.contract import Flip, JudgeReport, Options, OutputKind, OutputParity, WorstRow
from registry.storage import store
from tests.portal import rows
from tests.portal.browser.conftest import Site
from tests.portal.browser.test_pages import WIDTHS, open_page
from tests.portal.looks import REFUSED, judged
from workers.models import Bundle, JobState

pytestmark = pytest.mark.django_db(transaction=True)

VERSION = "/models/prod/fraud-scoring/7/"
SPACY = {"flavors": {"spacy": {"data": "m"}, "python_function": {"loader_module": "mlflow.spacy"}}}
OPTIONS = "form:has(input[name=target][value=onnx]) details"


def parity_html() -> str:
    """What a refused conversion leaves: long names, flips, causes, numbers, a tolerance."""
    features = {f"a column with a long name {at}": "0.1" for at in range(20)}
    worst = [WorstRow(7, "an original class of many words", "bad", 0.5, features, near="beside 1")]
    flips = [Flip(original="good " * 12, converted="bad " * 12, rows=3)]
    outputs = [
        OutputParity("fine", OutputKind.VALUES, 9, "passed", histogram=[4] * 24),
        OutputParity(
            *("label", OutputKind.LABEL, 9, "failed"),
            mismatches=3,
            worst=worst,
            flips=flips,
            causes=["All 3 rows lie beside a threshold of income."],
        ),
        OutputParity(
            *("chance", OutputKind.VALUES, 9, "failed"),
            tolerance_abs=1e-4,
            worst=worst,
            histogram=[2] * 24,
            scatter=[[0.0, 0.1], [1.0, 0.9], [2.0, 2.0]],
        ),
    ]
    options = Options(tolerance=0.01)
    about: Any = ("prod", "fraud-scoring", "7", 0, "pmml", False, 7, "run", options, {}, {})
    told = JudgeReport("refused", "parity_failed", REFUSED, 9, parity=outputs)
    return page(Subject(*about), told)


def refused_export(folder: Path) -> int:
    """An export that parity refused, with its page in the store."""
    file = folder / "parity.html"
    file.write_text(parity_html(), encoding="utf-8")
    job = rows.make_job(
        JobState.REFUSED,
        code="parity_failed",
        sentence=REFUSED,
        report={**judged(), "page": store().put(file).sha256},
    )
    return int(job.export_id)


def test_targets_of_other_flavors_fold_away_and_unfold(browser: Browser, site: Site):
    page = open_page(browser, site)
    page.goto(site.url + VERSION)
    assert page.locator("li.target h3").all_inner_texts() == ["ONNX", "PMML"]
    folded = page.locator("details.foreign")
    assert not folded.locator("li").first.is_visible()
    folded.locator("summary").click()
    assert "no route from sklearn to TorchScript" in folded.inner_text()
    page.context.close()


def test_a_version_that_can_become_nothing_says_it_once(browser: Browser, site: Site):
    version = rows.make_version(model=rows.make_model(name="words"), number=1, mlmodel=SPACY)
    page = open_page(browser, site)
    page.goto(f"{site.url}/models/{version.model.source.slug}/words/1/")
    text = page.locator("section[aria-labelledby=become]").inner_text()
    assert text.count("A spaCy pipeline is rules and Python") == 1
    assert page.locator("li.target").count() == 0
    page.context.close()


@pytest.mark.parametrize("staff", [True, False])
def test_only_staff_is_offered_a_tolerance(browser: Browser, site: Site, staff: bool):
    page = open_page(browser, site)
    if not staff:
        client = Client()
        client.force_login(rows.make_user("someone"))
        value = client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": value, "url": site.url}])
    page.goto(site.url + VERSION)
    page.locator(OPTIONS).first.locator("summary").click()
    assert page.get_by_label("Opset").first.is_visible()
    assert page.locator("input[name=tolerance]").count() == (2 if staff else 0)
    page.context.close()


def test_open_options_leave_the_sentence_its_width(browser: Browser, site: Site):
    page = open_page(browser, site)
    page.goto(site.url + VERSION)
    page.locator(OPTIONS).first.locator("summary").click()
    box = page.locator("li.target > div").first.bounding_box()
    assert box is not None
    assert box["width"] > 400
    page.context.close()


def test_a_bundle_without_java_says_how_its_file_is_opened(browser: Browser, site: Site):
    export = rows.make_export(target="torchscript")
    bundle = rows.make_bundle(export=export)
    manifest = {**bundle.manifest, "options": {"tolerance": 0.01}, "data_files": ["model.data"]}
    files = {name: one for name, one in manifest["files"].items() if not name.startswith("java/")}
    Bundle.objects.filter(pk=bundle.pk).update(manifest={**manifest, "files": files})
    page = open_page(browser, site)
    page.goto(f"{site.url}/bundles/{bundle.pk}/")
    text = page.locator("main").inner_text()
    assert "optEngine" in text
    assert "mvn install" not in text
    assert "JUnit" not in text
    assert "Tolerance 0.01" in text
    assert "model.data" in text
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_of_a_refusal_opens_from_its_page_with_its_own_style_and_nothing_else(
    browser: Browser, site: Site, tmp_path: Path, theme: str, width: str
):
    number = refused_export(tmp_path)
    page = open_page(browser, site, theme, WIDTHS[width])
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{site.url}/exports/{number}/")
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link", name="Report with pictures").click()
    page.wait_for_url(f"**/exports/{number}/parity.html")
    assert page.locator("svg").count() == 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(22, 21, 20)" if theme == "dark" else "rgb(251, 250, 248)"
    )
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator("h2 code").all_inner_texts()[-1] == "fine"
    assert said == []
    # The icon is the browser's own wish, for the page before.
    assert [url for url in asked if not url.endswith(("parity.html", "favicon.svg"))] == []
    page.context.close()
