"""What people do on the dashboard, step by step."""

from __future__ import annotations

import re

import dramatiq
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from middleware.broker import LifoBroker
from tests.service import RunningService, call

from .visitor import Visitor

SECONDS = 1000.0
SOON = 40 * SECONDS

pytestmark = pytest.mark.dashboard


def open_window(page: Page) -> None:
    """By hand, on the queue's page."""
    page.goto("/dashboard/queues/default")
    page.get_by_text("Open a window…").click()
    page.get_by_label("Seconds").fill("600")
    page.get_by_role("button", name="Open it now").click()
    expect(page.get_by_role("main").get_by_text("A window is open.")).to_be_visible()


def close_windows(lastin: RunningService) -> None:
    """What waits then goes on waiting."""
    for window in call("GET", f"{lastin.url}/v1/windows").json:
        call("POST", f"{lastin.url}/v1/windows/{window['id']}/close")


@pytest.fixture(autouse=True)
def _closed(lastin: RunningService) -> None:
    close_windows(lastin)
    call("POST", f"{lastin.url}/v1/jobs/cancel", {"queue": "default"})


def submit(lastin: RunningService, message: str) -> str:
    """A job over the API."""
    id: str = call("POST", f"{lastin.url}/v1/jobs", {"message": message}).json["id"]
    return id


def test_a_job_waits_until_a_window_opens_and_is_processed(page: Page, lastin: RunningService) -> None:
    page.goto("/dashboard/tasks/process_message")
    page.get_by_role("textbox", name="message").fill("Hello from a form")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("main").get_by_text("It was accepted.")).to_be_visible()
    expect(page.locator("h1 + .state")).to_have_text("queued")
    expect(page.get_by_text("No window is open")).to_be_visible()
    job = page.url

    page.goto("/dashboard")
    expect(page.get_by_text("1 job waits. The next window takes it.")).to_be_visible()

    open_window(page)
    page.goto(job)
    expect(page.locator("h1 + .state")).to_have_text("processed", timeout=SOON)
    expect(page.locator("#result")).to_contain_text('"characters": 17')


def test_a_page_comes_alive_by_itself(page: Page, lastin: RunningService) -> None:
    page.goto("/dashboard/jobs?status=queued")
    submit(lastin, "a newcomer")

    expect(page.get_by_text("a newcomer")).to_be_visible(timeout=SOON)
    expect(page.locator("#live-word")).to_have_text("live")


def test_a_rejected_job_says_why_and_is_retried(page: Page, lastin: RunningService) -> None:
    broker = LifoBroker(url=lastin.server.url)

    @dramatiq.actor(broker=broker, actor_name="vanished")
    def vanished() -> None:
        """A task that no worker has."""

    message = vanished.send()
    open_window(page)
    page.goto("/dashboard")
    page.goto(f"/dashboard/jobs/{message.message_id}")
    expect(page.locator("h1 + .state")).to_have_text("rejected", timeout=SOON)
    expect(page.get_by_text("No task of the worker has its name")).to_be_visible()
    page.goto("/dashboard/jobs?status=rejected")
    expect(page.get_by_role("link", name="vanished")).to_be_visible()

    close_windows(lastin)
    page.get_by_role("link", name="vanished").click()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("It is back on top of the stack.")).to_be_visible()
    expect(page.locator("h1 + .state")).to_have_text("queued")
    broker.close()


def test_a_queue_is_paused_and_resumed(page: Page) -> None:
    page.goto("/dashboard/queues/default")
    page.get_by_text("Pause…").click()
    page.get_by_label("Why?").fill("The provider is down")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator("h1 + .gate")).to_have_text("paused")
    page.goto("/dashboard")
    expect(page.get_by_text("Queue default was paused by anonymous: The provider is down.")).to_be_visible()

    page.get_by_role("link", name="Queue default").click()
    page.get_by_text("Resume…").click()
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.locator("h1 + .gate")).not_to_have_text("paused")


def test_everything_can_be_done_from_the_keyboard(page: Page, lastin: RunningService) -> None:
    submit(lastin, "the lower")
    submit(lastin, "the upper")
    page.goto("/dashboard")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()

    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/dashboard/jobs")
    page.keyboard.press("/")
    page.keyboard.type("status:queued")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/jobs?status=queued")
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator("#marked-count")).to_have_text("2 jobs are marked.")
    expect(page.locator("#live-word")).to_have_text("held")
    with page.expect_event("load"):
        page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Cancel 2 jobs?")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 jobs were cancelled.")).to_be_visible()
    assert page.url.endswith("/dashboard/jobs?status=queued"), "The filter stays, and what was done is said once."


