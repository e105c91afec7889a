"""Every page in a real browser: both themes, both widths, no error, nothing fetched elsewhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.portal.browser.conftest import Site
from workers.models import Export, Job, JobState

pytestmark = pytest.mark.django_db(transaction=True)

LOUD = {"error", "warning"}
WIDTHS = {"desktop": 1280, "phone": 390}


def open_page(browser: Browser, site: Site, theme: str = "light", width: int = 1280) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.add_cookies([{"name": "sessionid", "value": site.cookie, "url": site.url}])
    return context.new_page()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_without_an_error_a_foreign_request_or_sideways_scrolling(
    browser: Browser, site: Site, theme: str, width: str
):
    page = open_page(browser, site, theme, WIDTHS[width])
    said: list[str] = []
    asked: set[str] = set()
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type in LOUD else None,
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    folder = os.environ.get("CROSSPORT_SCREENSHOTS")
    for name, path in {**site.pages, "api": "/api/docs/"}.items():
        answer = page.goto(site.url + path)
        assert answer is not None
        assert answer.status == (404 if name == "missing" else 200), name
        scrolls = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert scrolls <= 0, f"{name} is {scrolls} px too wide"
        if folder:
            page.screenshot(path=Path(folder) / f"{name}-{theme}-{width}.png", full_page=True)
    page.context.clear_cookies()
    page.goto(f"{site.url}/accounts/login/")
    if folder:
        page.screenshot(path=Path(folder) / f"login-{theme}-{width}.png", full_page=True)
    page.context.close()
    assert len(said) == 1, said
    assert "404" in said[0]  # the page that is missing on purpose
    assert asked == {urlsplit(site.url).netloc}


def test_a_slash_puts_the_cursor_into_the_search(browser: Browser, site: Site):
    page = open_page(browser, site)
    page.goto(site.url)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("fraud")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q=fraud"))
    assert page.locator("tbody tr").count() == 1
    page.context.close()


def test_a_signed_in_person_asks_for_an_export_with_the_form(browser: Browser, site: Site):
    page = open_page(browser, site)
    page.goto(site.url + "/models/prod/fraud-scoring/6/")
    page.locator("form:has(input[name=target][value=onnx]) button[type=submit]").click()
    page.wait_for_url(re.compile(r"/exports/\d+/"))
    assert page.locator("h1").inner_text() == "fraud-scoring / 6 → ONNX"
    number = int(page.url.rstrip("/").rsplit("/", 1)[1])
    assert Export.objects.get(pk=number).target == "onnx"
    page.context.close()


def test_a_running_export_shows_its_end_without_a_reload_and_then_asks_no_more(
    browser: Browser, site: Site
):
    page = open_page(browser, site)
    page.goto(site.url + site.pages["running"])
    page.evaluate("window.sameDocument = true")
    job = Job.objects.get(export_id=int(site.pages["running"].strip("/").split("/")[1]))
    job.move(JobState.REFUSED, code="parity", sentence="The labels differ on 3 rows.")
    page.locator(".say", has_text="The labels differ on 3 rows.").wait_for(timeout=10_000)
    assert page.evaluate("window.sameDocument") is True
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []
    page.context.close()


def test_the_chosen_theme_outlives_the_page(browser: Browser, site: Site):
    page = open_page(browser, site)
    page.goto(site.url)
    page.click("[data-theme-switch]")
    page.click("[data-theme-switch]")
    page.goto(site.url + "/exports/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 22, 20)"
    page.context.close()
