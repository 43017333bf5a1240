"""What browsers must keep to: headers of every answer, and no changes on behalf of other sites."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response

from ..wire.problems import CROSS_SITE, ProblemError
from ..wire.tracing import current_request

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


def _protect(response: Response) -> Response:
    asked = current_request()
    wanted = {**ALWAYS, "Content-Security-Policy": PAGES if response.mimetype == "text/html" else NOTHING}
    if asked.path.startswith("/v1/"):
        wanted["Cache-Control"] = "no-store"
    if asked.is_secure:
        wanted["Strict-Transport-Security"] = HSTS
    # Headers are a list: each single look for one goes through all of them.
    there = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 (its own iterator gives pairs)
    for name, value in wanted.items():
        if name.lower() not in there:
            response.headers.add(name, value)
    return response


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
    app.after_request(_protect)
