"""One line for each request, and the request's id on every line that is written for it."""

from __future__ import annotations

import logging
from time import perf_counter

from flask import Flask, Response, g, request

from middleware.logs import origin

from .tracing import current_request_id, current_traceparent

log = logging.getLogger("api.requests")

QUIET = frozenset({"/healthz", "/readyz", "/healthz/consumption", "/metrics"})
"""Asked every few seconds by machines: told only when they fail, or with LOG_LEVEL=DEBUG."""


def install(app: Flask) -> None:
    """Write a line when a request is answered. Neither its query nor its body nor its token is in it."""
    app.before_request(_enter)
    app.after_request(_tell)
    app.teardown_request(_leave)


def _enter() -> None:
    g.began_at = perf_counter()
    origin.enter_request(str(current_request_id()), current_traceparent())


def _tell(response: Response) -> Response:
    status = response.status_code
    level = logging.DEBUG if request.path in QUIET and status < 400 else logging.INFO
    if log.isEnabledFor(level):
        took_ms = round((perf_counter() - g.began_at) * 1000, 3) if "began_at" in g else None
        facts = {"method": request.method, "path": request.path, "status": status, "took_ms": took_ms}
        log.log(level, "%s %s: %d", request.method, request.path, status, extra={**facts, "peer": request.remote_addr})
    return response


def _leave(error: BaseException | None) -> None:
    origin.leave_request()
