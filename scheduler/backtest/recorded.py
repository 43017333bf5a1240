"""Arrivals from the records that Redis keeps of a queue's jobs."""

from __future__ import annotations

from collections.abc import Iterator

from middleware.commands.layout import STATUS_LETTERS, Record, unpack_record
from middleware.jobs import JobStatus
from middleware.store.filters import JobFilter
from middleware.store.reading import JobStore

from .arrivals import Arrival, Span

RAN_WHOLE = frozenset({JobStatus.PROCESSED, JobStatus.REJECTED})
"""A job that has ended like this has run as long as it wanted."""


def read_recorded(store: JobStore, queue: str, span: Span) -> Iterator[Arrival]:
    """The jobs of a queue that came on its stack in ``span``, as far as retention has kept them. Only reads.

    A job arrives when it was accepted, or fell due; one that an operator retried, when it was put on top. Those that
    haven't fallen due yet haven't arrived.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    # A delayed job was accepted before it arrived: so only the later bound holds for the time of acceptance.
    for _, _, packed in store.walk(JobFilter(queues={queue}, created_before_us=span.before_us)):
        record = unpack_record(packed)
        at_us = record.seq if record.place is None else record.place
        if at_us and at_us in span:
            yield Arrival(at_us, record.expires, _run_us(record), record.subject or "", record.group or "")


def _run_us(record: Record) -> int | None:
    if STATUS_LETTERS[record.status] not in RAN_WHOLE or record.started is None or record.finished is None:
        return None
    return max(0, record.finished - record.started)
