"""A browser, as far as signing in needs one: it keeps cookies and follows redirects by itself when told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from .app import PAGE
from .provider import Provider

PAGE_LOAD = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
FRAGMENT = {"Accept": "*/*", "HX-Request": "true", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
SAME = {"Sec-Fetch-Site": "same-origin"}
BASE = "http://localhost"


class Browser:
    """One person's, at one application."""

    def __init__(self, app: Flask, base: str = BASE, **headers: str) -> None:
        self.client = app.test_client()
        self._base = base
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def load(self, path: str = PAGE, **headers: str) -> TestResponse:
        """Go to a page, without following anything."""
        return self.client.get(path, base_url=self._base, headers={**PAGE_LOAD, **self._headers, **headers})

    def poll(self, path: str = PAGE, shown_on: str = PAGE) -> TestResponse:
        """Ask for a part of a page, as htmx does."""
        headers = {**FRAGMENT, **self._headers, "HX-Current-URL": self._base + shown_on}
        return self.client.get(path, base_url=self._base, headers=headers)

    def press(self, path: str, **headers: str) -> TestResponse:
        """Send a form."""
        return self.client.post(path, base_url=self._base, headers={**SAME, **self._headers, **headers})

    def ask(self, path: str = PAGE) -> str:
        """Go to a page that is closed, up to the question to the issuer."""
        led = self.load(path)
        assert led.status_code == 303, led.text
        return self.begin(led.headers["Location"])

    def begin(self, path: str = "/dashboard/sign-in") -> str:
        """Begin to sign in, up to the question to the issuer."""
        asked = self.load(path)
        assert asked.status_code == 303, asked.text
        return asked.headers["Location"]

    def come_back(self, url: str) -> TestResponse:
        """From the issuer: the request is one that another site caused."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == self._base
        return self.load(f"{parts.path}?{parts.query}", **{"Sec-Fetch-Site": "cross-site"})

    def sign_in(self, provider: Provider, path: str = PAGE) -> TestResponse:
        """All of it; what the last step answered."""
        return self.come_back(provider.authorize(self.ask(path)))

    def signed_in(self, provider: Provider) -> Browser:
        """This browser, signed in."""
        done = self.sign_in(provider)
        assert (done.status_code, done.headers["Location"]) == (303, PAGE), done.text
        return self

    def cookies(self) -> dict[str, str]:
        """All of them, whatever their path."""
        return {cookie.key: cookie.value for cookie in self.client._cookies.values()}  # type: ignore[union-attr]

    def seen(self) -> Any:
        """What the page says of who looks."""
        shown = self.load()
        assert shown.status_code == 200, shown.text
        return shown.json


MakeBrowser = Callable[..., Browser]


def query_of(url: str) -> dict[str, list[str]]:
    """The parameters of a URL."""
    return parse_qs(urlsplit(url).query)
