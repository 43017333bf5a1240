"""Somebody who looks at the dashboard, and all that their browser asks for or complains of."""

from __future__ import annotations

from typing import Any, Literal, Self
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

PAGES = (
    "/dashboard",
    "/dashboard/jobs",
    "/dashboard/queues",
    "/dashboard/queues/default",
    "/dashboard/windows",
    "/dashboard/tasks",
    "/dashboard/tasks/process_message",
    "/dashboard/workers",
    "/dashboard/guide/LastInRedisAway",
    "/dashboard/nothing",
)
DESK, PHONE = 1280, 375
AWAY = ("503 (Service Unavailable)", "404 (NOT FOUND)", "404 (Not Found)", "net::ERR")
"""What the console says of answers that a test asks for on purpose."""


class Visitor:
    """One browser window with a page.

    ``sent``: all requests; ``complaints``: what the console said that is wrong, such as a breach of the policy.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        width: int = DESK,
        theme: Literal["light", "dark"] = "light",
        scripts: bool = True,
    ) -> None:
        self.url = url
        self.sent: list[Request] = []
        self.complaints: list[str] = []
        self._context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, java_script_enabled=scripts, base_url=url
        )
        self.page: Page = self._context.new_page()
        self.page.on("request", lambda request: self.sent.append(request))  # noqa: PLW0108 (not a method of a list)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(word in message.text for word in AWAY):
            self.complaints.append(message.text)

    @property
    def elsewhere(self) -> list[str]:
        """What was asked of other origins."""
        ours = urlsplit(self.url).netloc
        return [request.url for request in self.sent if urlsplit(request.url).netloc not in {ours, ""}]

    @property
    def polls(self) -> list[Request]:
        """What was asked for again by the page itself."""
        return [request for request in self.sent if request.headers.get("hx-request-type")]

    def violations(self) -> list[Any]:
        """What axe-core finds on the page: rule, and the elements."""
        found = Axe().run(self.page).response["violations"]
        return [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return wide

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._context.close()
        if failed is None:
            assert (self.complaints, self.elsewhere) == ([], []), self.complaints
