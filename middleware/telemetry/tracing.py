"""Spans of jobs for OpenTelemetry: sent, waited, processed; each attempt linked to the one before.

Names and attributes are those of https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any

import dramatiq
from opentelemetry import context, trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .. import VERSION
from ..worker.delivery import Delivery

TRACEPARENT, LAST_ATTEMPT = "traceparent", "traceparent_of_last_attempt"
"""Options of messages. The API puts the first one there, if its caller sent one."""

_w3c = TraceContextTextMapPropagator()
_running: ContextVar[tuple[Span, Token[context.Context]] | None] = ContextVar("running", default=None)
_sending: ContextVar[Span | None] = ContextVar("sending", default=None)


class Tracing(dramatiq.Middleware):
    """Dramatiq middleware for spans: ``send``, a child of what the program is doing; in the worker ``process``, a child
    of that or of whoever made the request, and under it ``wait``, for as long as the job lay in the stack."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        """``provider``: instead of the process's own."""
        self._tracer = trace.get_tracer("lastin", VERSION, provider)

    def before_enqueue(self, broker: dramatiq.Broker, message: dramatiq.Message[Any], delay: int | None) -> None:
        """A message is sent; not when middleware asks for a retry, which is the end of an attempt."""
        if isinstance(message, Delivery) or LAST_ATTEMPT in message.options:
            return
        span = self._tracer.start_span(
            f"send {message.queue_name}", kind=SpanKind.PRODUCER, attributes=_attributes(message, "send")
        )
        if TRACEPARENT not in message.options and span.get_span_context().is_valid:
            message.options[TRACEPARENT] = _traceparent(span)
        _sending.set(span)

    def after_enqueue(self, broker: dramatiq.Broker, message: dramatiq.Message[Any], delay: int | None) -> None:
        """It was accepted."""
        if (span := _sending.get()) is not None:
            _sending.set(None)
            span.end()

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        """An attempt begins."""
        options = message.options
        last = trace.get_current_span(
            _w3c.extract({TRACEPARENT: str(options.get(LAST_ATTEMPT, ""))})
        ).get_span_context()
        attributes = _attributes(message, "process")
        if isinstance(message, Delivery):
            attributes["lastin.attempt"] = message.attempt
        span = self._tracer.start_span(
            f"process {message.queue_name}",
            _w3c.extract({TRACEPARENT: str(options.get(TRACEPARENT, ""))}, context.Context()),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            links=[Link(last)] if last.is_valid else (),
        )
        inside = trace.set_span_in_context(span)
        if isinstance(message, Delivery):
            now_ns = time.time_ns()
            waited = self._tracer.start_span("wait", inside, start_time=now_ns - message.wait_us * 1000)
            waited.end(now_ns)
        if span.get_span_context().is_valid:
            options[LAST_ATTEMPT] = _traceparent(span)
        _running.set((span, context.attach(inside)))

    def after_process_message(
        self, broker: dramatiq.Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """It ended."""
        if (running := _running.get()) is None:
            return
        _running.set(None)
        span, token = running
        if exception is not None:
            span.set_attribute("error.type", type(exception).__name__)
            span.record_exception(exception)
            span.set_status(Status(StatusCode.ERROR, str(exception)))
        span.end()
        context.detach(token)

    def after_skip_message(self, broker: dramatiq.Broker, message: Any) -> None:
        """It didn't run."""
        self.after_process_message(broker, message)


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    _w3c.inject(carrier, trace.set_span_in_context(span, context.Context()))
    return carrier[TRACEPARENT]


def _attributes(message: Any, operation: str) -> dict[str, Any]:
    known: Mapping[str, Any] = {
        "messaging.system": "lastin",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": message.queue_name,
        "messaging.message.id": message.message_id,
        "lastin.task": message.actor_name,
    }
    return dict(known)
