"""Waiting until a queue has nothing to do, as tests and scripts do."""

from __future__ import annotations

import time

from dramatiq.errors import QueueJoinTimeout

from ..commands import keys
from ..commands.client import RedisClient
from ..errors import JobRejectedError
from ..jobs import Job, JobStatus
from .filters import JobFilter
from .reading import JobStore

LOOKED_AT = 100
"""Of the newest rejected jobs."""


def join(redis: RedisClient, queue: str, *, timeout_ms: int | None, interval_ms: float) -> None:
    """Wait until no job of the queue waits or runs; look every ``interval_ms``.

    Raises:
      QueueJoinTimeout: there are jobs still, after ``timeout_ms``.
    """
    deadline = time.monotonic() + (float("inf") if timeout_ms is None else timeout_ms / 1000)
    waiting = [("ZCARD", key(queue)) for key in (keys.stack, keys.scheduled, keys.leases)]
    while any(redis.call_all(waiting)):
        if time.monotonic() > deadline:
            raise QueueJoinTimeout(queue)
        time.sleep(interval_ms / 1000)


def raise_rejected(store: JobStore, queue: str, since_us: int) -> None:
    """
    Raises:
      JobRejectedError: a job of the queue was rejected since then (µs since the epoch).
    """
    rejected = store.page(JobFilter(statuses=JobStatus.REJECTED, queues=queue), limit=LOOKED_AT).jobs
    for job in rejected:
        if (job.finished_at_us or 0) >= since_us:
            raise JobRejectedError(_words_for(job))


def _words_for(job: Job) -> str:
    why = f"{job.error.type}: {job.error.message}" if job.error else job.reason
    return f"Job {job.id} ({job.task}) was rejected after {job.attempts} attempts: {why}"
