"""What a line of the log belongs to: a request, a job, or neither. Nobody has to pass it on."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ..worker.context import current_delivery
from ..worker.delivery import Delivery

Fields = dict[str, Any]

_request: ContextVar[Fields | None] = ContextVar("request", default=None)


def enter_request(request_id: str, traceparent: str | None) -> None:
    """From now on this thread works for a request."""
    _request.set(_without_none(request_id=request_id, trace_id=trace_id(traceparent)))


def leave_request() -> None:
    """The request is answered."""
    _request.set(None)


def current() -> Fields:
    """``request_id`` and ``trace_id`` of a request, and in a task those of the request that submitted it, with
    ``job_id``, ``task``, ``queue``, ``window`` and ``attempt``. What doesn't apply is left out."""
    delivery = current_delivery()
    return of_job(delivery) if delivery is not None else _request.get() or {}


def of_job(delivery: Delivery) -> Fields:
    """The fields of a job in a worker's hands."""
    options = delivery.options
    return _without_none(
        request_id=options.get("request_id"),
        trace_id=trace_id(options.get("traceparent")),
        job_id=delivery.message_id,
        task=delivery.actor_name,
        queue=delivery.queue_name,
        window=delivery.window,
        attempt=delivery.attempt,
    )


def trace_id(traceparent: Any) -> str | None:
    """The trace's id in a W3C ``traceparent``."""
    parts = traceparent.split("-") if isinstance(traceparent, str) else []
    return parts[1] if len(parts) >= 4 else None


def _without_none(**fields: Any) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}
