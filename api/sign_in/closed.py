"""What those see who aren't let in, and where they are led."""

from __future__ import annotations

import logging

from flask import make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from middleware.errors import RedisAwayError

from .places import sign_in_path, wanted_path

logger = logging.getLogger(__name__)


Choice = tuple[str, str]
"""What a link says, and where it leads."""


def sign_in(to: str) -> Choice:
    """To sign in, and go on to a page."""
    return "Sign in", sign_in_path(to)


def sign_in_anew(to: str) -> Choice:
    """The same, but the issuer asks who it is even if it knows."""
    return "Sign in as somebody else", sign_in_path(to, anew=True)


def closed(status: int, title: str, text: str, *choices: Choice) -> Response:
    """A page that says why, with links to what may be done about it, the best first."""
    page = render_template("closed.html", title=title, text=text, choices=choices)
    response: Response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="lastin"'  # RFC 9110, 11.6.1: there must be one
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def redis_away(error: RedisAwayError) -> Response:
    """Sessions can't be read or kept now."""
    logger.warning("Redis is away: %s", error)
    text = "So who you are can't be told now. This page works again when Redis answers."
    return closed(503, "Redis can't be reached", text)


def to_sign_in() -> HTTPException:
    """Leads browsers to sign in: a page by a redirect; a part of one, which a script asked for, by a header that htmx
    follows with the whole page."""
    to = wanted_path()
    if is_page_load():
        response: Response = redirect(sign_in_path(to), 303)
        response.headers["Cache-Control"] = "no-store"
    else:
        response = closed(401, "You are signed out", "Sign in to go on.", sign_in(to))
        response.headers["HX-Redirect"] = sign_in_path(to)
    return HTTPException(response=response)


def is_page_load() -> bool:
    """Whether the browser is to show the answer as a page."""
    return (
        request.method in {"GET", "HEAD"}
        and "HX-Request" not in request.headers
        and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        and "text/html" in request.headers.get("Accept", "")
    )
