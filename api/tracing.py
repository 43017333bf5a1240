"""What ties a request to its logs and its jobs: the request id and the W3C trace context."""

from __future__ import annotations

import re

from flask import Flask, Response, g, has_request_context, request
from uuid_utils import uuid7

REQUEST_ID = re.compile(r"[!-~]{1,128}")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header, for version 00 and its successors' common part."""


def current_request_id() -> str | None:
    """The id of the request at hand; None outside of one."""
    if not has_request_context():
        return None
    if "request_id" not in g:
        g.request_id = _taken() or str(uuid7())
    return str(g.request_id)


def current_traceparent() -> str | None:
    """The caller's ``traceparent``; None when there is none, or one that the standard says to ignore."""
    sent = request.headers.get("traceparent", "")
    return sent if TRACEPARENT.fullmatch(sent) else None


def _taken() -> str | None:
    sent = request.headers.get("X-Request-Id", "")
    return sent if REQUEST_ID.fullmatch(sent) else None


def _echo(response: Response) -> Response:
    response.headers["X-Request-Id"] = str(current_request_id())
    return response


def install(app: Flask) -> None:
    """Echo the request id on every answer, errors included."""
    app.after_request(_echo)