def test_a_job_is_opened_from_the_keyboard(page: Page, lastin: RunningService) -> None:
    id = submit(lastin, "open me")
    page.goto("/dashboard/jobs?status=queued")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/dashboard/jobs/{id}")
    page.keyboard.press("c")
    page.keyboard.type("by key")
    with page.expect_event("load"):  # its keys are heard from then on
        page.keyboard.press("Enter")
    expect(page.locator("h1 + .state")).to_have_text("cancelled")
    page.keyboard.press("r")
    expect(page.locator("h1 + .state")).to_have_text("queued")


def test_all_that_match_are_cancelled_while_one_looks(page: Page, lastin: RunningService) -> None:
    call("POST", f"{lastin.url}/v1/jobs/batch", {"jobs": [{"message": str(n)} for n in range(1000)]})
    page.goto("/dashboard/jobs?status=queued")
    page.get_by_label("All 1,000 that match").check()
    page.get_by_role("button", name="Cancel…").click()
    expect(page.get_by_role("heading", name="Cancel all 1,000 jobs that match?")).to_be_visible()
    page.get_by_role("button", name="Yes, cancel them").click()
    expect(page.get_by_text("1,000 jobs were cancelled")).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="Back to the jobs").click()
    expect(page.get_by_text("No queued jobs.")).to_be_visible()


def test_what_is_open_stays_open_and_updates_can_be_paused(visitor: Visitor, lastin: RunningService) -> None:
    page = visitor.page
    submit(lastin, "first")
    page.goto("/dashboard")
    page.locator(".stack-card .as-table summary").click()
    with page.expect_request(lambda request: bool(request.headers.get("hx-request-type")), timeout=SOON):
        pass
    submit(lastin, "second")
    expect(page.get_by_text("2 jobs wait")).to_be_visible(timeout=SOON)
    expect(page.locator(".stack-card .as-table table")).to_be_visible()

    page.get_by_role("button", name=re.compile("live")).click()
    expect(page.locator("#live-word")).to_have_text("paused")
    page.wait_for_timeout(300)
    before = len(visitor.polls)
    page.wait_for_timeout(3 * SECONDS)
    assert len(visitor.polls) == before
    page.keyboard.press("p")
    with page.expect_request(lambda request: bool(request.headers.get("hx-request-type")), timeout=SOON):
        pass


def test_polls_never_pile_up(visitor: Visitor) -> None:
    page, under_way, most = visitor.page, 0, 0
    held: list[Route] = []
    page.goto("/dashboard")

    def hold(route: Route) -> None:
        nonlocal under_way, most
        if not route.request.headers.get("hx-request-type"):
            return route.continue_()
        under_way += 1
        most = max(most, under_way)
        return held.append(route)

    page.route("**/dashboard**", hold)
    page.wait_for_timeout(7 * SECONDS)
    assert (most, len(held)) == (1, 1)
    held[0].continue_()


def test_pages_work_without_scripts(chromium: Browser, lastin: RunningService) -> None:
    with Visitor(chromium, lastin.url, scripts=False) as visitor:
        page = visitor.page
        page.goto("/dashboard/tasks/process_message")
        page.get_by_role("textbox", name="message").fill("no scripts")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("h1 + .state")).to_have_text("queued")
        page.goto("/dashboard/jobs?status=queued")
        page.get_by_label("Mark process_message").first.check()
        page.get_by_role("button", name="Cancel…").click()
        page.get_by_role("button", name="Yes, cancel them").click()
        expect(page.get_by_text("1 job was cancelled.")).to_be_visible()


def test_an_outage_is_told_and_ends_by_itself(page: Page, lastin: RunningService) -> None:
    page.goto("/dashboard")
    expect(page.locator("#live-word")).to_have_text("live")
    lastin.server.stop()
    expect(page.locator("#live-word")).to_have_text("no answer", timeout=SOON)
    expect(page.get_by_role("alert")).to_contain_text("Redis doesn't answer")
    other = page.context.new_page()
    other.goto("/dashboard/jobs")
    expect(other.get_by_role("heading", name="Redis doesn't answer")).to_be_visible()

    lastin.server.start()
    expect(page.locator("#live-word")).to_have_text("live", timeout=2 * SOON)
    expect(other.get_by_role("heading", name="Jobs", exact=True)).to_be_visible(timeout=2 * SOON)
