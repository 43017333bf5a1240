"""Where browsers are led: within the dashboard, and back from the issuer."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from flask import request

from middleware.settings import Settings
from middleware.settings.values import LOOPBACK_HOSTS

from ..access.scopes import PAGES

SIGN_IN, SIGNED_IN = f"{PAGES}/sign-in", f"{PAGES}/signed-in"
SIGN_OUT, SIGNED_OUT = f"{PAGES}/sign-out", f"{PAGES}/signed-out"

OWN_PATH = re.compile(rf"{PAGES}(?!/sign)(?:[/?][!-\[\]-~]*)?", re.ASCII)
"""A path of the dashboard with its query: visible characters without the backslash, which browsers take for a slash."""
LONGEST_PATH = 1500
"""It is kept in a cookie, which may have 4 KB."""


def own_path(text: str | None) -> str:
    """Where to lead somebody who asked to be led there: a page of the dashboard, and nowhere else."""
    return text if text and len(text) <= LONGEST_PATH and OWN_PATH.fullmatch(text) else PAGES


def wanted_path() -> str:
    """The page that the request at hand is about: its own, or that on which a part of it is shown anew."""
    shown_on = request.headers.get("HX-Current-URL")
    if shown_on is not None:
        try:
            parts = urlsplit(shown_on)
        except ValueError:
            return PAGES
        return own_path(parts._replace(scheme="", netloc="", fragment="").geturl())
    if request.method not in {"GET", "HEAD"}:
        return PAGES
    query = request.query_string.decode("ascii", "replace")
    return own_path(quote(request.path, safe="/:@!$&'()*+,;=~-._") + (f"?{query}" if query else ""))


def sign_in_path(to: str, *, anew: bool = False) -> str:
    """Where signing in begins that leads to a page. ``anew``: the issuer is to ask who it is."""
    return f"{SIGN_IN}?to={quote(to, safe='')}" + ("&anew=1" if anew else "")


def redirect_uri(settings: Settings) -> str:
    """Where the issuer sends browsers back to."""
    if settings.dashboard_url is not None:
        return settings.dashboard_url + SIGNED_IN.removeprefix(PAGES)
    return request.host_url.rstrip("/") + SIGNED_IN


def is_secure(settings: Settings) -> bool:
    """Whether the browser reaches the dashboard over HTTPS."""
    return urlsplit(redirect_uri(settings)).scheme == "https"


def is_readable_on_the_way(settings: Settings) -> bool:
    """Whether others could read what the issuer sends back: no HTTPS, and not from this machine to itself."""
    return not is_secure(settings) and urlsplit(redirect_uri(settings)).hostname not in LOOPBACK_HOSTS
