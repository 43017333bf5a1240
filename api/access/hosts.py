"""Under which names the API is addressed: a defence against DNS rebinding (docs/decisions/0017)."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask

from middleware.settings import Settings

from ..wire.problems import FOREIGN_HOST, ProblemError
from ..wire.tracing import current_request


def install(app: Flask, settings: Settings) -> None:
    """Where the API is open to this machine alone, refuse what is sent to a name that anybody could make point here. A
    token, or a proxy, says more of who calls than a name does."""
    if settings.auth == "oauth" or settings.is_public or settings.trusted_proxies:
        return

    def check() -> None:
        sent = current_request().environ.get("HTTP_HOST")
        if sent is not None and not is_own(sent):
            raise ProblemError(FOREIGN_HOST)

    app.before_request(check)


@lru_cache(maxsize=64)
def is_own(host: str) -> bool:
    """Whether a ``Host`` header holds a name that no DNS answers for: an address, ``localhost`` or a name below it (RFC
    6761, 6.3). A browser that was led here by a page's own name sends that name."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or name.endswith(".localhost") or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
