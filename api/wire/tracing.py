"""What ties a request to its logs and its jobs: the request id and the W3C trace context."""

from __future__ import annotations

import re
from time import perf_counter
from typing import Any

from flask import Flask, Request, Response, has_request_context, request
from uuid_utils import uuid7
from werkzeug.utils import cached_property

REQUEST_ID = re.compile(r"[!-~]{1,128}")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header, for version 00 and its successors' common part."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those that labels and spans name: their values are bounded, and anybody may make up a method."""


class TracedRequest(Request):
    """A request that knows what it is called, when it came, and which job it made, or how many."""

    def __init__(self, environ: dict[str, Any], *, populate_request: bool = True, shallow: bool = False) -> None:
        super().__init__(environ, populate_request, shallow)
        self.came_at = perf_counter()
        self.is_counted = False
        self.jobs: str | int | None = None

    @cached_property
    def id(self) -> str:
        """The client's own name for it, else a new one."""
        sent = self.environ.get("HTTP_X_REQUEST_ID", "")
        return sent if REQUEST_ID.fullmatch(sent) else str(uuid7())

    @cached_property
    def traceparent(self) -> str | None:
        """The caller's ``traceparent``; None when there is none, or one that the standard says to ignore."""
        sent = self.environ.get("HTTP_TRACEPARENT", "")
        return sent if sent and TRACEPARENT.fullmatch(sent) else None


def current_request() -> TracedRequest:
    """The request at hand itself: where several things of it are wanted, Flask's proxy would look for it each time."""
    asked: TracedRequest = request._get_current_object()  # type: ignore[attr-defined]
    return asked


def current_request_id() -> str | None:
    """The id of the request at hand; None outside of one."""
    return current_request().id if has_request_context() else None


def _echo(response: Response) -> Response:
    response.headers.add("X-Request-Id", current_request().id)
    return response


def install(app: Flask) -> None:
    """Echo the request id on every answer, errors included."""
    app.after_request(_echo)
