"""A line for each job whose attempt has ended: how it ended, how long it waited, and how long it ran.

Up to ten thousand times a second: so lines that come together are written together
(docs/decisions/0022-a-line-for-each-job.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import orjson

from ..jobs import Job
from ..words import duration
from ..worker.delivery import Delivery
from ..worker.ended import Leaving
from . import origin
from .lines import Line

logger = logging.getLogger("jobs")
_line = partial(Line.of, logger.name)

LONGEST_ERROR = 300
"""Characters of an error in a message; the whole of it is in the traceback."""
NOT_FAILURES = frozenset({"Retry", "RateLimitExceeded"})
"""By these a task asks for another attempt: a traceback would tell nothing."""

Which = Literal["all", "failed", "none"]


class TakesMany(logging.Handler):
    """A handler that writes several lines at once."""

    def handle_all(self, records: Sequence[logging.LogRecord]) -> None:
        """As :meth:`handle` with each."""
        raise NotImplementedError


class JobLines:
    """Writes the lines. ``which``: all, or only those of attempts that failed."""

    def __init__(self, which: Which) -> None:
        self._least = logging.WARNING if which == "failed" else logging.INFO

    def __call__(self, queue: str, ended: Sequence[Leaving]) -> None:
        """These attempts of a queue have ended."""
        least = max(self._least, logger.getEffectiveLevel())
        now = time.time()
        records = [_record(now, queue, one) for one in ended if LEVELS[one.settlement.outcome] >= least]
        for handler in (*logger.handlers, *logging.getLogger().handlers):
            if isinstance(handler, TakesMany):
                handler.handle_all(records)
            else:
                for record in records:
                    if record.levelno >= handler.level:
                        handler.handle(record)


LEVELS = {
    "processed": logging.INFO,
    "cancelled": logging.INFO,
    "retry": logging.WARNING,
    "rejected": logging.ERROR,
    "put_back": logging.NOTSET,
}
"""Of each outcome. What was put back hasn't ended."""


def job_lines(which: Which) -> JobLines | None:
    """For ``LOG_JOBS``; None: nothing is written."""
    return None if which == "none" else JobLines(which)


def log_cancelled(job: Job, which: Which) -> None:
    """A job was cancelled before it ran: no worker will log its end."""
    if which != "all" or not logger.isEnabledFor(logging.INFO):
        return
    fields: origin.Fields = {"job_id": job.id, "task": job.task, "queue": job.queue, "attempt": job.attempts}
    fields |= {"status": job.status.value, "reason": job.reason, **origin.current()}
    logger.handle(_line(time.time(), logging.INFO, f"{job.task} {job.id} cancelled before it ran", fields))


def _record(now: float, queue: str, leaving: Leaving) -> Line:
    settlement, delivery = leaving
    outcome = settlement.outcome
    if delivery is None:
        fields: origin.Fields = {"job_id": settlement.id, "queue": queue}
        name, times = f"Job {settlement.id} of queue {queue}", ""
    else:
        wait_us, run_us = delivery.wait_us, round((delivery.ended_at - delivery.started_at) * 1e6)
        fields = _fields(delivery, wait_us, run_us)
        name, times = f"{delivery.actor_name} {settlement.id}", _times(delivery.attempt, wait_us, run_us)
    fields["status"] = outcome
    if outcome == "processed":
        return _line(now, logging.INFO, f"{name} processed{times}", fields)
    if settlement.reason:
        fields["reason"] = settlement.reason
    if outcome == "cancelled":
        return _line(now, logging.INFO, f"{name} cancelled{times}", fields)
    kind, error, trace = _failure(settlement.failure)
    if outcome == "rejected":
        why = "" if settlement.reason == "failed" else f" ({settlement.reason})"
        return _line(now, logging.ERROR, f"{name} rejected{why}{times}: {error}", fields, trace)
    again = f"in {duration(settlement.delay_us)}" if settlement.delay_us else "at once"
    fields["status"] = "scheduled" if settlement.delay_us else "queued"
    fields["retry_in_ms"] = settlement.delay_us / 1000
    trace = None if kind in NOT_FAILURES else trace
    return _line(now, logging.WARNING, f"{name} failed and runs again {again}{times}: {error}", fields, trace)


def _fields(delivery: Delivery, wait_us: int, run_us: int) -> origin.Fields:
    fields: origin.Fields = {"job_id": delivery.message_id, "task": delivery.actor_name, "queue": delivery.queue_name}
    if delivery.window is not None:
        fields["window"] = delivery.window
    fields["attempt"] = delivery.attempt
    fields["wait_ms"] = wait_us / 1000
    fields["run_ms"] = run_us / 1000
    options = delivery.options
    if "request_id" in options:
        fields["request_id"] = options["request_id"]
    if "traceparent" in options and (trace_id := origin.trace_id(options["traceparent"])):
        fields["trace_id"] = trace_id
    return fields


def _times(attempt: int, wait_us: int, run_us: int) -> str:
    number = f"attempt {attempt}, " if attempt > 1 else ""
    return f" ({number}waited {duration(wait_us)}, ran {duration(run_us)})"


def _failure(encoded: bytes) -> tuple[str, str, str | None]:
    """Of a failure as the record keeps it: its type, a line that says what it is, and the traceback."""
    failure: dict[str, Any] = orjson.loads(encoded) if encoded else {}
    kind, text = failure.get("type", ""), failure.get("message", "")
    line = " ".join(text.split())
    line = line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"
    trace = failure.get("traceback", "").rstrip("\n")
    return kind, f"{kind}: {line}" if line else kind, trace or None
