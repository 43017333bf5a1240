"""An issuer at which people sign in, and browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import api
from api.access import jwks
from api.sign_in import metadata, token_endpoint
from middleware.settings import Settings

from ..closed import settings_for
from .app import with_pages
from .browser import BASE, Browser, MakeBrowser
from .provider import Provider


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does many things at once may take longer than an issuer should."""
    for module, name in (
        (jwks, "FETCH_S"),
        (metadata, "FETCH_S"),
        (metadata, "PATIENCE_S"),
        (token_endpoint, "ANSWER_S"),
    ):
        monkeypatch.setattr(module, name, 30)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """An issuer that does everything right, unless told otherwise."""
    with Provider() as provider:
        yield provider


@pytest.fixture
def make_browser(provider: Provider, redis_url: str) -> MakeBrowser:
    """A browser at an application of its own, with these settings."""
    assert redis_url

    def make(base: str = BASE, headers: dict[str, str] | None = None, **settings: Any) -> Browser:
        app = with_pages(api.create_app(Settings(**{**settings_for(provider), **settings})))
        return Browser(app, base, **(headers or {}))

    return make


@pytest.fixture
def browser(make_browser: MakeBrowser) -> Browser:
    """A browser at the application with default settings."""
    return make_browser()
