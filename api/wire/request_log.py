"""One line for each request, and the request's id on every line that is written for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from time import perf_counter

from flask import Flask, Response

from middleware.logs import origin
from middleware.logs.lines import Line
from middleware.words import counted

from .tracing import TracedRequest, current_request

logger = logging.getLogger("api.requests")

QUIET = frozenset({"/healthz", "/readyz", "/healthz/consumption", "/metrics"})
"""Asked every few seconds by machines: logged only when they fail, or with LOG_LEVEL=DEBUG."""
PAGES = "/dashboard"
"""Pages that ask by themselves for what has changed: that is as quiet."""


def install(app: Flask) -> None:
    """Write a line when a request is answered. Neither its query nor its body nor its token is in it."""
    app.before_request(_enter)
    app.after_request(_log)
    app.teardown_request(_leave)


def name_jobs(ids: Sequence[str]) -> None:
    """The request at hand has made, or changed, these jobs: its line names them, or tells how many they are."""
    current_request().jobs = ids[0] if len(ids) == 1 else len(ids)


def count_jobs(count: int) -> None:
    """As :func:`name_jobs`, of a request that has changed so many."""
    current_request().jobs = count


def is_quiet(asked: TracedRequest) -> bool:
    """Whether nobody would want to read of it that all is well."""
    path = asked.path
    return path in QUIET or (path.startswith(PAGES) and asked.method == "GET" and "HTTP_HX_REQUEST" in asked.environ)


def _enter() -> None:
    asked = current_request()
    origin.enter_request(asked.id, asked.traceparent)


def _log(response: Response) -> Response:
    asked, status = current_request(), response.status_code
    method, path = asked.method, asked.path
    level = logging.DEBUG if is_quiet(asked) and status < 400 else logging.INFO
    if logger.isEnabledFor(level):
        fields: origin.Fields = {
            "method": method,
            "path": path,
            "status": status,
            "took_ms": round((perf_counter() - asked.came_at) * 1000, 3),
            "peer": asked.remote_addr,
        }
        message = f"{method} {path}: {status}{_about(asked.jobs, fields)}"
        fields |= origin.current()
        logger.handle(Line.of(logger.name, time.time(), level, message, fields))
    return response


def _about(jobs: str | int | None, fields: origin.Fields) -> str:
    if isinstance(jobs, str):
        fields["job_id"] = jobs
        return f", job {jobs}"
    if jobs is not None:
        fields["jobs"] = jobs
        return f", {counted(jobs, 'job')}"
    return ""


def _leave(error: BaseException | None) -> None:
    origin.leave_request()
