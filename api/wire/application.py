"""The Flask application, without what this API doesn't use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter
from werkzeug.wsgi import get_host

from .tracing import TracedRequest


class NoSessions(SessionInterface):
    """Nobody has a session: callers say who they are with each request."""

    nobody = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self.nobody


class Application(Flask):
    """All views and hooks are plain functions: so none has to be asked, some fourteen times a request, whether it is a
    coroutine."""

    request_class = TracedRequest
    session_interface = NoSessions()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Which route a request fits is asked of what the request knows already: Flask has its path decoded, and its
        host looked for, once more. Nobody is led on to a WebSocket here, so nobody is asked whether that is wanted."""
        if request is None:
            return super().create_url_adapter(None)
        return self.url_map.bind(
            get_host(request.environ),
            request.root_path,
            url_scheme=request.scheme,
            default_method=request.method,
            path_info=request.path,
            query_args=request.query_string.decode(errors="replace"),
        )

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func
