"""What people do to jobs that are there: cancel them, or have them run again; one, or all that fit a filter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from operator import itemgetter
from typing import Literal, cast

from ..commands import keys
from ..commands.client import RedisClient
from ..jobs import CANCELLABLE, RETRYABLE, JobStatus
from ..messages import without_retries
from .filters import JobFilter
from .reading import JobStore
from .records import is_asked_to_stop

CancelAnswer = Literal["cancelled", "asked", "already", "finished", "missing"]
RetryAnswer = Literal["queued", "missing", "waiting", "running", "processed", "superseded"]

CHUNK = 200
"""Jobs moved by one call of a script: some milliseconds."""


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What a bulk call did. ``asked``: how many of ``count`` run, and were asked to stop; ``more``: jobs that fit are
    left, because the call had reached its limit."""

    count: int
    asked: int
    more: bool


class JobMoves:
    """Cancels and retries jobs.

    Every method raises RedisAwayError when Redis doesn't answer; the jobs that were moved by then stay moved.
    """

    def __init__(self, redis: RedisClient, *, store: JobStore) -> None:
        self._redis = redis
        self._store = store

    def cancel(self, id: str, reason: str) -> CancelAnswer:
        """Cancel a job: one that waits ends at once, one that runs is asked to stop."""
        found = self._store.find(id)
        return "missing" if found is None else cast("CancelAnswer", self._cancel(found[0], [id], reason)[0])

    def retry(self, id: str, reason: str) -> RetryAnswer:
        """Put a job that ended badly on top of the stack, with its retries to be counted anew."""
        found = self._store.find(id)
        if found is None:
            return "missing"
        queue, body = found
        [word] = self._redis.queue(queue).retry_all([(id, without_retries(body))], reason)
        return cast("RetryAnswer", word)

    def cancel_all(self, where: JobFilter, *, limit: int, reason: str = "requested") -> BulkOutcome:
        """Cancel the jobs that fit, the newest of each queue first; those that can't be cancelled are left out."""
        found, more = self._some(_within(where, CANCELLABLE), limit)
        words = [word for queue, ids in _chunks(found) for word in self._cancel(queue, ids, reason)]
        asked = words.count("asked")
        return BulkOutcome(words.count("cancelled") + asked, asked, more)

    def retry_all(self, where: JobFilter, *, limit: int, reason: str = "") -> BulkOutcome:
        """Put the jobs that fit and ended badly on top, in their order: the newest of each queue ends uppermost."""
        found, more = self._some(_within(where, RETRYABLE), limit)
        words = [word for queue, ids in _chunks(found[::-1]) for word in self._retry(queue, ids, reason)]
        return BulkOutcome(words.count("queued"), 0, more)

    def _some(self, where: JobFilter, limit: int) -> tuple[list[tuple[str, str]], bool]:
        """Up to ``limit`` jobs that fit (queue, id), and whether there are others."""
        fitting = ((queue, id) for queue, id, record in self._store.walk(where) if not is_asked_to_stop(record))
        return list(islice(fitting, limit)), next(fitting, None) is not None

    def _cancel(self, queue: str, ids: Sequence[str], reason: str) -> list[str]:
        words = self._redis.queue(queue).cancel_all(ids, reason)
        if running := [id for id, word in zip(ids, words, strict=True) if word == "asked"]:
            self._redis.call_all([("PUBLISH", keys.cancellations(), id) for id in running])
        return words

    def _retry(self, queue: str, ids: Sequence[str], reason: str) -> list[str]:
        bodies = self._redis.call("HMGET", keys.messages(queue), *ids)
        jobs = [(id, without_retries(body)) for id, body in zip(ids, bodies, strict=True) if body is not None]
        return self._redis.queue(queue).retry_all(jobs, reason) if jobs else []


def _within(where: JobFilter, statuses: frozenset[JobStatus]) -> JobFilter:
    return replace(where, statuses=statuses if where.statuses is None else statuses.intersection(where.statuses))


def _chunks(found: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    for queue, rows in groupby(found, key=itemgetter(0)):
        ids = [id for _, id in rows]
        for start in range(0, len(ids), CHUNK):
            yield queue, ids[start : start + CHUNK]
