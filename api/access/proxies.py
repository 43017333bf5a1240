"""Behind proxies: who calls, by which scheme and under which name, as the outermost trusted one heard it."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from middleware.settings import Settings


def install(app: Flask, settings: Settings) -> None:
    """With ``TRUSTED_PROXIES``, believe the last entries of the ``X-Forwarded-`` headers, one for each proxy:
    what stands before them is the client's own word."""
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=0, x_prefix=0
        )
