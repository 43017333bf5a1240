"""The Flask application, without what this API doesn't use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface

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

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func
