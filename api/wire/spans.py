"""Spans of requests for OpenTelemetry; imported only where it is installed.

Names and attributes are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/, but for the query, which
is nobody else's business.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response
from opentelemetry import context, propagate, trace
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanKind, Status, StatusCode

from middleware import VERSION
from middleware.telemetry.tracing import carried, fail

from .request_log import is_quiet
from .tracing import METHODS, TracedRequest, current_request


class OfEnviron(Getter[dict[str, Any]]):  # type: ignore[misc]
    """Reads headers from where WSGI has them."""

    def get(self, carrier: dict[str, Any], key: str) -> list[str] | None:
        value = carrier.get(f"HTTP_{key.upper().replace('-', '_')}")
        return None if value is None else [value]

    def keys(self, carrier: dict[str, Any]) -> list[str]:
        return [name[5:].lower().replace("_", "-") for name in carrier if name.startswith("HTTP_")]


HEADERS = OfEnviron()
SPAN = "lastin.span"
"""Where the environment of a request holds its span, and the token of its context."""


def install(app: Flask, provider: trace.TracerProvider | None = None) -> None:
    """Make a span of each request, the first thing that is done for it and the last; ``provider``: instead of the
    process's own."""
    tracer = trace.get_tracer("lastin", VERSION, provider)

    def begin() -> None:
        asked = current_request()
        # Whoever starts the process with an instrumentation of Flask or WSGI has a span already.
        if is_quiet(asked) or trace.get_current_span().is_recording():
            return
        span = tracer.start_span(
            _name(asked),
            propagate.extract(asked.environ, context.Context(), HEADERS),
            kind=SpanKind.SERVER,
            attributes=_attributes(asked),
        )
        if told := carried(span):
            # From here on, log lines and jobs belong to this span.
            asked.traceparent = told["traceparent"]
        asked.environ[SPAN] = span, context.attach(trace.set_span_in_context(span))

    app.before_request(begin)
    app.after_request(_note_answer)
    app.teardown_request(_end)


def _note_answer(response: Response) -> Response:
    if SPAN in (environ := current_request().environ):
        span, _ = environ[SPAN]
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            span.set_attribute("error.type", str(response.status_code))
            span.set_status(Status(StatusCode.ERROR))
    return response


def _end(error: BaseException | None) -> None:
    if SPAN not in (environ := current_request().environ):
        return
    span, token = environ.pop(SPAN)
    if error is not None:
        fail(span, error)
    span.end()
    context.detach(token)


def _name(asked: TracedRequest) -> str:
    method = asked.method if asked.method in METHODS else "HTTP"
    return f"{method} {asked.url_rule.rule}" if asked.url_rule else method


def _attributes(asked: TracedRequest) -> dict[str, Any]:
    server, port = _address(asked.environ.get("HTTP_HOST", ""))
    found: dict[str, Any] = {
        "http.request.method": asked.method if asked.method in METHODS else "_OTHER",
        "http.route": asked.url_rule.rule if asked.url_rule else None,
        "url.path": asked.path,
        "url.scheme": asked.scheme,
        "server.address": server,
        "server.port": port,
        "client.address": asked.remote_addr,
        "network.protocol.version": asked.environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/") or None,
        "user_agent.original": asked.environ.get("HTTP_USER_AGENT"),
        "http.request.method_original": None if asked.method in METHODS else asked.method,
    }
    return {name: value for name, value in found.items() if value is not None}


def _address(host: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None, None
    return parts.hostname, port
