"""How pages look: in both themes, at both widths, to people who can't see them, and to the network."""

from __future__ import annotations

from typing import Literal

import dramatiq
import pytest
from playwright.sync_api import Browser, expect

from middleware.broker import LifoBroker
from tests.service import RunningService, call, wait_until

from .visitor import DESK, PAGES, PHONE, Visitor

pytestmark = pytest.mark.dashboard


@pytest.fixture(scope="module")
def pages(lastin: RunningService) -> list[str]:
    """All pages, with something on each of them: jobs that wait, ran and failed, and a window."""
    broker = LifoBroker(url=lastin.server.url)

    @dramatiq.actor(broker=broker, actor_name="vanished")
    def vanished() -> None:
        """A task that no worker has."""

    failed = vanished.send().message_id
    call("POST", f"{lastin.url}/v1/jobs/batch", {"jobs": [{"message": f"ran {n}", "tags": ["a"]} for n in range(60)]})
    window = call("POST", f"{lastin.url}/v1/windows", {"queue": "default", "lasts_s": 600}).json["id"]
    wait_until(lambda: not call("GET", f"{lastin.url}/v1/jobs?status=queued").json, "all to be done")
    call("POST", f"{lastin.url}/v1/windows/{window}/close")
    call("POST", f"{lastin.url}/v1/jobs/batch", {"jobs": [{"message": f"waits {n}"} for n in range(200)]})
    call("POST", f"{lastin.url}/v1/jobs", {"message": "later", "delay_s": 3600})
    call("POST", f"{lastin.url}/v1/queues/default/pause", {"reason": "To be looked at"})
    ran = call("GET", f"{lastin.url}/v1/jobs?status=processed&limit=1").json[0]["id"]
    waits = call("GET", f"{lastin.url}/v1/jobs?status=queued&limit=1").json[0]["id"]
    broker.close()
    return [*PAGES, f"/dashboard/windows/{window}", *(f"/dashboard/jobs/{id}" for id in (failed, ran, waits))]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    chromium: Browser, lastin: RunningService, pages: list[str], theme: Literal["light", "dark"], width: int
) -> None:
    found = {}
    with Visitor(chromium, lastin.url, width=width, theme=theme) as visitor:
        for path in pages:
            visitor.page.goto(path)
            for summary in visitor.page.locator("main details:not(.actions details) > summary").all():
                summary.click()
            if violations := visitor.violations():
                found[path] = violations
            if visitor.overflow() > 0:
                found[f"{path} is too wide"] = [visitor.overflow()]
    assert found == {}


def test_large_numbers_in_a_table_dont_make_a_page_wider_than_a_phone(
    chromium: Browser, lastin: RunningService, pages: list[str]
) -> None:
    with Visitor(chromium, lastin.url, width=PHONE) as visitor:
        for path in pages:
            visitor.page.goto(path)
            visitor.page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
            visitor.page.evaluate(
                "document.querySelectorAll('.as-table td.num')"
                ".forEach(cell => { cell.textContent = '12,345 min 59 s' })"
            )
            assert visitor.overflow() <= 0, path
            assert visitor.violations() == [], path


def test_dialogs_and_questions_are_clean_too(visitor: Visitor, pages: list[str]) -> None:
    page = visitor.page
    page.goto("/dashboard/jobs?status=queued")
    page.keyboard.press("?")
    assert visitor.violations() == []
    page.keyboard.press("Escape")
    page.get_by_label("that match").check()
    page.get_by_role("button", name="Cancel…").click()
    assert visitor.violations() == []
    page.goto("/dashboard/queues/default")
    for summary in page.locator(".actions summary").all():
        summary.click()
        assert visitor.violations() == []
        summary.click()


def test_the_theme_goes_by_the_system_unless_it_is_chosen(chromium: Browser, lastin: RunningService) -> None:
    with Visitor(chromium, lastin.url, theme="dark") as visitor:
        page = visitor.page
        page.goto("/dashboard")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.keyboard.press("d")
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.goto("/dashboard/jobs")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light != dark
        page.keyboard.press("d")
        page.keyboard.press("d")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_times_are_relative_and_exact_ones_are_shown_on_hover(visitor: Visitor, pages: list[str]) -> None:
    visitor.page.goto("/dashboard/jobs")
    time = visitor.page.locator("time").first

    expect(time).to_contain_text("ago")
    assert "20" in (time.get_attribute("title") or "")


def test_every_picture_has_its_table_or_its_words(visitor: Visitor, pages: list[str]) -> None:
    visitor.page.goto("/dashboard")

    for picture in visitor.page.locator("main svg:not([aria-hidden]), main [role=img]").all():
        assert picture.get_attribute("aria-label")
    assert visitor.page.locator("main details.as-table").count() >= 3
