"""What browsers must keep to: headers of every answer, and no changes on behalf of other sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask

from ..wire.problems import CROSS_SITE, ProblemError
from ..wire.tracing import current_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110, 9.2.1: they change nothing."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what isn't a page: were it taken for one, nothing in it would run."""
PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The policy of pages: all from this origin, nothing inline. ``data:`` for the icons of Swagger UI's style sheet."""
HSTS = "max-age=31536000"
"""A year, RFC 6797; for this host alone, since its neighbours aren't ours."""


def _protecting(application: WSGIApplication) -> WSGIApplication:
    """The same application, whose answers have these headers as well. They are added when all others are there: on the
    way there each would be looked at again, whoever sets one of the others."""

    def protected(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            return start_response(status, headers + _missing(environ, headers), *exc_info)

        return application(environ, start)

    return protected


def _missing(environ: WSGIEnvironment, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    there = {name.lower(): value for name, value in headers}
    is_page = there.get("content-type", "").startswith("text/html")
    is_api = environ["PATH_INFO"].lstrip("/").startswith("v1/")
    wanted = _wanted(is_page, is_api, environ["wsgi.url_scheme"] == "https")
    return [header for name, header in wanted.items() if name not in there]


@cache
def _wanted(is_page: bool, is_api: bool, is_secure: bool) -> Mapping[str, tuple[str, str]]:
    """By their names in lower case."""
    wanted = {**ALWAYS, "Content-Security-Policy": PAGES if is_page else NOTHING}
    if is_api:
        wanted["Cache-Control"] = "no-store"
    if is_secure:
        wanted["Strict-Transport-Security"] = HSTS
    return {name.lower(): (name, value) for name, value in wanted.items()}


def _refuse_other_sites() -> None:
    """A page of another site can make a visitor's browser send requests that need no preflight, such as a POST without
    a body: with ``AUTH=off`` they would count as the visitor's. Browsers say where a request comes from; a client that
    says nothing is none."""
    asked = current_request()
    if asked.method in SAFE_METHODS:
        return
    site, origin = asked.environ.get("HTTP_SEC_FETCH_SITE"), asked.environ.get("HTTP_ORIGIN")
    is_ours = site in {"same-origin", "none"} if site else origin is None or _authority(origin) == asked.host
    if not is_ours:
        raise ProblemError(CROSS_SITE)


def _authority(origin: str) -> str | None:
    """Host and port of an ``Origin``; None: it isn't one."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def install(app: Flask) -> None:
    """Protect all answers, and refuse what other sites send."""
    app.before_request(_refuse_other_sites)
    app.wsgi_app = _protecting(app.wsgi_app)  # type: ignore[method-assign, assignment]
