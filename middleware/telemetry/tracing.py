"""Spans of jobs for OpenTelemetry: sent, waited, processed; each attempt linked to the one before.

Names and attributes are those of https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

import dramatiq
from opentelemetry import context, trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .. import VERSION
from ..worker.delivery import Delivery
from .installed import Sending

TRACEPARENT, LAST_ATTEMPT = "traceparent", "traceparent_of_last_attempt"
"""Options of messages. The API puts the first one there, if its caller sent one."""

LONGEST_FLUSH_S = 2.0
"""A collector that is away mustn't hold up a process that is to end."""

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
        span = self._tracer.start_span(**_send(message))
        if TRACEPARENT not in message.options:
            message.options.update(carried(span))
        _sending.set(span)

    def after_enqueue(self, broker: dramatiq.Broker, message: dramatiq.Message[Any], delay: int | None) -> None:
        """It was accepted."""
        if (span := _sending.get()) is not None:
            _sending.set(None)
            span.end()

    def after_failed_enqueue(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.Message[Any],
        delay: int | None,
        *,
        exception: BaseException,
    ) -> None:
        """It wasn't; or nobody knows."""
        if (span := _sending.get()) is not None:
            _sending.set(None)
            fail(span, exception)
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
        if told := carried(span):
            options[LAST_ATTEMPT] = told[TRACEPARENT]
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
            fail(span, exception)
        span.end()
        context.detach(token)

    def after_skip_message(self, broker: dramatiq.Broker, message: Any) -> None:
        """It didn't run."""
        self.after_process_message(broker, message)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """The process is about to end."""
        flush()


@contextmanager
def sending(messages: Sequence[dramatiq.Message[Any]]) -> Iterator[Sending]:
    """While messages of one queue are accepted together: one ``send``, which is the parent of all their attempts."""
    sent = Sending()
    span = trace.get_tracer("lastin", VERSION).start_span(**_send(*messages))
    told = carried(span)
    for message in messages:
        message.options.update(told)
    try:
        yield sent
    except BaseException as error:
        fail(span, error)
        raise
    finally:
        if not sent.is_void:  # a span that doesn't end isn't exported
            span.end()


def flush() -> None:
    """Export the spans that the SDK still holds: it would itself when a process exits, but processes that were forked
    end without that."""
    export = getattr(trace.get_tracer_provider(), "force_flush", None)  # the SDK's
    if export is not None:
        thread = threading.Thread(target=export, name="spans-flush", daemon=True)
        thread.start()
        thread.join(LONGEST_FLUSH_S)


def fail(span: Span, error: BaseException) -> None:
    """Note on a span what was raised in it."""
    span.set_attribute("error.type", type(error).__name__)
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, str(error)))


def carried(span: Span) -> dict[str, str]:
    """What tells others of a span; nothing, where no spans are made."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier, trace.set_span_in_context(span, context.Context()))
    return {TRACEPARENT: carrier[TRACEPARENT]} if TRACEPARENT in carrier else {}


def _send(*messages: dramatiq.Message[Any]) -> dict[str, Any]:
    """How the span begins in which messages of one queue are sent."""
    attributes = _attributes(messages[0], "send")
    if len(messages) > 1:
        for name in ("messaging.message.id", "lastin.task"):
            del attributes[name]
        attributes["messaging.batch.message_count"] = len(messages)
    return {"name": f"send {messages[0].queue_name}", "kind": SpanKind.PRODUCER, "attributes": attributes}


def _attributes(message: Any, operation: str) -> dict[str, Any]:
    return {
        "messaging.system": "lastin",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": message.queue_name,
        "messaging.message.id": message.message_id,
        "lastin.task": message.actor_name,
    }
