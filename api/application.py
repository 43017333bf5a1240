"""The Flask application, without what this API doesn't use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from .tracing import TracedRequest


class Application(Flask):
    """All views and hooks are plain functions: so none has to be asked, some fourteen times a request, whether it is a
    coroutine."""

    request_class = TracedRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func
